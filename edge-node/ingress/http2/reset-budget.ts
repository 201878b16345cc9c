/** How many requests of a connection may be given up: so many at once, and so many in a second after that. */
export class ResetBudget {
  readonly #burst: number
  readonly #perSecond: number
  #left: number
  #filledMs: number | undefined

  constructor(burst: number, perSecond: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#left = burst
  }

  /** Takes one; false where there is none left. */
  take(nowMs: number): boolean {
    const elapsedMs = nowMs - (this.#filledMs ?? nowMs)
    this.#filledMs = nowMs
    this.#left = Math.min(this.#burst, this.#left + (elapsedMs / 1_000) * this.#perSecond)
    if (this.#left < 1) return false
    this.#left -= 1
    return true
  }
}
