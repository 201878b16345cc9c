import { currentTime } from '../clock.ts'
import { requireArguments, toDictionary, toDomString } from '../webidl.ts'

/** What `EventTarget` may do to an event that user code may not. */
export interface EventControl {
  target: unknown
  currentTarget: unknown
  phase: number
  dispatching: boolean
  stopped: boolean
  inPassiveListener: boolean
  canceled: boolean
  trusted: boolean
  propagationStopped: boolean
}

const access: { control?: (event: Event) => EventControl } = {}

/** https://dom.spec.whatwg.org/#interface-event, without a tree: the path is the target alone. */
export class Event {
  static readonly NONE = 0
  static readonly CAPTURING_PHASE = 1
  static readonly AT_TARGET = 2
  static readonly BUBBLING_PHASE = 3

  #type: string
  #bubbles: boolean
  #cancelable: boolean
  readonly #composed: boolean
  readonly #timeStamp = currentTime()
  readonly #control: EventControl = {
    target: null, currentTarget: null, phase: Event.NONE, dispatching: false, stopped: false,
    inPassiveListener: false, canceled: false, trusted: false, propagationStopped: false,
  }

  constructor(type: unknown, options: unknown = undefined) {
    requireArguments(arguments.length, 1, 'Event')
    this.#type = toDomString(type)
    const init = toDictionary(options, 'EventInit')
    this.#bubbles = Boolean(init['bubbles'])
    this.#cancelable = Boolean(init['cancelable'])
    this.#composed = Boolean(init['composed'])
    // [LegacyUnforgeable]: an own property of each event, with one getter for all.
    Object.defineProperty(this, 'isTrusted', isTrustedDescriptor)
  }

  declare readonly isTrusted: boolean

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
    return this.#control.phase
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
    const control = this.#control
    if (!value) cancel(control, this.#cancelable)
  }
  get cancelBubble(): boolean {
    return this.#control.propagationStopped
  }
  set cancelBubble(value: unknown) {
    const control = this.#control
    if (value) control.propagationStopped = true
  }
  get timeStamp(): number {
    return this.#timeStamp
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
    cancel(this.#control, this.#cancelable)
  }

  /** https://dom.spec.whatwg.org/#dom-event-initevent */
  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    requireArguments(arguments.length, 1, 'initEvent')
    const control = this.#control
    const name = toDomString(type)
    if (control.dispatching) return
    control.propagationStopped = false
    control.stopped = false
    control.canceled = false
    control.trusted = false
    control.target = null
    this.#type = name
    this.#bubbles = Boolean(bubbles)
    this.#cancelable = Boolean(cancelable)
  }

  static {
    access.control = (event) => event.#control
    for (const [name, value] of Object.entries({ NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 })) {
      const descriptor = { value, enumerable: true, writable: false, configurable: false }
      Object.defineProperty(this, name, descriptor)
      Object.defineProperty(this.prototype, name, descriptor)
    }
  }
}

/** https://dom.spec.whatwg.org/#set-the-canceled-flag */
function cancel(control: EventControl, isCancelable: boolean): void {
  if (isCancelable && !control.inPassiveListener) control.canceled = true
}

const isTrustedDescriptor: PropertyDescriptor = {
  ...Object.getOwnPropertyDescriptor({ get isTrusted() { return eventControl(this).trusted } }, 'isTrusted'),
  configurable: false,
}

/** Throws a TypeError where `event` is no Event. */
export function eventControl(event: object): EventControl {
  if (access.control === undefined) throw new TypeError('not initialised')
  return access.control(event as Event)
}
