import { encodeUtf8, TextDecoder } from '../encoding/index.ts'
import type { AbortSignal } from '../events/index.ts'
import { fetch, isRequestOver } from '../exchange/index.ts'
import type { Response } from '../fetch/index.ts'
import { currentRequestId } from '../host.ts'
import { extractMimeType } from '../mime-type.ts'
import { startTimer } from '../timers/index.ts'
import { URL } from '../url/index.ts'
import { createEventStreamParser, type StreamEvent } from './event-stream.ts'

/** What the connection tells. Nothing comes after its signal has aborted. */
export interface ConnectionListener {
  onOpen(): void
  onEvent(event: StreamEvent, origin: string): void
  /** The stream broke; it is opened again after a while. */
  onLost(): void
  /** What came is no event stream, or will never come. */
  onFailed(): void
  /** The request that the connection belonged to is over. */
  onOver(): void
}

/** Until a stream says otherwise. */
const defaultRetryMs = 3_000
/** A stream may ask for no less, so that one which breaks at once does not spin. */
const minimumRetryMs = 100
const maximumRetryMs = 2 ** 31 - 1

/** The connection of an EventSource: opens an event stream, reads it, and opens it again when it breaks. */
export class EventStreamConnection {
  readonly #url: string
  readonly #signal: AbortSignal
  readonly #listener: ConnectionListener
  readonly #ownerId = currentRequestId()
  #lastEventId = ''
  #retryMs = defaultRetryMs
  /** Whether what came is no event stream. */
  #isRefused = false

  constructor(url: string, signal: AbortSignal, listener: ConnectionListener) {
    this.#url = url
    this.#signal = signal
    this.#listener = listener
  }

  open(): void {
    this.#read().then(
      () => (this.#isRefused ? this.#fail() : this.#reopen()),
      (error: unknown) => (this.#ownerId === 0 || isFutile(error) ? this.#fail() : this.#reopen()),
    )
  }

  /** https://html.spec.whatwg.org/#dom-eventsource, step 15. Rejects where the network fails. */
  async #read(): Promise<void> {
    const headers: [string, string][] = [['accept', 'text/event-stream'], ['cache-control', 'no-cache']]
    if (this.#lastEventId !== '') headers.push(['last-event-id', String.fromCharCode(...encodeUtf8(this.#lastEventId))])
    const response = await fetch(this.#url, { headers, cache: 'no-store', signal: this.#signal })
    const isEventStream = extractMimeType(response.headers.get('content-type'))?.essence === 'text/event-stream'
    if (response.status !== 200 || !isEventStream) {
      await response.body?.cancel()
      this.#isRefused = true
      return
    }
    if (this.#signal.aborted) return
    this.#listener.onOpen()
    await this.#interpret(response)
  }

  async #interpret(response: Response): Promise<void> {
    const { origin } = new URL(response.url)
    const decoder = new TextDecoder()
    const parse = createEventStreamParser({
      onEvent: (event) => {
        if (!this.#signal.aborted) this.#listener.onEvent(event, origin)
      },
      onLastEventId: (id) => {
        this.#lastEventId = id
      },
      onRetry: (time) => {
        this.#retryMs = Math.min(Math.max(time, minimumRetryMs), maximumRetryMs)
      },
    }, this.#lastEventId)
    const reader = response.body?.getReader()
    if (reader === undefined) return
    for (;;) {
      const { done, value } = await reader.read()
      if (done || this.#signal.aborted) return
      parse(decoder.decode(value as Uint8Array, { stream: true }))
    }
  }

  /** https://html.spec.whatwg.org/#reestablish-the-connection */
  #reopen(): void {
    if (this.#signal.aborted) return
    if (isRequestOver(this.#ownerId)) {
      this.#listener.onOver()
      return
    }
    this.#listener.onLost()
    startTimer(() => {
      if (!this.#signal.aborted) this.open()
    }, this.#retryMs)
  }

  /** https://html.spec.whatwg.org/#fail-the-connection */
  #fail(): void {
    if (!this.#signal.aborted) this.#listener.onFailed()
  }
}

/** Whether another try would end the same: the node refuses to connect. */
function isFutile(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code !== 'subrequest_failed'
}
