/** How one request waits for subrequests until the head of its answer. Those under way at the same time are one round. */
export class Waits {
  #active = 0
  #sinceMs = 0
  #waitedMs = 0
  #rounds = 0

  /** A subrequest began. Answers what is to be called once when its head came, or it failed. */
  begin(nowMs: () => number = () => performance.now()): () => void {
    if (this.#active === 0) {
      this.#rounds += 1
      this.#sinceMs = nowMs()
    }
    this.#active += 1
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#active -= 1
      if (this.#active === 0) this.#waitedMs += nowMs() - this.#sinceMs
    }
  }

  /** One after the other. */
  get rounds(): number {
    return this.#rounds
  }

  /** In ms. What is still under way when the head goes out was not waited for. */
  get waitedMs(): number {
    return this.#waitedMs
  }
}
