import { type Clock, systemClock } from '../clock.ts'

/** A clock that stands still until a test calls `advance`, which runs what became due in order. */
export class FakeClock implements Clock {
  #nowMs: number
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>()

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, callback }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size
  }

  advance(byMs: number): void {
    const targetMs = this.#nowMs + byMs
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.dueMs <= targetMs).toSorted((a, b) => a.dueMs - b.dueMs)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#nowMs = Math.max(this.#nowMs, due.dueMs)
      due.callback()
    }
    this.#nowMs = targetMs
  }
}

/** The system's clock, but that the time of day is another millisecond each time: what is sorted by it is in the order in which it came. */
export function steppingClock(): Clock {
  let nowMs = 1_700_000_000_000
  return { ...systemClock, nowMs: () => (nowMs += 1) }
}
