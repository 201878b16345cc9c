import { backstopMs } from '../bridge/index.ts'
import { threadCpuMicros } from './meter.ts'

/** Measures the turn, or the load, that is running, and knows when it has had its time. */
export class TurnClock {
  #startMs = 0
  #startWallMs = 0
  #startMicros = 0
  #deadlineMs = 0
  #ceilingMs = 0

  /** Begins a turn that may use `leftMs` of CPU. Answers with the time-out to set, in milliseconds by the clock. */
  begin(leftMs: number, contention: number): number {
    const timeoutMs = backstopMs(leftMs, contention)
    this.#begin(timeoutMs, backstopMs(leftMs, 1))
    return timeoutMs
  }

  /** Begins a load. Nothing is lost with an isolate that did not come up: it has no grace. */
  beginLoad(startupCpuMs: number, contention: number): void {
    this.#begin(backstopMs(startupCpuMs, contention), startupCpuMs + 10)
  }

  /** When the turn began, in whole milliseconds: all that code inside may know of the time, so that it can not tell how long it runs. */
  get beginning(): { readonly wallMs: number; readonly steadyMs: number } {
    return { wallMs: this.#startWallMs, steadyMs: Math.floor(this.#startMs) }
  }

  /** CPU time of the turn so far, in microseconds. */
  get cpuMicros(): number {
    return threadCpuMicros() - this.#startMicros
  }

  /** The turn so far by the clock, in microseconds. */
  get elapsedMicros(): number {
    return (performance.now() - this.#startMs) * 1_000
  }

  /** Whether the turn is over its CPU ceiling, or its time by the clock. Cheap while it is young. */
  get isOverdue(): boolean {
    const nowMs = performance.now()
    if (nowMs - this.#startMs <= this.#ceilingMs) return false
    return nowMs > this.#deadlineMs || this.cpuMicros > this.#ceilingMs * 1_000
  }

  #begin(timeoutMs: number, ceilingMs: number): void {
    this.#startMicros = threadCpuMicros()
    this.#startMs = performance.now()
    this.#startWallMs = Date.now()
    this.#deadlineMs = this.#startMs + timeoutMs
    this.#ceilingMs = ceilingMs
  }
}
