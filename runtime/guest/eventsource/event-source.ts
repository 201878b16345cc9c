import { DOMException } from '../dom-exception.ts'
import { abortSignal, createAbortSignal, Event, EventHandlers, EventTarget, fireEvent, MessageEvent } from '../events/index.ts'
import { parseRelativeUrl, type URL } from '../url/index.ts'
import { requireArguments, toDictionary, toUsvString } from '../webidl.ts'
import { EventStreamConnection } from './connection.ts'

const states = { CONNECTING: 0, OPEN: 1, CLOSED: 2 } as const

/** What builds the class EventSource, which few functions use. */
export function buildEventSource() {
  /**
   * https://html.spec.whatwg.org/#the-eventsource-interface, on the guest's own fetch. It lives as long as the request in which it was made: until
   * its answer is sent and what it gave to `waitUntil` has settled. Then it is closed, without an event.
   */
  class EventSource extends EventTarget {
    declare static readonly CONNECTING: 0
    declare static readonly OPEN: 1
    declare static readonly CLOSED: 2
    readonly #url: string
    readonly #withCredentials: boolean
    readonly #signal = createAbortSignal()
    #readyState: number = states.CONNECTING
    readonly #handlers = new EventHandlers(this)

    constructor(url: unknown, eventSourceInitDict: unknown = undefined) {
      requireArguments(arguments.length, 1, 'EventSource')
      super()
      const text = toUsvString(url)
      this.#withCredentials = Boolean(toDictionary(eventSourceInitDict, 'EventSourceInit')['withCredentials'])
      this.#url = parse(text).href
      const connection = new EventStreamConnection(this.#url, this.#signal, {
        onOpen: () => {
          this.#readyState = states.OPEN
          fireEvent(this, new Event('open'))
        },
        onEvent: ({ type, data, lastEventId }, origin) => {
          fireEvent(this, new MessageEvent(type === '' ? 'message' : type, { data, lastEventId, origin }))
        },
        onLost: () => {
          this.#readyState = states.CONNECTING
          fireEvent(this, new Event('error'))
        },
        onFailed: () => {
          this.#readyState = states.CLOSED
          fireEvent(this, new Event('error'))
        },
        onOver: () => {
          this.#readyState = states.CLOSED
        },
      })
      connection.open()
    }

    get url(): string {
      return this.#url
    }
    get withCredentials(): boolean {
      return this.#withCredentials
    }
    get readyState(): number {
      return this.#readyState
    }

    get onopen(): object | null {
      return this.#handlers.of('open').callback
    }
    set onopen(value: unknown) {
      this.#handlers.of('open').callback = value
    }
    get onmessage(): object | null {
      return this.#handlers.of('message').callback
    }
    set onmessage(value: unknown) {
      this.#handlers.of('message').callback = value
    }
    get onerror(): object | null {
      return this.#handlers.of('error').callback
    }
    set onerror(value: unknown) {
      this.#handlers.of('error').callback = value
    }

    close(): void {
      this.#readyState = states.CLOSED
      abortSignal(this.#signal)
    }

  }
  for (const [name, value] of Object.entries(states)) {
    const descriptor = { value, enumerable: true, writable: false, configurable: false }
    Object.defineProperty(EventSource, name, descriptor)
    Object.defineProperty(EventSource.prototype, name, descriptor)
  }
  return EventSource
}

function parse(url: string): URL {
  try {
    return parseRelativeUrl(url)
  } catch {
    throw new DOMException(`"${url}" is not a URL`, 'SyntaxError')
  }
}
