import { toDictionary, toDomString } from '../webidl.ts'
import { Event } from './event.ts'

/** https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEvent extends Event {
  readonly #detail: unknown

  constructor(type: unknown, options?: unknown) {
    super(type, options)
    this.#detail = toDictionary(options, 'CustomEventInit')['detail'] ?? null
  }
  get detail(): unknown {
    return this.#detail
  }
}

/** https://html.spec.whatwg.org/#errorevent */
export class ErrorEvent extends Event {
  readonly #init: Record<string, unknown>

  constructor(type: unknown, options?: unknown) {
    super(type, options)
    this.#init = { ...toDictionary(options, 'ErrorEventInit') }
  }
  get message(): string {
    return toDomString(this.#init['message'] ?? '')
  }
  get filename(): string {
    return toDomString(this.#init['filename'] ?? '')
  }
  get lineno(): number {
    return Number(this.#init['lineno'] ?? 0) >>> 0
  }
  get colno(): number {
    return Number(this.#init['colno'] ?? 0) >>> 0
  }
  get error(): unknown {
    return this.#init['error']
  }
}

/** https://html.spec.whatwg.org/#promiserejectionevent */
export class PromiseRejectionEvent extends Event {
  readonly #promise: unknown
  readonly #reason: unknown

  constructor(type: unknown, options: unknown) {
    super(type, options)
    const { promise, reason } = toDictionary(options, 'PromiseRejectionEventInit')
    if (promise === undefined) throw new TypeError('PromiseRejectionEventInit needs a promise')
    this.#promise = promise
    this.#reason = reason
  }
  get promise(): unknown {
    return this.#promise
  }
  get reason(): unknown {
    return this.#reason
  }
}

/** https://html.spec.whatwg.org/#messageevent, as far as it carries data. */
export class MessageEvent extends Event {
  readonly #init: Record<string, unknown>

  constructor(type: unknown, options?: unknown) {
    super(type, options)
    this.#init = { ...toDictionary(options, 'MessageEventInit') }
  }
  get data(): unknown {
    return this.#init['data'] ?? null
  }
  get origin(): string {
    return toDomString(this.#init['origin'] ?? '')
  }
  get lastEventId(): string {
    return toDomString(this.#init['lastEventId'] ?? '')
  }
  get source(): unknown {
    return this.#init['source'] ?? null
  }
  get ports(): readonly unknown[] {
    const ports = this.#init['ports']
    return Object.freeze(Array.isArray(ports) ? [...(ports as unknown[])] : [])
  }
}

/** https://websockets.spec.whatwg.org/#the-closeevent-interface */
export class CloseEvent extends Event {
  readonly #init: Record<string, unknown>

  constructor(type: unknown, options?: unknown) {
    super(type, options)
    this.#init = { ...toDictionary(options, 'CloseEventInit') }
  }
  get wasClean(): boolean {
    return Boolean(this.#init['wasClean'])
  }
  get code(): number {
    return Number(this.#init['code'] ?? 0) & 0xffff
  }
  get reason(): string {
    return toDomString(this.#init['reason'] ?? '')
  }
}
