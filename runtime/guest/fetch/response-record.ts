import type { Body } from './body.ts'
import { plainTextType } from './extract-body.ts'
import type { WebSocket } from '../websocket/index.ts'
import type { HeaderList } from './header-list.ts'
import { createHeaders, type Headers, type HeadersGuard } from './headers.ts'

export type ResponseType = 'basic' | 'default' | 'error'

/** https://fetch.spec.whatwg.org/#null-body-status */
export function isNullBodyStatus(status: number): boolean {
  return status === 101 || status === 204 || status === 205 || status === 304
}

/** https://fetch.spec.whatwg.org/#concept-response: what stands behind a Response object. Headers are built when they are looked at. */
export class ResponseRecord {
  readonly status: number
  readonly statusText: string
  readonly type: ResponseType
  readonly url: string
  readonly redirected: boolean
  readonly body: Body | undefined
  /** Of a handshake's answer. */
  readonly webSocket: WebSocket | undefined
  readonly #guard: HeadersGuard
  #list: HeaderList | undefined
  #headers: Headers | undefined

  /** `list` undefined stands for the headers of plain text. */
  constructor(
    status: number,
    statusText: string,
    list: HeaderList | undefined,
    body: Body | undefined,
    origin: { readonly type: ResponseType; readonly url: string; readonly redirected: boolean; readonly guard: HeadersGuard } = ownOrigin,
    webSocket?: WebSocket,
  ) {
    this.status = status
    this.statusText = statusText
    this.#list = list
    this.body = body
    this.webSocket = webSocket
    this.type = origin.type
    this.url = origin.url
    this.redirected = origin.redirected
    this.#guard = origin.guard
  }

  get headers(): Headers {
    this.#headers ??= createHeaders(this.headerList, this.#guard)
    return this.#headers
  }

  get headerList(): HeaderList {
    this.#list ??= ['content-type', plainTextType]
    return this.#list
  }

  /** The headers as they go into a head, each behind a line feed. */
  get headerLines(): string {
    const list = this.#list
    if (list === undefined) return plainTextLines
    return list.length === 0 ? '' : `\n${list.join('\n')}`
  }

  /** The same answer with another body. */
  withBody(body: Body | undefined): ResponseRecord {
    const { type, url, redirected } = this
    return new ResponseRecord(this.status, this.statusText, [...this.headerList], body, { type, url, redirected, guard: this.#guard })
  }

  clone(): ResponseRecord {
    if (this.webSocket !== undefined) throw new TypeError('A response with a WebSocket can not be cloned')
    return this.withBody(this.body?.clone())
  }
}

const ownOrigin = { type: 'default', url: '', redirected: false, guard: 'none' } as const
const plainTextLines = `\ncontent-type\n${plainTextType}`
