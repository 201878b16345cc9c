import { AbortSignal } from '../events/index.ts'
import type { Blob } from '../blob/index.ts'
import type { FormData } from '../form-data/index.ts'
import type { ReadableStream } from '../streams/index.ts'
import { requireArguments, shapeInterface } from '../webidl.ts'
import { consumeArrayBuffer, consumeBlob, consumeBytes, consumeFormData, consumeJson, consumeText } from './consume-body.ts'
import { getHeader } from './header-list.ts'
import type { Headers } from './headers.ts'
import { initializeRequest } from './request-init.ts'
import { type RedirectMode, RequestRecord } from './request-record.ts'

const access: { record?: (value: unknown) => RequestRecord | undefined } = {}

/** https://fetch.spec.whatwg.org/#request-class */
export class Request {
  readonly #record: RequestRecord

  /** https://fetch.spec.whatwg.org/#dom-request */
  constructor(input: unknown, init: unknown = undefined) {
    if (input instanceof RequestRecord) {
      this.#record = input
      return
    }
    requireArguments(arguments.length, 1, 'Request')
    this.#record = initializeRequest(requestRecordOf(input) ?? input, init)
  }

  get method(): string {
    return this.#record.fields.method
  }
  get url(): string {
    return this.#record.fields.url
  }
  get headers(): Headers {
    return this.#record.headers
  }
  get redirect(): RedirectMode {
    return this.#record.fields.redirect
  }
  get signal(): AbortSignal {
    return this.#record.signal
  }
  /** What the edge knows of the client and of itself: frozen; undefined for a request that code made. */
  get skerry(): unknown {
    return this.#record.skerry
  }
  get body(): ReadableStream | null {
    return this.#record.body?.asStream() ?? null
  }
  get bodyUsed(): boolean {
    return this.#record.body?.used ?? false
  }
  get duplex(): 'half' {
    return (this.#record, 'half')
  }
  get destination(): '' {
    return (this.#record, '')
  }
  get isHistoryNavigation(): false {
    return (this.#record, false)
  }
  get isReloadNavigation(): false {
    return (this.#record, false)
  }
  get cache(): string {
    return this.#record.fields.browserOptions.cache
  }
  get credentials(): string {
    return this.#record.fields.browserOptions.credentials
  }
  get integrity(): string {
    return this.#record.fields.browserOptions.integrity
  }
  get keepalive(): boolean {
    return this.#record.fields.browserOptions.keepalive
  }
  get mode(): string {
    return this.#record.fields.browserOptions.mode
  }
  get referrer(): string {
    return this.#record.fields.browserOptions.referrer
  }
  get referrerPolicy(): string {
    return this.#record.fields.browserOptions.referrerPolicy
  }

  /** https://fetch.spec.whatwg.org/#dom-request-clone */
  clone(): Request {
    const record = this.#record
    const fields = { ...record.fields, list: [...record.fields.list] }
    const body = record.body?.clone()
    return new Request(new RequestRecord(() => fields, body, record.hasSignal ? () => AbortSignal.any([record.signal]) : undefined))
  }
  arrayBuffer(): Promise<ArrayBuffer> {
    return consumeArrayBuffer(() => this.#record.body)
  }
  blob(): Promise<Blob> {
    return consumeBlob(() => this.#record.body, () => getHeader(this.#record.fields.list, 'content-type'))
  }
  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return consumeBytes(() => this.#record.body)
  }
  formData(): Promise<FormData> {
    return consumeFormData(() => this.#record.body, () => getHeader(this.#record.fields.list, 'content-type'))
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

shapeInterface(Request, 'Request')

/** What stands behind a Request; undefined where the value is none. */
export function requestRecordOf(value: unknown): RequestRecord | undefined {
  return access.record?.(value)
}

export function createRequest(record: RequestRecord): Request {
  return new Request(record)
}
