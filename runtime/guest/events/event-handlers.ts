import type { Event } from './event.ts'
import type { EventTarget } from './event-target.ts'

/**
 * An event handler attribute (`onabort`, `onmessage`): one listener whose callback can be exchanged and keeps its place.
 * https://html.spec.whatwg.org/#event-handler-idl-attributes
 */
export class EventHandler {
  readonly #target: EventTarget
  readonly #type: string
  #callback: unknown = null
  #listening = false

  constructor(target: EventTarget, type: string) {
    this.#target = target
    this.#type = type
  }

  get callback(): unknown {
    return this.#callback
  }

  set callback(value: unknown) {
    this.#callback = typeof value === 'function' || (typeof value === 'object' && value !== null) ? value : null
    if (this.#listening || this.#callback === null) return
    this.#listening = true
    this.#target.addEventListener(this.#type, (event: Event) => {
      if (typeof this.#callback === 'function') Reflect.apply(this.#callback, event.currentTarget, [event])
    })
  }
}
