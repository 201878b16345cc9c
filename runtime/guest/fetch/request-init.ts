import { resolveObjectUrl } from '../blob/index.ts'
import { AbortSignal } from '../events/index.ts'
import { parseRelativeUrl } from '../url/index.ts'
import { toUsvString } from '../webidl.ts'
import type { Body } from './body.ts'
import { extractBody } from './extract-body.ts'
import { hasHeader, isToken, type HeaderList } from './header-list.ts'
import { fillHeaders } from './headers.ts'
import { readRequestInit, type RequestInit } from './read-request-init.ts'
import { type BrowserOptions, defaultBrowserOptions, type RedirectMode, type RequestFields, RequestRecord } from './request-record.ts'

/**
 * The constructor steps of https://fetch.spec.whatwg.org/#dom-request that mean something on a server. `input` is a URL or the record
 * of the Request that was given. Unlike a browser it does not insist on `duplex: 'half'` for streams, as Workers do not, and it has no
 * forbidden headers. Throws a TypeError.
 */
export function initializeRequest(input: unknown, options: unknown): RequestRecord {
  const base = input instanceof RequestRecord ? input : undefined
  const text = base === undefined ? toUsvString(input) : ''
  const init = readRequestInit(options)
  // 5. Parse the URL; credentials in it are refused.
  const { url, blob } = base?.fields ?? parseUrl(text)
  // 12 to 24. Options.
  const browserOptions = chooseBrowserOptions(init, base?.fields.browserOptions ?? defaultBrowserOptions)
  const redirect = (init.redirect ?? base?.fields.redirect ?? 'follow') as RedirectMode
  // 25. Method.
  const method = init.method === undefined ? (base?.fields.method ?? 'GET') : normalizeMethod(init.method)
  if (browserOptions.mode === 'no-cors' && method !== 'GET' && method !== 'HEAD' && method !== 'POST') {
    throw new TypeError(`The method ${method} does not go with the mode no-cors`)
  }
  // 30 to 33. Headers: the input's, or the init's in their place.
  const list: HeaderList = []
  if (init.headers === undefined) list.push(...(base?.fields.list ?? []))
  else fillHeaders(list, init.headers)
  // 34 to 42. Body: the init's, or the input's, which is then used up.
  const body = takeBody(method, init.body, base, list, browserOptions.keepalive)
  const own: RequestFields = { method, url, blob, list, guard: 'none', redirect, browserOptions, metadata: base?.fields.metadata ?? '' }
  // 26 to 28. Signal.
  return new RequestRecord(() => own, body, signalReader(init.signal, base))
}

function parseUrl(text: string): Pick<RequestFields, 'url' | 'blob'> {
  const url = parseRelativeUrl(text)
  if (url.username !== '' || url.password !== '') throw new TypeError('A request URL may not carry credentials')
  const { href } = url
  return { url: href, blob: href.startsWith('blob:') ? resolveObjectUrl(href) : undefined }
}

/** https://fetch.spec.whatwg.org/#concept-method-normalize, and the forbidden ones. */
function normalizeMethod(method: string): string {
  if (!isToken(method)) throw new TypeError(`${JSON.stringify(method)} is not a method`)
  const upper = method.toUpperCase()
  if (upper === 'CONNECT' || upper === 'TRACE' || upper === 'TRACK') throw new TypeError(`The method ${upper} is forbidden`)
  return ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'].includes(upper) ? upper : method
}

function signalReader(given: AbortSignal | null | undefined, base: RequestRecord | undefined): (() => AbortSignal) | undefined {
  if (given === null) return undefined
  if (given !== undefined) return () => AbortSignal.any([given])
  return base?.hasSignal === true ? () => AbortSignal.any([base.signal]) : undefined
}

function takeBody(method: string, given: unknown, base: RequestRecord | undefined, list: HeaderList, keepalive: boolean): Body | undefined {
  const isGiven = given !== undefined && given !== null
  const inherited = given === undefined ? base?.body : undefined
  if ((isGiven || inherited !== undefined) && (method === 'GET' || method === 'HEAD')) {
    throw new TypeError(`A request with method ${method} has no body`)
  }
  if (!isGiven) return inherited?.move()
  const { body, contentType } = extractBody(given)
  if (keepalive && body.stream !== undefined) throw new TypeError('A stream is no body for a request with keepalive')
  if (contentType !== undefined && !hasHeader(list, 'content-type')) list.push('content-type', contentType)
  return body
}

function chooseBrowserOptions(init: RequestInit, inherited: BrowserOptions): BrowserOptions {
  if (init.isEmpty) return inherited
  const mode = init.mode ?? inherited.mode
  const cache = init.cache ?? inherited.cache
  if (cache === 'only-if-cached' && mode !== 'same-origin') throw new TypeError('The cache mode only-if-cached goes with the mode same-origin')
  return {
    cache, mode,
    credentials: init.credentials ?? inherited.credentials,
    integrity: init.integrity ?? inherited.integrity,
    keepalive: init.keepalive ?? inherited.keepalive,
    // 13. Whatever the init says, it makes a new request of it.
    referrer: init.referrer === undefined ? defaultBrowserOptions.referrer : parseReferrer(init.referrer),
    referrerPolicy: init.referrerPolicy ?? defaultBrowserOptions.referrerPolicy,
  }
}

/** Step 14. What is the same origin, nobody can tell on a server. */
function parseReferrer(referrer: string): string {
  return referrer === '' ? '' : parseRelativeUrl(referrer).href
}
