import { Readable } from 'node:stream'

/**
 * A streamed request body between the function, which sends within its credit, and the network.
 *
 * Invariant: a chunk counts as consumed when the network asks for the next one, so what waits here never exceeds the
 * function's credit.
 */
export class ChunkQueue {
  readonly #waiting: Uint8Array[] = []
  readonly #onConsumed: (bytes: number) => void
  #isEnded = false
  #isOver = false
  #wake: (() => void) | undefined

  constructor(onConsumed: (bytes: number) => void) {
    this.#onConsumed = onConsumed
  }

  push(chunk: Uint8Array): void {
    if (this.#isOver || this.#isEnded) return
    this.#waiting.push(chunk)
    this.#wake?.()
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  /** Nothing more is wanted: what waits is dropped. */
  destroy(): void {
    this.#isOver = true
    this.#waiting.length = 0
    this.#wake?.()
  }

  toReadable(): Readable {
    return Readable.from(this.#chunks(), { objectMode: false, highWaterMark: 0 })
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void, void> {
    while (!this.#isOver) {
      const chunk = this.#waiting.shift()
      if (chunk !== undefined) {
        yield chunk
        if (!this.#isOver) this.#onConsumed(chunk.length)
      } else if (this.#isEnded) {
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    // Ending quietly would make a cut body look complete.
    throw new Error('the request body was given up')
  }
}
