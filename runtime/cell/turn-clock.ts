import { coarseThreadCpuMicros, threadCpuMicros } from './meter.ts'

/** A turn below this is charged what it took by the clock, which is no less than its CPU time. */
const shortMicros = 1_000
/** A coarse reading serves for so long: turns follow each other within microseconds, and the reading is a system call. */
const coarseForMs = 1
/** What a turn may use beyond its limit before a call of the host ends it. */
const graceMs = 10

/** Measures the turn, or the load, that is running, and knows when it has had its CPU time. */
export class TurnClock {
  #startMs = 0
  #wallMs = 0
  #startMicros = 0
  #ceilingMs = 0
  #coarseMicros = 0
  #coarseUntilMs = 0

  /**
   * Begins a turn that may use `leftMs` of CPU.
   *
   * @param isShort whether the turn is likely to be short: then its beginning is read coarsely, which may charge it up to 5 ms too much if it
   * is long after all
   */
  begin(leftMs: number, isShort: boolean): void {
    const exactMicros = isShort ? undefined : threadCpuMicros()
    this.#startMs = performance.now()
    this.#startMicros = exactMicros ?? this.#readCoarsely()
    this.#wallMs = Date.now()
    this.#ceilingMs = Math.max(leftMs, 0) + graceMs
  }

  /** When the turn began, in whole milliseconds: by the wall's clock, and by one that nobody sets. */
  get beginning(): { readonly wallMs: number; readonly steadyMs: number } {
    return { wallMs: this.#wallMs, steadyMs: Math.floor(this.#startMs) }
  }

  /** CPU time of the turn so far, in microseconds. */
  get cpuMicros(): number {
    const elapsedMicros = (performance.now() - this.#startMs) * 1_000
    return elapsedMicros < shortMicros ? elapsedMicros : Math.min(elapsedMicros, threadCpuMicros() - this.#startMicros)
  }

  #readCoarsely(): number {
    if (this.#startMs >= this.#coarseUntilMs) {
      this.#coarseMicros = coarseThreadCpuMicros()
      this.#coarseUntilMs = this.#startMs + coarseForMs
    }
    return this.#coarseMicros
  }

  /** Whether the turn is over its CPU time. Cheap while it is young. */
  get isOverdue(): boolean {
    return performance.now() - this.#startMs > this.#ceilingMs && this.cpuMicros > this.#ceilingMs * 1_000
  }
}
