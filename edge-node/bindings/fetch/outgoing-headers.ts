import { SkerryError } from '../../../errors/index.ts'

// oxlint-disable-next-line no-control-regex -- control characters are what may not be.
const invalidPattern = /[\u0000-\u0008\u000a-\u001f\u007f]/

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
const namePattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

/** Headers that the node decides, whatever a function sets. */
const dropped = new Set([
  'host', 'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding',
  'upgrade', 'expect', 'content-length', 'http2-settings', 'cdn-loop',
])

/** https://fetch.spec.whatwg.org/#http-network-or-cache-fetch and its caller: what is added where the function says nothing. */
const defaults = [['accept', '*/*'], ['accept-language', '*'], ['user-agent', 'Skerry'], ['accept-encoding', 'gzip, deflate, br']] as const

/**
 * The headers of a subrequest as they leave the node: hop-by-hop headers, those that would name another host, and `x-skerry-*` are dropped;
 * `traceparent` and what every request has are added where absent, `accept-encoding` only where the answer will be decoded. Throws
 * `subrequest_failed` for a name that is none, and for a value that Fetch allows and HTTP does not (https://www.rfc-editor.org/rfc/rfc9110#section-5.5).
 */
export function outgoingHeaders(headers: readonly string[], traceparent: string | undefined, takesEncoding = true): string[] {
  const kept: string[] = []
  const names = new Set<string>()
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    if (dropped.has(name) || name.startsWith('x-skerry-')) continue
    const value = headers[index + 1] ?? ''
    if (!namePattern.test(name)) throw new SkerryError('subrequest_failed', `${JSON.stringify(name)} is no name of a header.`)
    if (invalidPattern.test(value)) throw new SkerryError('subrequest_failed', `The header ${name} has a control character, which HTTP does not carry.`)
    names.add(name)
    kept.push(name, value)
  }
  for (const [name, value] of defaults) if (!names.has(name) && (takesEncoding || name !== 'accept-encoding')) kept.push(name, value)
  if (!names.has('traceparent') && traceparent !== undefined) kept.push('traceparent', traceparent)
  return kept
}

/** The value of the first header of this name, in flat lower-case pairs. */
export function findHeader(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < headers.length; index += 2) if (headers[index] === name) return headers[index + 1]
  return undefined
}
