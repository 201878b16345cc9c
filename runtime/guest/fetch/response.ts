import type { Blob } from '../blob/index.ts'
import type { FormData } from '../form-data/index.ts'
import type { ReadableStream } from '../streams/index.ts'
import { parseRelativeUrl } from '../url/index.ts'
import { requireArguments, shapeInterface, toDictionary } from '../webidl.ts'
import { toUnsignedShort } from '../webidl/numbers.ts'
import { socketControlOf, type WebSocket } from '../websocket/index.ts'
import { Body } from './body.ts'
import { consumeArrayBuffer, consumeBlob, consumeBytes, consumeFormData, consumeJson, consumeText } from './consume-body.ts'
import { extractBody, plainTextType } from './extract-body.ts'
import { getHeader, hasHeader, type HeaderList, toByteString } from './header-list.ts'
import { fillHeaders, type Headers } from './headers.ts'
import { isNullBodyStatus, ResponseRecord, type ResponseType } from './response-record.ts'

const access: { record?: (value: unknown) => ResponseRecord | undefined } = {}
const redirectStatuses: readonly unknown[] = [301, 302, 303, 307, 308]

/** https://fetch.spec.whatwg.org/#response-class */
export class Response {
  readonly #record: ResponseRecord

  /** https://fetch.spec.whatwg.org/#dom-response */
  constructor(body: unknown = null, init: unknown = undefined) {
    if (typeof body === 'string' && init === undefined) {
      this.#record = new ResponseRecord(200, '', undefined, new Body(body.toWellFormed()))
    } else if (body instanceof ResponseRecord) {
      this.#record = body
    } else {
      this.#record = initialize(body, init)
    }
  }

  /** https://fetch.spec.whatwg.org/#dom-response-error */
  static error(): Response {
    return new Response(new ResponseRecord(0, '', [], undefined, { type: 'error', url: '', redirected: false, guard: 'immutable' }))
  }

  /** https://fetch.spec.whatwg.org/#dom-response-redirect */
  static redirect(url: unknown, status: unknown = 302): Response {
    requireArguments(arguments.length, 1, 'Response.redirect')
    const location = parseRelativeUrl(url).href
    const code = toUnsignedShort(status)
    if (!redirectStatuses.includes(code)) throw new RangeError(`${code} is not the status of a redirect`)
    const origin = { type: 'default', url: '', redirected: false, guard: 'immutable' } as const
    return new Response(new ResponseRecord(code, '', ['location', location], undefined, origin))
  }

  /** https://fetch.spec.whatwg.org/#dom-response-json */
  static json(data: unknown, init: unknown = undefined): Response {
    requireArguments(arguments.length, 1, 'Response.json')
    const text = JSON.stringify(data) as string | undefined
    if (text === undefined) throw new TypeError('The value has no JSON form')
    return new Response(initialize(text, init, 'application/json'))
  }

  get type(): ResponseType {
    return this.#record.type
  }
  get url(): string {
    const { url } = this.#record
    const fragment = url.indexOf('#')
    return fragment < 0 ? url : url.slice(0, fragment)
  }
  get redirected(): boolean {
    return this.#record.redirected
  }
  get status(): number {
    return this.#record.status
  }
  get ok(): boolean {
    return this.#record.status >= 200 && this.#record.status <= 299
  }
  get statusText(): string {
    return this.#record.statusText
  }
  get headers(): Headers {
    return this.#record.headers
  }
  get body(): ReadableStream | null {
    return this.#record.body?.asStream() ?? null
  }
  get bodyUsed(): boolean {
    return this.#record.body?.used ?? false
  }

  /** As on Cloudflare Workers: the connection of an answer with status 101. */
  get webSocket(): WebSocket | null {
    return this.#record.webSocket ?? null
  }

  /** https://fetch.spec.whatwg.org/#dom-response-clone */
  clone(): Response {
    return new Response(this.#record.clone())
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return consumeArrayBuffer(() => this.#record.body)
  }
  blob(): Promise<Blob> {
    return consumeBlob(() => this.#record.body, () => getHeader(this.#record.headerList, 'content-type'))
  }
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return consumeBytes(() => this.#record.body)
  }
  formData(): Promise<FormData> {
    return consumeFormData(() => this.#record.body, () => getHeader(this.#record.headerList, 'content-type'))
  }
  json(): Promise<unknown> {
    return consumeJson(() => this.#record.body)
  }
  text(): Promise<string> {
    return consumeText(() => this.#record.body)
  }

  static {
    access.record = (value) => (typeof value === 'object' && value !== null && #record in value ? value.#record : undefined)
  }
}

shapeInterface(Response, 'Response')

/** What stands behind a Response; undefined where the value is none. */
export function responseRecordOf(value: unknown): ResponseRecord | undefined {
  return access.record?.(value)
}

export function createResponse(record: ResponseRecord): Response {
  return new Response(record)
}

/** https://fetch.spec.whatwg.org/#initialize-a-response; `contentType` overrides what the body has by nature. */
function initialize(body: unknown, init: unknown, contentType?: string): ResponseRecord {
  const extracted = body === null || body === undefined ? undefined : extractBody(body)
  const { headers, status, statusText, webSocket } = toDictionary(init, 'ResponseInit')
  // 1. If init["status"] is not in the range 200 to 599, inclusive, then throw a RangeError.
  const code = status === undefined ? 200 : toUnsignedShort(status)
  if (code === 101) return initializeSwitch(headers, webSocket, extracted !== undefined)
  if (code < 200 || code > 599) throw new RangeError(`The status must be from 200 to 599, not ${code}`)
  // 2. If init["statusText"] does not match the reason-phrase token production, then throw a TypeError.
  const reason = statusText === undefined ? '' : toByteString(statusText)
  if (/[^\t -~\u0080-\u00ff]/.test(reason)) throw new TypeError('statusText has characters that a reason phrase can not have')
  // 5. If init["headers"] exists, then fill response's headers with init["headers"].
  const list: HeaderList = []
  if (headers !== undefined) fillHeaders(list, headers)
  if (extracted === undefined) return new ResponseRecord(code, reason, list, undefined)
  // 6. If body is non-null, then: a null body status throws; Content-Type is appended where it is missing.
  if (isNullBodyStatus(code)) throw new TypeError(`A response with status ${code} has no body`)
  const type = contentType ?? extracted.contentType
  const plain = type === plainTextType && list.length === 0
  if (type !== undefined && !plain && !hasHeader(list, 'content-type')) list.push('content-type', type)
  return new ResponseRecord(code, reason, plain ? undefined : list, extracted.body)
}

/** As on Cloudflare Workers: `webSocket` of the options is one end of a pair, or what `fetch` brought. */
function initializeSwitch(headers: unknown, webSocket: unknown, hasBody: boolean): ResponseRecord {
  if (webSocket === undefined || webSocket === null) throw new RangeError('The status must be from 200 to 599, not 101')
  if (socketControlOf(webSocket) === undefined) throw new TypeError('webSocket is no WebSocket')
  if (hasBody) throw new TypeError('A response with status 101 has no body')
  const list: HeaderList = []
  if (headers !== undefined) fillHeaders(list, headers)
  return new ResponseRecord(101, '', list, undefined, undefined, webSocket as WebSocket)
}
