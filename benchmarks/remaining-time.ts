/** Guesses how long a run still takes: by what each part takes in general, and how fast this machine has been so far. */
export class RemainingTime {
  readonly #startedAtMs: number
  readonly #nowMs: () => number
  #done = 0
  #left: number

  /** `weights` in any unit, one for each part. */
  constructor(weights: readonly number[], nowMs: () => number) {
    this.#left = weights.reduce((total, weight) => total + weight, 0)
    this.#nowMs = nowMs
    this.#startedAtMs = nowMs()
  }

  /** Takes note that a part of this weight is over, and tells what is left, such as `2 min left`. */
  done(weight: number): string {
    this.#done += weight
    this.#left -= weight
    const seconds = ((this.#nowMs() - this.#startedAtMs) / 1_000) * (Math.max(this.#left, 0) / this.#done)
    return seconds >= 90 ? `about ${Math.round(seconds / 60)} min left` : `about ${Math.round(seconds)} s left`
  }
}
