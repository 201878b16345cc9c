import type { BlankFactory, BlankIsolate } from './blank-isolate.ts'

export interface BlankPoolOptions {
  /** Held ready once the cell is in use; half of it before. */
  readonly size: number
  /** Made before the cell says that it is ready. */
  readonly initialSize: number
  readonly memoryMb: number
  readonly factory: Pick<BlankFactory, 'create' | 'createNow'>
  /** A blank was added: who was told to wait may take it. */
  readonly onAdded: () => void
}

/** A request that takes a blank has the cores to itself for so long; the next blank is made then. */
const quietMs = 3
/** After a trial the node activates the version, and whoever deploys waits for that and not for the next trial. */
const trialQuietMs = 1_000
/** With no more than this share left there is no waiting. */
const lowShare = 1 / 4

/** Keeps blank isolates ready. Filled one at a time, on another thread. */
export class BlankPool {
  readonly #options: BlankPoolOptions
  readonly #blanks: BlankIsolate[] = []
  #isRefilling = false
  #wanted: number
  #timer: NodeJS.Timeout | undefined

  constructor(options: BlankPoolOptions) {
    this.#options = options
    this.#wanted = Math.ceil(options.size / 2)
    while (this.#blanks.length < options.initialSize) this.#blanks.push(options.factory.createNow(options.memoryMb))
  }

  /** Goes on filling beyond the initial ones. */
  start(): void {
    if (!this.#isRefilling) void this.#refill()
  }

  get size(): number {
    return this.#blanks.length
  }

  /**
   * One from the pool, or undefined where it is empty: `onAdded` comes soon. Another memory limit than the pool's is made on the spot. What a trial
   * takes is replaced in a quiet moment, and says nothing of how many are needed.
   */
  take(memoryMb: number, isTrial = false): BlankIsolate | undefined {
    const { factory, memoryMb: pooledMb } = this.#options
    if (memoryMb !== pooledMb) return factory.createNow(memoryMb)
    const blank = this.#blanks.pop()
    if (!isTrial) this.#wanted = this.#options.size
    const isLow = isTrial ? blank === undefined : this.#blanks.length <= this.#wanted * lowShare
    if (isLow) this.start()
    else this.#startIn(isTrial ? trialQuietMs : quietMs)
    return blank
  }

  #startIn(delayMs: number): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.start()
    }, delayMs)
  }

  async #refill(): Promise<void> {
    const { factory, memoryMb, onAdded } = this.#options
    this.#isRefilling = true
    while (this.#blanks.length < this.#wanted) {
      try {
        // A rehearsal takes longer than what it saves: whoever waits goes without.
        this.#blanks.push(await factory.create(memoryMb, this.#blanks.length > 0))
      } catch (error) {
        process.stderr.write(`no blank isolate could be made beside this thread: ${error instanceof Error ? error.message : String(error)}\n`)
        this.#blanks.push(factory.createNow(memoryMb))
      }
      onAdded()
    }
    this.#isRefilling = false
  }
}
