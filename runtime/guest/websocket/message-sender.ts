import { encodeClosePayload, encodeMessage, HostOperation, initialCreditBytes, maximumChunkBytes, messageCreditBytes, MessageKind } from '../../bridge/index.ts'
import { encodeUtf8 } from '../encoding/index.ts'
import { callHost } from '../host.ts'
import type { MessageSink } from './message-sink.ts'

/**
 * Sends messages by the body that flows away from the guest.
 *
 * Invariants: a chunk is sent only while credit is left, of the first window or given since, and costs some besides its bytes; a message that fits
 * leaves in the call that brings it, in a chunk of its own; nothing is sent after a close.
 */
export class MessageSender implements MessageSink {
  onRelease: (() => void) | undefined
  readonly #exchangeId: number
  readonly #onAbort: () => void
  #credit = initialCreditBytes
  #waiting: Uint8Array[] = []
  #backlogBytes = 0
  #isOver = false

  /** `onAbort` is called where the connection is to be broken off. */
  constructor(exchangeId: number, onAbort: () => void) {
    this.#exchangeId = exchangeId
    this.#onAbort = onAbort
  }

  get isHolding(): boolean {
    return this.#backlogBytes > 0
  }
  get backlogBytes(): number {
    return this.#backlogBytes
  }

  message(isText: boolean, bytes: Uint8Array): void {
    this.#offer(encodeMessage(isText ? MessageKind.text : MessageKind.binary, bytes))
  }

  close(code: number, reason: string): void {
    this.#offer(encodeMessage(MessageKind.close, encodeClosePayload(code === 1005 ? undefined : code, encodeUtf8(reason))))
    this.#isOver = true
  }

  lose(): void {
    if (this.#isOver) return
    this.stop()
    this.#onAbort()
  }

  /** The host consumed bytes. */
  grant(bytes: number): void {
    this.#credit += bytes
    if (this.#backlogBytes === 0) return
    this.#flush()
    if (this.#backlogBytes === 0) this.onRelease?.()
  }

  /** There is nobody to send to any more. */
  stop(): void {
    this.#isOver = true
    this.#waiting = []
    this.#backlogBytes = 0
  }

  #offer(frame: Uint8Array): void {
    if (this.#isOver) return
    this.#waiting.push(frame)
    this.#backlogBytes += frame.length
    this.#flush()
  }

  #flush(): void {
    for (;;) {
      const [frame] = this.#waiting
      if (frame === undefined || this.#credit <= 0) return
      const size = Math.min(frame.length, maximumChunkBytes, this.#credit)
      this.#credit -= size + messageCreditBytes
      this.#backlogBytes -= size
      if (size === frame.length) this.#waiting.shift()
      else this.#waiting[0] = frame.subarray(size)
      callHost(HostOperation.chunk, this.#exchangeId, frame.subarray(0, size))
    }
  }
}
