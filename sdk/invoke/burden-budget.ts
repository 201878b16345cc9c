/** Of what busy nodes refuse so much is asked of others: a share of the calls, and so many a second; what was saved up counts up to a bound. */
const shareOfCalls = 0.2
const freePerSecond = 1
const savedMax = 10

/**
 * What an invoker may ask of further nodes since others are busy. Without a bound, a cluster that is full would be asked three times as much as
 * it can not do.
 */
export class BurdenBudget {
  #saved = savedMax
  #updatedMs = Number.NEGATIVE_INFINITY

  /** A call came. */
  deposit(nowMs: number): void {
    this.#update(nowMs)
    this.#saved = Math.min(savedMax, this.#saved + shareOfCalls)
  }

  /** Whether one more may be asked; counts it. */
  withdraw(nowMs: number): boolean {
    this.#update(nowMs)
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }

  #update(nowMs: number): void {
    this.#saved = Math.min(savedMax, this.#saved + freePerSecond * Math.max(0, nowMs - this.#updatedMs) / 1_000)
    this.#updatedMs = nowMs
  }
}
