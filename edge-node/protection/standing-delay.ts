export interface StandingDelayOptions {
  /** What a queue may take for good; a burst may take more for a moment. */
  readonly targetMs: number
  readonly intervalMs: number
}

/** What was found at the end of an interval. */
export interface DelayFinding {
  /** The shortest delay of the interval: what even the luckiest had to wait. */
  readonly leastMs: number
  readonly isStanding: boolean
}

/** Fewer say nothing: one pause of the garbage collector would count as a queue. */
const samplesMin = 4

/**
 * Tells a standing queue from a burst, as CoDel does: by the shortest delay of an interval, since a burst drains within it. Above the target it
 * stands; it is over only below half of that, so that the answer does not flap. @see https://www.rfc-editor.org/rfc/rfc8289
 */
export class StandingDelay {
  readonly #options: StandingDelayOptions
  #begunMs: number | undefined
  #leastMs = Number.POSITIVE_INFINITY
  #samples = 0
  #isStanding = false

  constructor(options: StandingDelayOptions) {
    this.#options = options
  }

  /** Takes a sample; the finding where it ends an interval. */
  sample(nowMs: number, delayMs: number): DelayFinding | undefined {
    this.#begunMs ??= nowMs
    this.#leastMs = Math.min(this.#leastMs, delayMs)
    this.#samples += 1
    if (nowMs - this.#begunMs < this.#options.intervalMs || this.#samples < samplesMin) return undefined
    const leastMs = this.#leastMs
    if (leastMs >= this.#options.targetMs) this.#isStanding = true
    else if (leastMs < this.#options.targetMs / 2) this.#isStanding = false
    this.#begunMs = nowMs
    this.#leastMs = Number.POSITIVE_INFINITY
    this.#samples = 0
    return { leastMs, isStanding: this.#isStanding }
  }
}
