import { requireArguments, toDictionary, toDomString, toUsvString } from '../webidl.ts'
import { toUnsignedLong, toUnsignedShort } from '../webidl/numbers.ts'
import { Event, eventControl } from './event.ts'

/** https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEvent extends Event {
  #detail: unknown

  constructor(type: unknown, options: unknown = undefined) {
    requireArguments(arguments.length, 1, 'CustomEvent')
    super(type, options)
    const { detail = null } = toDictionary(options, 'CustomEventInit')
    this.#detail = detail
  }
  get detail(): unknown {
    return this.#detail
  }
  /** https://dom.spec.whatwg.org/#dom-customevent-initcustomevent */
  initCustomEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false, detail: unknown = null): void {
    requireArguments(arguments.length, 1, 'initCustomEvent')
    const isDispatching = eventControl(this).dispatching
    this.initEvent(type, bubbles, cancelable)
    if (!isDispatching) this.#detail = detail
  }
}

/** https://html.spec.whatwg.org/#errorevent */
export class ErrorEvent extends Event {
  readonly #message: string
  readonly #filename: string
  readonly #lineno: number
  readonly #colno: number
  readonly #error: unknown

  constructor(type: unknown, options: unknown = undefined) {
    requireArguments(arguments.length, 1, 'ErrorEvent')
    super(type, options)
    const { colno = 0, error, filename = '', lineno = 0, message = '' } = toDictionary(options, 'ErrorEventInit')
    this.#colno = toUnsignedLong(colno)
    this.#error = error
    this.#filename = toUsvString(filename)
    this.#lineno = toUnsignedLong(lineno)
    this.#message = toDomString(message)
  }
  get message(): string {
    return this.#message
  }
  get filename(): string {
    return this.#filename
  }
  get lineno(): number {
    return this.#lineno
  }
  get colno(): number {
    return this.#colno
  }
  get error(): unknown {
    return this.#error
  }
}

/** https://html.spec.whatwg.org/#promiserejectionevent */
export class PromiseRejectionEvent extends Event {
  readonly #promise: object
  readonly #reason: unknown

  constructor(type: unknown, options: unknown) {
    requireArguments(arguments.length, 2, 'PromiseRejectionEvent')
    super(type, options)
    const { promise, reason } = toDictionary(options, 'PromiseRejectionEventInit')
    if ((typeof promise !== 'object' && typeof promise !== 'function') || promise === null) throw new TypeError('PromiseRejectionEventInit needs a promise')
    this.#promise = promise
    this.#reason = reason
  }
  get promise(): object {
    return this.#promise
  }
  get reason(): unknown {
    return this.#reason
  }
}

/** https://websockets.spec.whatwg.org/#the-closeevent-interface */
export class CloseEvent extends Event {
  readonly #wasClean: boolean
  readonly #code: number
  readonly #reason: string

  constructor(type: unknown, options: unknown = undefined) {
    requireArguments(arguments.length, 1, 'CloseEvent')
    super(type, options)
    const { code = 0, reason = '', wasClean = false } = toDictionary(options, 'CloseEventInit')
    this.#code = toUnsignedShort(code)
    this.#reason = toUsvString(reason)
    this.#wasClean = Boolean(wasClean)
  }
  get wasClean(): boolean {
    return this.#wasClean
  }
  get code(): number {
    return this.#code
  }
  get reason(): string {
    return this.#reason
  }
}
