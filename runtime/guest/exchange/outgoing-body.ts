import { HostOperation, initialCreditBytes, maximumChunkBytes } from '../../bridge/index.ts'
import type { ChunkSource } from '../fetch/index.ts'
import { callHost } from '../host.ts'
import { describeThrown } from '../report-exception.ts'

/**
 * A body that flows away from the guest: pulls from its source only while the host takes bytes.
 *
 * Invariants: the bytes sent never exceed the first window plus the credit given; a chunk is read from the source only after the
 * one before it left; after `end` or `reset` nothing is sent.
 */
export class OutgoingBody {
  readonly #exchangeId: number
  readonly #source: ChunkSource
  readonly #onOver: () => void
  readonly #onFailed: ((error: unknown) => void) | undefined
  #credit = initialCreditBytes
  #wake: (() => void) | undefined
  #isOver = false

  /** `onOver` is called once, when nothing is sent any more, whatever the reason; `onFailed` after it where the source failed. */
  constructor(exchangeId: number, source: ChunkSource, onOver: () => void, onFailed?: (error: unknown) => void) {
    this.#exchangeId = exchangeId
    this.#source = source
    this.#onOver = onOver
    this.#onFailed = onFailed
  }

  get isOver(): boolean {
    return this.#isOver
  }

  start(): void {
    // Never rejects: failures are sent on.
    void this.#pump()
  }

  /** The host consumed bytes. */
  grant(bytes: number): void {
    this.#credit += bytes
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  /** Nobody wants the rest: the source is told, the host is not. */
  stop(reason: unknown): void {
    if (this.#isOver) return
    this.#finish()
    this.#source.cancel(reason)
  }

  async #pump(): Promise<void> {
    try {
      while (!this.#isOver) {
        const chunk = await this.#source.read()
        if (this.#isOver) return
        if (chunk === undefined) {
          callHost(HostOperation.end, this.#exchangeId)
          this.#finish()
          return
        }
        await this.#send(chunk)
      }
    } catch (error) {
      if (this.#isOver) return
      const { message, stack } = describeThrown(error)
      callHost(HostOperation.reset, this.#exchangeId, message, false, stack)
      this.#finish()
      this.#onFailed?.(error)
    }
  }

  async #send(chunk: Uint8Array): Promise<void> {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#credit === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        if (this.#isOver) return
      }
      const size = Math.min(chunk.length - offset, maximumChunkBytes, this.#credit)
      this.#credit -= size
      callHost(HostOperation.chunk, this.#exchangeId, size === chunk.length ? chunk : chunk.slice(offset, offset + size))
      offset += size
    }
  }

  #finish(): void {
    this.#isOver = true
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
    this.#onOver()
  }
}
