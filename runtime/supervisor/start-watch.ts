import { SkerryError } from '../../errors/index.ts'
import type { CellHandle } from './cell-handle.ts'

/** A cell gets so many looks to come up: half a minute, on a machine where it takes a quarter of a second. */
const looksMax = 3_000

/** Ends cells that do not come up, since whoever was placed there would wait for its own time-out, again and again. */
export class StartWatch {
  readonly #looks = new WeakMap<CellHandle, number>()

  /** Call at each look while the cell is not ready. */
  look(cell: CellHandle): void {
    const looks = (this.#looks.get(cell) ?? 0) + 1
    this.#looks.set(cell, looks)
    if (looks >= looksMax) cell.kill(new SkerryError('isolate_crashed', 'The process that should run the function did not come up'), 'nobody')
  }
}
