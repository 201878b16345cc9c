/** Timers that one isolate may have at a time. */
const timersMax = 10_000
const delayMsMax = 2 ** 31 - 1

/** The timers of one isolate, each owned by a request (0: by none). */
export class TimerTable {
  readonly #timers = new Map<number, { readonly handle: NodeJS.Timeout; readonly request: number }>()
  readonly #onDue: (timer: number, request: number) => void

  constructor(onDue: (timer: number, request: number) => void) {
    this.#onDue = onDue
  }

  /** False where there are too many already. */
  start(timer: number, delayMs: number, request: number): boolean {
    if (this.#timers.size >= timersMax) return false
    const handle = setTimeout(() => {
      this.#timers.delete(timer)
      this.#onDue(timer, request)
    }, Math.min(Math.max(delayMs, 0), delayMsMax))
    this.#timers.set(timer, { handle, request })
    return true
  }

  clear(timer: number): void {
    clearTimeout(this.#timers.get(timer)?.handle)
    this.#timers.delete(timer)
  }

  clearOf(request: number): void {
    if (this.#timers.size === 0) return
    for (const [timer, entry] of this.#timers) if (entry.request === request) this.clear(timer)
  }

  clearAll(): void {
    for (const { handle } of this.#timers.values()) clearTimeout(handle)
    this.#timers.clear()
  }
}
