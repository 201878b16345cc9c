import { internalHeaders } from '../../ingress/index.ts'

/**
 * Headers that belong to one connection and must not be passed on.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
const hopByHop: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'http2-settings', internalHeaders.notBegun,
])

/** Names that a `Connection` header declares to be hop-by-hop; undefined for the usual `keep-alive` and `close`. */
function namedByConnection(value: string): ReadonlySet<string> | undefined {
  if (value === 'keep-alive' || value === 'close') return undefined
  return new Set(value.split(',').map((name) => name.trim().toLowerCase()))
}

/**
 * A response's raw headers as Node's `writeHead` takes them: flat, order and repetitions kept, hop-by-hop ones left out. undici
 * gives names and values in turn, as bytes; Node as strings. @param keepsCookie which `set-cookie` is passed on; all unless given
 */
export function endToEndResponseHeaders(raw: unknown, keepsCookie?: (setCookie: string) => boolean): string[] {
  const headers: string[] = []
  if (!Array.isArray(raw)) return headers
  let named: ReadonlySet<string> | undefined
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = toText(raw[index])
    const lower = name.toLowerCase()
    const value = toText(raw[index + 1])
    if (lower === 'connection') named = namedByConnection(value)
    else if (!hopByHop.has(lower) && (lower !== 'set-cookie' || (keepsCookie?.(value) ?? true))) headers.push(name, value)
  }
  return named === undefined ? headers : withoutNamed(headers, named)
}

function toText(bytes: unknown): string {
  if (typeof bytes === 'string') return bytes
  return Buffer.isBuffer(bytes) ? bytes.toString('latin1') : ''
}

function withoutNamed(headers: readonly string[], named: ReadonlySet<string>): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (!named.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '')
  }
  return kept
}
