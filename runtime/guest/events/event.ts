import { requireArguments, toDictionary, toDomString } from '../webidl.ts'

/** What `EventTarget` may do to an event that user code may not. */
export interface EventControl {
  target: unknown
  currentTarget: unknown
  dispatching: boolean
  stopped: boolean
  inPassiveListener: boolean
  canceled: boolean
  trusted: boolean
  propagationStopped: boolean
}

const access: { control?: (event: Event) => EventControl } = {}

/** https://dom.spec.whatwg.org/#interface-event, without a tree. */
export class Event {
  static readonly NONE = 0
  static readonly CAPTURING_PHASE = 1
  static readonly AT_TARGET = 2
  static readonly BUBBLING_PHASE = 3

  readonly #type: string
  readonly #bubbles: boolean
  readonly #cancelable: boolean
  readonly #composed: boolean
  readonly #control: EventControl = {
    target: null, currentTarget: null, dispatching: false, stopped: false,
    inPassiveListener: false, canceled: false, trusted: false, propagationStopped: false,
  }

  constructor(type: unknown, options?: unknown) {
    requireArguments(arguments.length, 1, 'Event')
    const { bubbles, cancelable, composed } = toDictionary(options, 'EventInit')
    this.#type = toDomString(type)
    this.#bubbles = Boolean(bubbles)
    this.#cancelable = Boolean(cancelable)
    this.#composed = Boolean(composed)
  }

  get type(): string {
    return this.#type
  }
  get target(): unknown {
    return this.#control.target
  }
  get srcElement(): unknown {
    return this.#control.target
  }
  get currentTarget(): unknown {
    return this.#control.currentTarget
  }
  get eventPhase(): number {
    return this.#control.dispatching ? Event.AT_TARGET : Event.NONE
  }
  get bubbles(): boolean {
    return this.#bubbles
  }
  get cancelable(): boolean {
    return this.#cancelable
  }
  get composed(): boolean {
    return this.#composed
  }
  get defaultPrevented(): boolean {
    return this.#control.canceled
  }
  get returnValue(): boolean {
    return !this.#control.canceled
  }
  set returnValue(value: unknown) {
    if (!value) this.preventDefault()
  }
  get cancelBubble(): boolean {
    return this.#control.propagationStopped
  }
  set cancelBubble(value: unknown) {
    if (value) this.stopPropagation()
  }
  get isTrusted(): boolean {
    return this.#control.trusted
  }
  get timeStamp(): number {
    return 0
  }

  composedPath(): unknown[] {
    return this.#control.currentTarget === null ? [] : [this.#control.currentTarget]
  }
  stopPropagation(): void {
    this.#control.propagationStopped = true
  }
  stopImmediatePropagation(): void {
    this.#control.propagationStopped = true
    this.#control.stopped = true
  }
  preventDefault(): void {
    if (this.#cancelable && !this.#control.inPassiveListener) this.#control.canceled = true
  }

  static {
    access.control = (event) => event.#control
    for (const [name, value] of Object.entries({ NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 })) {
      const descriptor = { value, enumerable: true, writable: false, configurable: false }
      Object.defineProperty(this.prototype, name, descriptor)
    }
  }
}

/** Throws a TypeError where `event` is no Event. */
export function eventControl(event: Event): EventControl {
  if (access.control === undefined) throw new TypeError('not initialised')
  return access.control(event)
}
