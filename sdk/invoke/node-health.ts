/** A node that failed is asked whether it is back after so long, each time twice as long, up to a bound. In ms. */
const firstPauseMs = 500
const pauseMsMax = 30_000

interface Down {
  failures: number
  askAtMs: number
}

/** Which nodes did not answer lately. They come after all others until one of their probes is answered: no call pays for finding out. */
export class NodeHealth {
  readonly #down = new Map<string, Down>()

  isDown(name: string): boolean {
    return this.#down.has(name)
  }

  /** Whether it is time to ask a node that is down; if so, the next time is later. */
  isDue(name: string, nowMs: number): boolean {
    const down = this.#down.get(name)
    if (down === undefined || nowMs < down.askAtMs) return false
    this.#postpone(down, nowMs)
    return true
  }

  /** True where it was not down before. */
  fail(name: string, nowMs: number): boolean {
    const known = this.#down.get(name)
    const down = known ?? { failures: 0, askAtMs: 0 }
    this.#postpone(down, nowMs)
    this.#down.set(name, down)
    return known === undefined
  }

  /** True where it was down before. */
  recover(name: string): boolean {
    return this.#down.delete(name)
  }

  retain(names: ReadonlySet<string>): void {
    for (const name of this.#down.keys()) if (!names.has(name)) this.#down.delete(name)
  }

  #postpone(down: Down, nowMs: number): void {
    down.askAtMs = nowMs + Math.min(pauseMsMax, firstPauseMs * 2 ** down.failures)
    down.failures += 1
  }
}
