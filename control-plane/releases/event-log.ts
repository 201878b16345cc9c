/** Events of one run, kept until the run is forgotten: a reader may come late, and nobody has to read. */
export class EventLog<T> {
  readonly #events: T[] = []
  readonly #wakers = new Set<() => void>()
  #isEnded = false

  push(event: T): void {
    if (this.#isEnded) return
    this.#events.push(event)
    this.#wake()
  }

  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /** All events from the first, then each as it comes, until the end or until the signal aborts. */
  async *read(signal?: AbortSignal): AsyncGenerator<T> {
    let next = 0
    for (;;) {
      const event = this.#events[next]
      if (event !== undefined) {
        next += 1
        yield event
        continue
      }
      if (this.#isEnded || signal?.aborted === true) return
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakers.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        this.#wakers.add(wake)
        signal?.addEventListener('abort', wake)
      })
    }
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }
}
