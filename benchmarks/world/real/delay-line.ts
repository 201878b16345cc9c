/** Bytes on their way that are held at most; beyond it the sender waits. */
const heldBytesMax = 1024 * 1024

interface Held {
  readonly dueMs: number
  readonly bytes: number
  readonly deliver: () => void
}

/** One direction of a path: what goes in comes out in the same order, each as late as it takes. */
export class DelayLine {
  readonly #oneWayMs: () => number
  readonly #held: Held[] = []
  #heldBytes = 0
  #lastDueMs = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** `oneWayMs` is drawn anew for each piece; before `openMs`, by `performance.now()`, nothing sets out. */
  constructor(oneWayMs: () => number, openMs = 0) {
    this.#oneWayMs = oneWayMs
    this.#lastDueMs = openMs
  }

  get isFull(): boolean {
    return this.#heldBytes > heldBytesMax
  }

  /** Calls `deliver` when a piece that is sent now has arrived. */
  send(bytes: number, deliver: () => void): void {
    if (this.#isClosed) return
    // A line that opens later holds the first piece until then: it stands in `#lastDueMs` as what went before.
    const setsOutMs = this.#held.length === 0 ? Math.max(performance.now(), this.#lastDueMs) : performance.now()
    const dueMs = Math.max(this.#lastDueMs, setsOutMs + this.#oneWayMs())
    this.#lastDueMs = dueMs
    this.#heldBytes += bytes
    this.#held.push({ dueMs, bytes, deliver })
    this.#timer ??= setTimeout(this.#arrive, Math.max(0, dueMs - performance.now()))
  }

  /** What is under way never arrives. */
  close(): void {
    this.#isClosed = true
    this.#held.length = 0
    clearTimeout(this.#timer)
  }

  readonly #arrive = (): void => {
    this.#timer = undefined
    for (;;) {
      const next = this.#held[0]
      if (next === undefined || this.#isClosed) return
      const leftMs = next.dueMs - performance.now()
      if (leftMs > 0.5) {
        this.#timer = setTimeout(this.#arrive, leftMs)
        return
      }
      this.#held.shift()
      this.#heldBytes -= next.bytes
      next.deliver()
    }
  }
}
