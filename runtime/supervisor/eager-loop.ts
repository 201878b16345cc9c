/** How long an answer is looked for: about what it takes a small function, with its process woken up. */
const lookMs = 0.1
/** Between two looks lies less, unless the loop had something else to do meanwhile. */
const betweenLooksMs = 0.02
/** Who found nothing so often more than something looks no more, but now and then. */
const missesMax = 4
const retryAfter = 64

export interface EagerLoopOptions {
  /** In fractions of a millisecond. */
  readonly nowMs: () => number
  /** Calls back after the event loop has looked for input once, without waiting for any. */
  readonly afterLook: (then: () => void) => void
}

/**
 * Keeps the event loop from going to sleep for a moment when an answer of a cell is about to come. To sleep and be woken up takes a process longer
 * than most functions run (40 microseconds on virtual machines), and cores as much time as to look.
 *
 * Invariant: it looks for `lookMs` at most after a request was handed over, and where answers do not come so soon, for one request of many.
 */
export class EagerLoop {
  readonly #options: EagerLoopOptions
  #untilMs = 0
  #lookedAtMs = 0
  #isLooking = false
  #misses = 0
  #skipped = 0
  #idleMs = 0

  constructor(options: EagerLoopOptions) {
    this.#options = options
  }

  /** Time that went into looking, in which there was nothing else to do. */
  get idleMs(): number {
    return this.#idleMs
  }

  /** A request was handed to a cell. */
  expect(): void {
    if (this.#misses >= missesMax && ++this.#skipped % retryAfter !== 0) return
    this.#lookedAtMs = this.#options.nowMs()
    this.#untilMs = this.#lookedAtMs + lookMs
    if (this.#isLooking) return
    this.#isLooking = true
    this.#options.afterLook(this.#look)
  }

  /** A cell answered. */
  came(): void {
    if (this.#untilMs === 0) return
    this.#untilMs = 0
    if (this.#misses > 0) this.#misses--
  }

  readonly #look = (): void => {
    const nowMs = this.#options.nowMs()
    this.#idleMs += Math.min(nowMs - this.#lookedAtMs, betweenLooksMs)
    this.#lookedAtMs = nowMs
    if (nowMs < this.#untilMs) {
      this.#options.afterLook(this.#look)
      return
    }
    this.#isLooking = false
    if (this.#untilMs === 0) return
    this.#untilMs = 0
    if (this.#misses < missesMax) this.#misses++
  }
}

/** That of this process; undefined where cells have no other core to answer on. */
export function createEagerLoop(cores: number): EagerLoop | undefined {
  return cores < 2 ? undefined : new EagerLoop({ nowMs: () => performance.now(), afterLook: (then) => void setImmediate(then) })
}
