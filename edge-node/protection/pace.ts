/** How slowly a peer may send. */
export interface PaceOptions {
  /** Bytes a second, over each window; 0 for any pace. */
  readonly bytesPerSecondMin: number
  readonly windowMs: number
}

export const paceDefaults: PaceOptions = { bytesPerSecondMin: 1_024, windowMs: 30_000 }

/**
 * Judges how fast a peer sends while somebody waits for it. A byte now and then keeps every time-out for silence away, and would hold a
 * request for ever: over a window of waiting the bytes must add up.
 */
export class Pace {
  readonly #options: PaceOptions
  #waitingSinceMs: number | undefined
  #waitedMs = 0
  #bytes = 0

  constructor(options: PaceOptions) {
    this.#options = options
  }

  /** From now on the peer is waited for. */
  wait(nowMs: number): void {
    this.#waitingSinceMs ??= nowMs
  }

  /** It is not, since what it sent is not wanted yet. */
  rest(nowMs: number): void {
    this.#waitedMs += nowMs - (this.#waitingSinceMs ?? nowMs)
    this.#waitingSinceMs = undefined
  }

  /** Bytes came. False where the peer was too slow over a whole window. */
  receive(nowMs: number, bytes: number): boolean {
    const { bytesPerSecondMin, windowMs } = this.#options
    const waitedMs = this.#waitedMs + nowMs - (this.#waitingSinceMs ?? nowMs)
    this.#bytes += bytes
    if (waitedMs < windowMs) return true
    const isFastEnough = this.#bytes * 1_000 >= bytesPerSecondMin * waitedMs
    if (this.#waitingSinceMs !== undefined) this.#waitingSinceMs = nowMs
    this.#waitedMs = 0
    this.#bytes = 0
    return isFastEnough
  }
}
