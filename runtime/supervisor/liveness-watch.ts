import { SkerryError } from '../../errors/index.ts'
import type { CellHandle } from './cell-handle.ts'
import type { ThreadTime } from './process-usage.ts'

/** A cell that has work is pinged this often, in looks, and gets this many to answer. */
const pingLooks = 5
const answerLooks = 300
/** Between judgements on a cell that goes on not to answer. */
const judgeLooks = 100
/** A thread that ran, or wanted to, for this share of the time is busy or starved: that is for others to judge. */
const busyShare = 0.1

interface Ping {
  readonly sentMs: number
  readonly time: ThreadTime
  looks: number
}

/**
 * Ends cells that neither work nor answer: stopped, or blocked in the kernel. Time is counted in looks, so that a node that was stopped itself
 * does not accuse its cells.
 */
export class LivenessWatch {
  readonly #nowMs: () => number
  readonly #pings = new WeakMap<CellHandle, Ping>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Call at each look while the cell has work. */
  look(cell: CellHandle): void {
    const ping = this.#pings.get(cell)
    if (ping === undefined || (!cell.awaitsPong && ping.looks >= pingLooks)) {
      const time = cell.threadTime()
      if (time === undefined) return
      this.#pings.set(cell, { sentMs: this.#nowMs(), time, looks: 0 })
      cell.ping()
      return
    }
    ping.looks++
    if (!cell.awaitsPong || ping.looks < answerLooks || ping.looks % judgeLooks !== 0) return
    const time = cell.threadTime()
    if (time === undefined) return
    const elapsedMs = this.#nowMs() - ping.sentMs
    const activeMs = time.runningMs + time.waitingMs - ping.time.runningMs - ping.time.waitingMs
    if (activeMs > elapsedMs * busyShare) this.#pings.set(cell, { sentMs: this.#nowMs(), time, looks: 0 })
    else cell.kill(new SkerryError('isolate_crashed', 'The process that ran the function did not answer any more'), cell.mark().isolateId === 0 ? 'nobody' : 'running')
  }
}
