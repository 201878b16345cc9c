/** Headers that the node decides, whatever a function sets. */
const dropped = new Set([
  'host', 'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'expect', 'content-length', 'http2-settings',
])

/**
 * The headers of a subrequest as they leave the node: hop-by-hop headers, those that would name another host, and
 * `x-skerry-*` are dropped; `traceparent` and, where the answer will be decoded, `accept-encoding` are added where absent.
 */
export function outgoingHeaders(headers: readonly string[], traceparent: string | undefined, takesEncoding = true): string[] {
  const kept: string[] = []
  let hasEncoding = false
  let hasTrace = false
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    const value = headers[index + 1] ?? ''
    if (dropped.has(name) || name.startsWith('x-skerry-')) continue
    if (name === 'accept-encoding') hasEncoding = true
    else if (name === 'traceparent') hasTrace = true
    kept.push(name, value)
  }
  if (takesEncoding && !hasEncoding) kept.push('accept-encoding', 'gzip, deflate, br')
  if (!hasTrace && traceparent !== undefined) kept.push('traceparent', traceparent)
  return kept
}

/** The value of the first header of this name, in flat lower-case pairs. */
export function findHeader(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) if (headers[index] === name) return headers[index + 1]
  return undefined
}
