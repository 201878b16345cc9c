/** Retries that each request pays for. */
const shareOfRequests = 0.2
/** Retries a second that are free, so that few requests can be repeated too. */
const freePerSecond = 10
/** What was saved longer ago is forgotten. */
const windowMs = 10_000

/**
 * What a process may repeat of what others refused because they are busy: a fifth of its requests, and a few a second. Without a bound an
 * overload that begins at one node would reach all as a multiple of itself.
 *
 * Invariant: over any window, retries are at most `freePerSecond` times its length, and a fifth of the requests in it and in the window before.
 */
export class RetryBudget {
  #balance = freePerSecond
  #updatedMs = 0
  #requestsPerWindow = 0
  #denied = 0

  /** How many retries were denied. */
  get denied(): number {
    return this.#denied
  }

  /** A request came, which may have to be repeated. */
  deposit(nowMs: number): void {
    this.#update(nowMs)
    this.#requestsPerWindow += 1
    this.#balance += shareOfRequests
  }

  /** Whether one more may be repeated; counts it. */
  withdraw(nowMs: number): boolean {
    this.#update(nowMs)
    if (this.#balance < 1) {
      this.#denied += 1
      return false
    }
    this.#balance -= 1
    return true
  }

  #update(nowMs: number): void {
    const passedMs = nowMs - this.#updatedMs
    this.#updatedMs = nowMs
    this.#requestsPerWindow *= Math.exp(-passedMs / windowMs)
    const most = freePerSecond + shareOfRequests * this.#requestsPerWindow
    this.#balance = Math.min(this.#balance + (freePerSecond * passedMs) / 1_000, most)
  }
}
