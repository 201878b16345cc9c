import { type AbortSignal, createAbortSignal } from '../events/index.ts'
import type { Blob } from '../blob/index.ts'
import type { Body } from './body.ts'
import type { HeaderList } from './header-list.ts'
import { createHeaders, type Headers, type HeadersGuard } from './headers.ts'

export type RedirectMode = 'follow' | 'manual' | 'error'

/** Members that mean nothing on a server: kept and shown, no more. */
export interface BrowserOptions {
  readonly cache: string
  readonly credentials: string
  readonly integrity: string
  readonly keepalive: boolean
  readonly mode: string
  readonly referrer: string
  readonly referrerPolicy: string
}

export const defaultBrowserOptions: BrowserOptions = {
  cache: 'default', credentials: 'same-origin', integrity: '', keepalive: false, mode: 'cors', referrer: 'about:client', referrerPolicy: '',
}

export interface RequestFields {
  readonly method: string
  /** Absolute and serialised. */
  readonly url: string
  /** What a `blob:` URL led to when the request was made. */
  readonly blob?: Blob | undefined
  readonly list: HeaderList
  readonly guard: HeadersGuard
  readonly redirect: RedirectMode
  readonly browserOptions: BrowserOptions
  /** JSON of what `request.skerry` shows; '' for none. */
  readonly metadata: string
}

/**
 * https://fetch.spec.whatwg.org/#concept-request: what stands behind a Request object. Fields come from a function, which is called
 * once one of them is looked at: a request that nobody looks at is never parsed.
 */
export class RequestRecord {
  body: Body | undefined
  readonly #readFields: () => RequestFields
  readonly #readSignal: (() => AbortSignal) | undefined
  #fields: RequestFields | undefined
  #headers: Headers | undefined
  #signal: AbortSignal | undefined
  #skerry: unknown

  constructor(readFields: () => RequestFields, body: Body | undefined, readSignal: (() => AbortSignal) | undefined) {
    this.#readFields = readFields
    this.body = body
    this.#readSignal = readSignal
  }

  get fields(): RequestFields {
    this.#fields ??= this.#readFields()
    return this.#fields
  }

  get headers(): Headers {
    this.#headers ??= createHeaders(this.fields.list, this.fields.guard)
    return this.#headers
  }

  get hasSignal(): boolean {
    return this.#readSignal !== undefined
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#readSignal === undefined ? createAbortSignal() : this.#readSignal()
    return this.#signal
  }

  get skerry(): unknown {
    const { metadata } = this.fields
    if (metadata === '') return undefined
    this.#skerry ??= JSON.parse(metadata, (_name, value: unknown) => Object.freeze(value))
    return this.#skerry
  }
}
