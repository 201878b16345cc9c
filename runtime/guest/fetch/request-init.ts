import { AbortSignal } from '../events/index.ts'
import { parseRelativeUrl } from '../url/index.ts'
import { toDomString, toUsvString } from '../webidl.ts'
import type { Body } from './body.ts'
import { extractBody } from './extract-body.ts'
import { hasHeader, isToken, type HeaderList } from './header-list.ts'
import { fillHeaders } from './headers.ts'
import { type BrowserOptions, defaultBrowserOptions, type RedirectMode, RequestRecord } from './request-record.ts'

const enumerations: Readonly<Record<string, readonly string[]>> = {
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  credentials: ['omit', 'same-origin', 'include'],
  mode: ['same-origin', 'no-cors', 'cors'],
  redirect: ['follow', 'manual', 'error'],
  referrerPolicy: [
    '', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin', 'origin-when-cross-origin',
    'strict-origin-when-cross-origin', 'unsafe-url',
  ],
}

/**
 * The constructor steps of https://fetch.spec.whatwg.org/#dom-request that mean something on a server. `input` is a URL or the record
 * of the Request that was given. Unlike a browser it does not insist on `duplex: 'half'` for streams, as Workers do not.
 */
export function initializeRequest(input: unknown, init: Record<string, unknown>): RequestRecord {
  const base = input instanceof RequestRecord ? input : undefined
  const fields = base?.fields
  // 5. Parse the URL; credentials in it are refused.
  const url = fields === undefined ? parseUrl(input) : fields.url
  // 12 to 24. Options.
  const redirect = (enumerated(init, 'redirect') ?? fields?.redirect ?? 'follow') as RedirectMode
  if (init['duplex'] !== undefined && init['duplex'] !== 'half') throw new TypeError("duplex can only be 'half'")
  // 25. Method.
  const method = init['method'] === undefined ? (fields?.method ?? 'GET') : normalizeMethod(toDomString(init['method']))
  // 26 to 28. Signal.
  const readSignal = signalReader(init['signal'], base)
  // 30 to 33. Headers: the input's, or the init's in their place.
  const list: HeaderList = []
  if (init['headers'] === undefined) list.push(...(fields?.list ?? []))
  else fillHeaders(list, init['headers'])
  // 34 to 42. Body: the init's, or the input's, which is then used up.
  const body = takeBody(method, init['body'], base, list)
  const browserOptions = readBrowserOptions(init, fields?.browserOptions ?? defaultBrowserOptions)
  const own = { method, url, list, guard: 'none', redirect, browserOptions, metadata: fields?.metadata ?? '' } as const
  return new RequestRecord(() => own, body, readSignal)
}

function parseUrl(input: unknown): string {
  const text = toUsvString(input)
  const url = parseRelativeUrl(text)
  if (url.username !== '' || url.password !== '') throw new TypeError('A request URL may not carry credentials')
  return url.href
}

/** https://fetch.spec.whatwg.org/#concept-method-normalize, and the forbidden ones. */
function normalizeMethod(method: string): string {
  if (!isToken(method)) throw new TypeError(`${JSON.stringify(method)} is not a method`)
  const upper = method.toUpperCase()
  if (upper === 'CONNECT' || upper === 'TRACE' || upper === 'TRACK') throw new TypeError(`The method ${upper} is forbidden`)
  return ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'].includes(upper) ? upper : method
}

function signalReader(given: unknown, base: RequestRecord | undefined): (() => AbortSignal) | undefined {
  if (given === null) return undefined
  if (given === undefined) return base?.hasSignal === true ? () => AbortSignal.any([base.signal]) : undefined
  if (!(given instanceof AbortSignal)) throw new TypeError('signal is not an AbortSignal')
  return () => AbortSignal.any([given])
}

function takeBody(method: string, given: unknown, base: RequestRecord | undefined, list: HeaderList): Body | undefined {
  const isGiven = given !== undefined && given !== null
  const inherited = given === undefined ? base?.body : undefined
  if ((isGiven || inherited !== undefined) && (method === 'GET' || method === 'HEAD')) {
    throw new TypeError(`A request with method ${method} has no body`)
  }
  if (!isGiven) return inherited?.move()
  const { body, contentType } = extractBody(given)
  if (contentType !== undefined && !hasHeader(list, 'content-type')) list.push('content-type', contentType)
  return body
}

function readBrowserOptions(init: Record<string, unknown>, inherited: BrowserOptions): BrowserOptions {
  const text = (name: string): string | undefined => (init[name] === undefined ? undefined : toUsvString(init[name]))
  return {
    cache: enumerated(init, 'cache') ?? inherited.cache,
    credentials: enumerated(init, 'credentials') ?? inherited.credentials,
    integrity: text('integrity') ?? inherited.integrity,
    keepalive: init['keepalive'] === undefined ? inherited.keepalive : Boolean(init['keepalive']),
    mode: enumerated(init, 'mode') ?? inherited.mode,
    referrer: text('referrer') ?? inherited.referrer,
    referrerPolicy: enumerated(init, 'referrerPolicy') ?? inherited.referrerPolicy,
  }
}

/** https://webidl.spec.whatwg.org/#es-enumeration; undefined where the member is absent. */
function enumerated(init: Record<string, unknown>, name: string): string | undefined {
  if (init[name] === undefined) return undefined
  const value = toDomString(init[name])
  if (enumerations[name]?.includes(value) !== true) throw new TypeError(`${JSON.stringify(value)} is not a value of ${name}`)
  return value
}
