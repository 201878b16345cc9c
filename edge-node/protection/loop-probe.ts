/** How often the loop is looked at. */
const periodMs = 25

/**
 * Measures how long one turn of the event loop takes: the most that somebody who comes now waits until he is heard.
 *
 * Two immediates in a row have one turn between them. The loop does not sleep while an immediate waits, so that what passes is work alone: an
 * idle process shows next to nothing however late its timers are.
 */
export class LoopProbe {
  readonly #onTurn: (nowMs: number, turnMs: number) => void
  readonly #timer: NodeJS.Timeout
  #isMeasuring = false
  #latestMs = 0

  constructor(onTurn: (nowMs: number, turnMs: number) => void) {
    this.#onTurn = onTurn
    this.#timer = setInterval(() => this.#measure(), periodMs)
    this.#timer.unref()
  }

  /** The last turn that was measured. */
  get latestMs(): number {
    return this.#latestMs
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #measure(): void {
    if (this.#isMeasuring) return
    this.#isMeasuring = true
    setImmediate(() => {
      const begunMs = performance.now()
      setImmediate(() => {
        this.#isMeasuring = false
        const nowMs = performance.now()
        this.#latestMs = nowMs - begunMs
        this.#onTurn(nowMs, this.#latestMs)
      })
    })
  }
}
