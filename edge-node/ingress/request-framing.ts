import type { IncomingMessage } from 'node:http'
import { SkerryError } from '../../errors/index.ts'

const name = 'transfer-encoding'

/**
 * Why it is not certain where a request of HTTP/1.1 ends, beyond what Node's parser refuses by itself; undefined where it is. A coding that is not
 * undone here would reach functions as if it were the body, and a proxy before us that counts otherwise would see other requests than we do.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.1
 */
export function framingProblem({ httpVersion, rawHeaders }: IncomingMessage): SkerryError | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return new SkerryError('bad_request', 'The request is neither HTTP/1.1 nor HTTP/1.0.')
  let codings = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index] ?? ''
    if (header.length !== name.length || header.toLowerCase() !== name) continue
    codings += 1
    if (codings > 1 || httpVersion === '1.0' || (rawHeaders[index + 1] ?? '').trim().toLowerCase() !== 'chunked') {
      return new SkerryError('bad_request', 'The only transfer coding that is understood is chunked, once, in HTTP/1.1.', { field: name })
    }
  }
  return undefined
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1 */
export function unknownExpectation(): SkerryError {
  return new SkerryError('bad_request', 'The only expectation that is understood is 100-continue.', { field: 'expect' })
}
