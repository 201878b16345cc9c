/** Hedges that each request pays for. */
const shareOfRequests = 0.02
/** What is saved at most. */
const savedMax = 10

/**
 * What a process may ask a second node for because the first is slow: one in fifty requests, so that slowness everywhere makes no load that
 * makes it worse.
 */
export class HedgeBudget {
  #saved = 1

  /** A request came. */
  deposit(): void {
    this.#saved = Math.min(savedMax, this.#saved + shareOfRequests)
  }

  /** Whether one more may be hedged; counts it. */
  withdraw(): boolean {
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }
}
