import { SkerryError } from '../../errors/index.ts'
import { fixedLimits } from '../bridge/index.ts'
import type { CellHandle } from './cell-handle.ts'

/** How often cells are looked at while they have work. */
const periodMs = 50
/** Looks at an idle cell only this often. */
const idlePeriods = 20
/** What an overrunning turn gets beyond the cell's own backstop, before the whole cell is ended. */
const graceMs = 200

interface Observation {
  turns: number
  /** When this turn was first seen with a ping unanswered, in milliseconds. */
  stuckSinceMs: number
  residentMb: number
}

export interface WatchdogOptions {
  readonly cells: () => readonly CellHandle[]
  /** Resident memory above which idle isolates are given up; at twice that the cell is replaced. */
  readonly cellMemoryMb: number
  readonly relievePressure: (cell: CellHandle) => void
  readonly nowMs: () => number
}

/**
 * Watches cells from outside, since code in an isolate can do what its own process can not interrupt: fill memory past V8's limit,
 * or stay in a builtin for ever. It trusts the operating system's figures and the turn marker alone.
 */
export class Watchdog {
  readonly #options: WatchdogOptions
  readonly #observations = new WeakMap<CellHandle, Observation>()
  readonly #timer: NodeJS.Timeout
  #period = 0

  constructor(options: WatchdogOptions) {
    this.#options = options
    this.#timer = setInterval(() => {
      this.look()
    }, periodMs)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  look(): void {
    this.#period = (this.#period + 1) % idlePeriods
    for (const cell of this.#options.cells()) {
      if (!cell.ready || cell.gone) continue
      if (cell.inFlight > 0 || cell.awaitsPong || this.#period === 0) this.#lookAt(cell)
    }
  }

  #lookAt(cell: CellHandle): void {
    const mark = cell.mark()
    const residentMb = cell.residentMb() ?? 0
    const before = this.#observations.get(cell)
    const nowMs = this.#options.nowMs()
    const isolate = cell.isolates.get(mark.isolateId)
    const sameTurn = before !== undefined && before.turns === mark.turns && cell.awaitsPong
    if (!sameTurn) {
      this.#observations.set(cell, { turns: mark.turns, stuckSinceMs: nowMs, residentMb })
      if (!cell.awaitsPong) cell.ping()
      if (residentMb > this.#options.cellMemoryMb) this.#options.relievePressure(cell)
    }
    const limits = isolate?.version.limits
    const memoryMb = limits?.memoryMb ?? 128
    const grownMb = residentMb - (sameTurn ? before.residentMb : residentMb)
    if (grownMb > memoryMb * 1.5 + 32 || residentMb > Math.max(2 * this.#options.cellMemoryMb, memoryMb * 2 + 512)) {
      cell.kill(
        new SkerryError('memory_limit_exceeded', `The function used more than ${memoryMb} MB of memory`, {
          limit: memoryMb,
          used: Math.round(Math.max(grownMb, memoryMb)),
        }),
      )
      return
    }
    if (!sameTurn) return
    const cpuMs = mark.exchangeId === 0 ? fixedLimits.startupCpuMs : (limits?.cpuMs ?? 50)
    const stuckMs = nowMs - before.stuckSinceMs
    if (stuckMs > cpuMs * 2 + 30 + graceMs) {
      cell.kill(
        new SkerryError('cpu_limit_exceeded', `The request ran for ${Math.round(stuckMs)} ms in one turn; the limit is ${cpuMs} ms of CPU`, {
          limit: cpuMs,
          used: Math.round(stuckMs),
        }),
      )
    }
  }
}
