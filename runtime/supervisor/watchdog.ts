import type { CellHandle } from './cell-handle.ts'

/** How often cells are looked at while they have work. */
const periodMs = 10
/** Memory is looked at only this often, in periods; and an idle cell. */
const memoryPeriods = 5
const idlePeriods = 100

export interface Watch {
  look(cell: CellHandle): void
}

export interface WatchdogOptions {
  readonly cells: () => readonly CellHandle[]
  readonly starts: Watch
  readonly turns: Watch
  readonly liveness: Watch
  readonly pipes: Watch
  readonly memory: Watch
}

/**
 * Has each cell watched from outside, since code in an isolate can do what its own process can not interrupt. The watches trust the operating
 * system's figures and the turn marker alone.
 */
export class Watchdog {
  readonly #options: WatchdogOptions
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
    const { cells, starts, turns, liveness, pipes, memory } = this.#options
    this.#period = (this.#period + 1) % idlePeriods
    for (const [index, cell] of cells().entries()) {
      // Not all in one look: it costs a quarter of a millisecond for each.
      const isIdleTurn = (this.#period + index) % idlePeriods === 0
      if (cell.gone) continue
      if (!cell.ready) {
        starts.look(cell)
        continue
      }
      if (isIdleTurn) cell.applyPriority()
      const hasWork = cell.inFlight > 0 || cell.isolates.size > 0
      if (!hasWork && !isIdleTurn) continue
      turns.look(cell)
      if (!cell.gone) pipes.look(cell)
      if (cell.inFlight > 0 && !cell.gone) liveness.look(cell)
      if (!cell.gone && (isIdleTurn || (cell.inFlight > 0 && this.#period % memoryPeriods === 0))) memory.look(cell)
    }
  }
}
