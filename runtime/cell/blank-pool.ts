import type { BlankFactory, BlankIsolate } from './blank-isolate.ts'

export interface BlankPoolOptions {
  /** Held ready once the cell is in use. */
  readonly size: number
  /** Made before the cell says that it is ready. */
  readonly initialSize: number
  readonly memoryMb: number
  readonly factory: Pick<BlankFactory, 'create' | 'createNow'>
}

/** Keeps blank isolates ready. Refilled one at a time, on another thread, from the first that is taken on. */
export class BlankPool {
  readonly #options: BlankPoolOptions
  readonly #blanks: BlankIsolate[] = []
  #isRefilling = false

  constructor(options: BlankPoolOptions) {
    this.#options = options
    while (this.#blanks.length < options.initialSize) this.#blanks.push(options.factory.createNow(options.memoryMb))
  }

  get size(): number {
    return this.#blanks.length
  }

  /** One from the pool; made on the spot where it is empty, or where the limit is not the pool's. */
  take(memoryMb: number): BlankIsolate {
    const { factory, memoryMb: pooledMb } = this.#options
    if (memoryMb !== pooledMb) return factory.createNow(memoryMb)
    const blank = this.#blanks.pop()
    if (!this.#isRefilling) void this.#refill()
    return blank ?? factory.createNow(memoryMb)
  }

  async #refill(): Promise<void> {
    const { factory, memoryMb, size } = this.#options
    this.#isRefilling = true
    try {
      while (this.#blanks.length < size) this.#blanks.push(await factory.create(memoryMb))
    } catch (error) {
      // The next request makes its own, and tries to refill again.
      process.stderr.write(`no blank isolate could be made: ${error instanceof Error ? error.message : String(error)}\n`)
    } finally {
      this.#isRefilling = false
    }
  }
}
