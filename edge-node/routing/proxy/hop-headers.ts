/**
 * Headers that belong to one connection and must not be passed on.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
const hopByHop: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'http2-settings',
])

/** Names that a `Connection` header declares to be hop-by-hop; undefined for the usual `keep-alive` and `close`. */
function namedByConnection(value: string | undefined): ReadonlySet<string> | undefined {
  if (value === undefined || value === 'keep-alive' || value === 'close') return undefined
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()))
}

/** A response's raw headers as Node's `writeHead` takes them: flat, order and repetitions kept, hop-by-hop ones left out. */
export function endToEndResponseHeaders(raw: readonly Buffer[]): string[] {
  const headers: string[] = []
  let named: ReadonlySet<string> | undefined
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]?.toString('latin1') ?? ''
    const lower = name.toLowerCase()
    if (lower === 'connection') named = namedByConnection(raw[index + 1]?.toString('latin1'))
    if (!hopByHop.has(lower)) headers.push(name, raw[index + 1]?.toString('latin1') ?? '')
  }
  return named === undefined ? headers : withoutNamed(headers, named)
}

function withoutNamed(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!named.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}
