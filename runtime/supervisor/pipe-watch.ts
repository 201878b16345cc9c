import { SkerryError } from '../../errors/index.ts'
import type { CellHandle } from './cell-handle.ts'

/** Everything that is sent to a cell is bounded by credit and by what waits for it: beyond this it takes nothing, and asks for more. */
const backlogBytesMax = 512 * 1024 * 1024
/** In so many looks a cell may send so many frames: several times what the busiest sends, and less than would keep the node from others. */
const windowLooks = 100
const framesMax = 1_000_000

interface Window {
  /** Received when it began. */
  readonly frames: number
  looks: number
}

/** Ends cells that do to the node by their pipe what none does whose code is Skerry's: somebody has taken them over. */
export class PipeWatch {
  readonly #windows = new WeakMap<CellHandle, Window>()

  /** Call at each look. */
  look(cell: CellHandle): void {
    if (cell.backlogBytes > backlogBytesMax) {
      cell.kill(new SkerryError('isolate_crashed', 'The process that ran the function took nothing of what was sent to it'), 'nobody')
      return
    }
    const window = this.#windows.get(cell)
    if (window === undefined || window.looks >= windowLooks) {
      this.#windows.set(cell, { frames: cell.framesReceived, looks: 0 })
      return
    }
    window.looks++
    if (cell.framesReceived - window.frames <= framesMax) return
    cell.kill(new SkerryError('isolate_crashed', 'The process that ran the function sent more than any may'), 'nobody')
  }
}
