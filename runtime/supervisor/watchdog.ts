import { SkerryError } from '../../errors/index.ts'
import { backstopMs, fixedLimits } from '../bridge/index.ts'
import type { CellHandle } from './cell-handle.ts'
import type { ProcessUsage } from './cell-process.ts'
import type { MachineLoad } from './machine-load.ts'

/** How often cells are looked at while they have work. */
const periodMs = 50
/** Looks at an idle cell only this often. */
const idlePeriods = 20
/** What an overrunning turn gets beyond the cell's own backstop, before the whole cell is ended. */
const graceMs = 400
/** Of an isolate that is gone already. */
const defaults = { memoryMb: 128, cpuMs: 50 }

/** The cell when this turn was first seen, with a ping unanswered since. */
interface Observation {
  readonly turns: number
  readonly usage: ProcessUsage
  /** The machine's load then, which the cell's own backstop was set by. */
  readonly contention: number
}

export interface WatchdogOptions {
  readonly cells: () => readonly CellHandle[]
  /** Resident memory above which idle isolates are given up; at twice that the cell is replaced. */
  readonly cellMemoryMb: number
  readonly relievePressure: (cell: CellHandle) => void
  readonly load: MachineLoad
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
    this.#options.load.look()
    for (const cell of this.#options.cells()) {
      if (!cell.ready || cell.gone) continue
      if (this.#period === 0) cell.lowerHelperThreads()
      if (cell.inFlight > 0 || cell.awaitsPong || this.#period === 0) this.#lookAt(cell)
    }
  }

  #lookAt(cell: CellHandle): void {
    const { turns, isolateId, exchangeId } = cell.mark()
    const usage = cell.usage() ?? { residentMb: 0, cpuMs: this.#options.nowMs() }
    const before = this.#observations.get(cell)
    const isSameTurn = before !== undefined && before.turns === turns && cell.awaitsPong
    const first = isSameTurn ? before : { turns, usage, contention: this.#options.load.contention }
    if (!isSameTurn) {
      this.#observations.set(cell, first)
      if (!cell.awaitsPong) cell.ping()
      if (usage.residentMb > this.#options.cellMemoryMb) this.#options.relievePressure(cell)
    }
    const limits = cell.isolates.get(isolateId)?.version.limits
    this.#checkMemory(cell, limits?.memoryMb ?? defaults.memoryMb, usage.residentMb, usage.residentMb - first.usage.residentMb)
    const cpuLimitMs = exchangeId === 0 ? fixedLimits.startupCpuMs : (limits?.cpuMs ?? defaults.cpuMs)
    if (!isSameTurn) return
    const usedMs = usage.cpuMs - first.usage.cpuMs
    this.#checkCpu(cell, exchangeId === 0 ? 'Start-up' : 'The request', cpuLimitMs, usedMs, first.contention)
  }

  #checkMemory(cell: CellHandle, limitMb: number, residentMb: number, grownMb: number): void {
    const ceilingMb = Math.max(2 * this.#options.cellMemoryMb, limitMb * 2 + 512)
    if (grownMb <= limitMb * 1.5 + 32 && residentMb <= ceilingMb) return
    cell.kill(
      new SkerryError('memory_limit_exceeded', `The function used more than ${limitMb} MB of memory`, {
        limit: limitMb,
        used: Math.round(Math.max(grownMb, limitMb)),
      }),
    )
  }

  /**
   * By CPU time, so that a turn which only waits for a core is left alone, whatever the load. On a busy machine the cell's own backstop comes
   * later, and ends the isolate alone: it must have had its time before the whole cell is given up.
   */
  #checkCpu(cell: CellHandle, what: string, limitMs: number, usedMs: number, contention: number): void {
    if (usedMs <= backstopMs(limitMs, contention) + graceMs) return
    const used = Math.round(usedMs)
    cell.kill(
      new SkerryError('cpu_limit_exceeded', `${what} used ${used} ms of CPU in one turn; the limit is ${limitMs} ms`, { limit: limitMs, used }),
    )
  }
}
