import type { IncomingMessage } from 'node:http'
import { SkerryError } from '../../errors/index.ts'
import type { RequestControl } from '../../runtime/supervisor/index.ts'

/** Bodies up to this, if they came in together with the head, are handed over whole. */
export const wholeBodyBytesMax = 64 * 1024

/**
 * Pumps a request's body into a function, chunk by chunk.
 *
 * Invariants: nothing is buffered here: while the function does not take more, the socket is not read; more than `bytesMax`, or
 * nothing for `idleMs` while the function would take more, ends the request by `fail`.
 */
export class RequestBodyPump {
  readonly #request: IncomingMessage
  readonly #control: RequestControl
  readonly #bytesMax: number
  readonly #fail: (error: SkerryError) => void
  readonly #idle: NodeJS.Timeout
  #bytes = 0
  #isPaused = false
  #isOver = false

  constructor(
    request: IncomingMessage,
    control: RequestControl,
    limits: { readonly bytesMax: number; readonly idleMs: number },
    fail: (error: SkerryError) => void,
  ) {
    this.#request = request
    this.#control = control
    this.#bytesMax = limits.bytesMax
    this.#fail = fail
    this.#idle = setTimeout(() => this.#stalled(limits.idleMs), limits.idleMs)
    request.on('data', this.#onData)
    request.on('end', this.#onEnd)
  }

  /** The function takes chunks again. */
  resume(): void {
    if (!this.#isPaused || this.#isOver) return
    this.#isPaused = false
    this.#idle.refresh()
    this.#request.resume()
  }

  /** Reads no further for the function. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#idle)
    this.#request.off('data', this.#onData)
    this.#request.off('end', this.#onEnd)
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes += chunk.length
    if (this.#bytes > this.#bytesMax) {
      this.stop()
      this.#fail(bodyTooLarge(this.#bytesMax, this.#bytes))
      return
    }
    if (this.#control.write(chunk)) {
      this.#idle.refresh()
    } else {
      this.#isPaused = true
      this.#request.pause()
    }
  }

  readonly #onEnd = (): void => {
    this.stop()
    this.#control.end()
  }

  #stalled(idleMs: number): void {
    if (this.#isPaused) {
      this.#idle.refresh()
      return
    }
    this.stop()
    this.#fail(new SkerryError('bad_request', `The request's body stopped coming for ${idleMs} ms.`, { limit: idleMs }))
  }
}

/** The refusal of a body; sizes in bytes. */
export function bodyTooLarge(limit: number, used: number): SkerryError {
  return new SkerryError('request_too_large', `The request's body is larger than ${limit} bytes.`, { limit, used })
}
