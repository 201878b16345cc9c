import { SkerryError } from '../../../errors/index.ts'
import type { TransportRequest } from './transport.ts'

/** @see https://fetch.spec.whatwg.org/#concept-http-redirect-fetch */
export const redirectsMax = 20

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

const bodyHeaders = new Set(['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length'])
const secretHeaders = new Set(['authorization', 'cookie', 'proxy-authorization'])

/**
 * The request that follows a redirect, by the steps of the Fetch standard. Undefined where there is no `location`.
 * Throws `subrequest_failed` where the redirect can't be followed.
 */
export function redirectRequest(request: TransportRequest, status: number, responseHeaders: readonly string[]): TransportRequest | undefined {
  const location = headerValue(responseHeaders, 'location')
  if (location === undefined) return undefined
  const url = URL.parse(escapeBytes(location), request.url)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new SkerryError('subrequest_failed', `${request.url.origin} redirected to something that is not an http URL.`)
  }
  if (url.hash === '') url.hash = request.url.hash
  const becomesGet = (status <= 302 && request.method === 'POST') || (status === 303 && request.method !== 'GET' && request.method !== 'HEAD')
  if (!becomesGet && request.body === 'stream') {
    throw new SkerryError('subrequest_failed', `${request.url.origin} redirected (${status}) a streamed body, which can't be sent again.`)
  }
  const crossOrigin = url.origin !== request.url.origin
  const headers: string[] = []
  for (let index = 0; index < request.headers.length; index += 2) {
    const name = request.headers[index] ?? ''
    if ((becomesGet && bodyHeaders.has(name)) || (crossOrigin && secretHeaders.has(name))) continue
    headers.push(name, request.headers[index + 1] ?? '')
  }
  const { method, body, webSocket } = request
  return becomesGet ? { method: 'GET', url, headers, body: undefined, webSocket } : { method, url, headers, body, webSocket }
}

function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) if (headers[index] === name) return headers[index + 1]
  return undefined
}

/** Locations come as bytes. They mean UTF-8 nearly always; escaped, they stay what they are even where they do not. */
function escapeBytes(text: string): string {
  return text.replaceAll(/[\u0080-\u00ff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`)
}
