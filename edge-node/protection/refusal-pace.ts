/** What `retry-after` asks for at the least. */
const retryMs = 1_000
/** Refusals that wait; beyond it they are given at once. */
const waitingMax = 4_096

/**
 * Gives refusals at once, but for a connection that comes again before it was asked to: its next refusal waits until then. Without it a client that
 * repeats at once is refused thousands of times a second, and takes the node's time from others by that alone (measured).
 */
export class RefusalPace {
  readonly #notBeforeMs = new WeakMap<object, number>()
  #waiting = 0

  get waiting(): number {
    return this.#waiting
  }

  /** Calls `refuse` once, now or within a second. */
  refuse(connection: object, nowMs: number, refuse: () => void): void {
    const waitMs = Math.min(retryMs, (this.#notBeforeMs.get(connection) ?? 0) - nowMs)
    if (waitMs <= 0 || this.#waiting >= waitingMax) {
      this.#notBeforeMs.set(connection, nowMs + retryMs)
      refuse()
      return
    }
    this.#notBeforeMs.set(connection, nowMs + waitMs + retryMs)
    this.#waiting += 1
    setTimeout(() => {
      this.#waiting -= 1
      refuse()
    }, waitMs)
  }
}
