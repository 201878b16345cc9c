import { reflectApply } from '../primordials.ts'
import { ErrorEvent } from './event-types.ts'
import { type Event, eventControl } from './event.ts'
import { type EventTarget, globalTarget, listen } from './event-target.ts'

/**
 * An event handler attribute (`onabort`, `onmessage`): one listener whose callback can be exchanged and keeps its place.
 * https://html.spec.whatwg.org/#event-handler-idl-attributes
 */
export class EventHandler {
  readonly #target: EventTarget
  readonly #type: string
  #callback: object | null = null
  #stopListening: (() => void) | undefined

  constructor(target: EventTarget, type: string) {
    this.#target = target
    this.#type = type
  }

  get callback(): object | null {
    return this.#callback
  }

  /** [LegacyTreatNonObjectAsNull]: an object that is no function is kept, and never called. */
  set callback(value: unknown) {
    this.#callback = (typeof value === 'object' || typeof value === 'function') ? value : null
    if (this.#callback === null) {
      this.#stopListening?.()
      this.#stopListening = undefined
    } else {
      this.#stopListening ??= listen(this.#target, this.#type, (event) => this.#process(event))
    }
  }

  /** https://html.spec.whatwg.org/#the-event-handler-processing-algorithm */
  #process(event: Event): void {
    if (typeof this.#callback !== 'function') return
    const callback = this.#callback as (...values: unknown[]) => unknown
    const { currentTarget } = event
    const isGlobalError = this.#type === 'error' && this.#target === globalTarget.current && isErrorEvent(event)
    if (isGlobalError) {
      const { message, filename, lineno, colno, error } = event
      if (reflectApply(callback, currentTarget, [message, filename, lineno, colno, error]) === true) cancel(event)
    } else if (reflectApply(callback, currentTarget, [event]) === false) {
      cancel(event)
    }
  }
}

/** The event handler attributes of one object. */
export class EventHandlers {
  readonly #target: EventTarget
  readonly #handlers = new Map<string, EventHandler>()

  constructor(target: EventTarget) {
    this.#target = target
  }

  /** That for events of a type. */
  of(type: string): EventHandler {
    let handler = this.#handlers.get(type)
    if (handler === undefined) {
      handler = new EventHandler(this.#target, type)
      this.#handlers.set(type, handler)
    }
    return handler
  }
}

function isErrorEvent(event: Event): event is ErrorEvent {
  return event instanceof ErrorEvent
}

function cancel(event: Event): void {
  if (event.cancelable) eventControl(event).canceled = true
}
