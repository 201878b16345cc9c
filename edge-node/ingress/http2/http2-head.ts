import { SkerryError } from '../../../errors/index.ts'
import { unknownExpectation } from '../request-framing.ts'

/** What of a request's head HTTP/1.1 has on its first line, and its fields, flat, as `IncomingMessage` has them. */
export interface RequestHead {
  readonly method: string
  readonly target: string
  readonly rawHeaders: string[]
}

/** Of one connection in HTTP/1.1, and of none in HTTP/2. @see https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2 */
const connectionSpecific: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings'])

/**
 * Writes the fields of an HTTP/2 request as HTTP/1.1 would have them, so that one piece of code reads both: `:authority` is `Host`, and a body
 * without a length is chunked. `fields` are flat, in the order in which they came. Throws `bad_request`.
 * @see https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1
 */
export function toRequestHead(fields: readonly string[], hasBody: boolean): RequestHead {
  const pseudo = new Map<string, string>()
  const rawHeaders: string[] = []
  const hosts = new Set<string>()
  let hasLength = false
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index] ?? ''
    const value = fields[index + 1] ?? ''
    if (name.startsWith(':')) {
      if (pseudo.has(name)) throw new SkerryError('bad_request', `The request has more than one ${name}.`)
      pseudo.set(name, value)
    } else if (name === 'host') {
      hosts.add(value)
    } else if (connectionSpecific.has(name) || (name === 'te' && value.trim().toLowerCase() !== 'trailers')) {
      throw new SkerryError('bad_request', `HTTP/2 has no ${name} header.`, { field: name })
    } else if (name === 'expect' && value.toLowerCase() !== '100-continue') {
      throw unknownExpectation()
    } else {
      hasLength ||= name === 'content-length'
      rawHeaders.push(name, value)
    }
  }
  const method = pseudo.get(':method') ?? ''
  if (method === 'CONNECT') throw new SkerryError('bad_request', 'CONNECT is not offered.')
  const scheme = pseudo.get(':scheme')
  if (scheme !== 'https' && scheme !== 'http') throw new SkerryError('bad_request', 'The scheme of the request is neither http nor https.')
  const authority = pseudo.get(':authority')
  if (authority !== undefined && authority !== '') hosts.add(authority)
  const [host, other] = [...hosts]
  if (host !== undefined && other !== undefined && host.toLowerCase() !== other.toLowerCase()) {
    throw new SkerryError('bad_request', 'The request names one host in :authority and another in Host.', { field: 'host' })
  }
  if (host !== undefined) rawHeaders.push('host', host)
  if (hasBody && !hasLength) rawHeaders.push('transfer-encoding', 'chunked')
  return { method, target: pseudo.get(':path') ?? '', rawHeaders }
}
