import { SkerryError } from '../../errors/index.ts'
import type { CellHandle } from './cell-handle.ts'

/** After memory was given up, the engine gets so many looks to free it. */
const patienceLooks = 10
/**
 * What an isolate held stays with the process, for the next isolates: V8 keeps the pages (returning them makes each new isolate a fifth dearer). So
 * resident memory does not fall; that it grows by so much again tells that what was given up is used up.
 */
const growthMb = 16

/** The cell when its turn was first seen. */
interface Observation {
  readonly turn: number
  readonly residentMb: number
}

export interface MemoryWatchOptions {
  /** Resident memory above which a cell gives isolates up; at one and a half times that it is replaced, at twice that ended. */
  readonly cellMemoryMb: number
  readonly pressure: {
    /** Gives up isolates without requests. False where there are none. */
    evictIdle(cell: CellHandle): boolean
    /** Has the isolate that holds most take no new requests, and go when its last is over. */
    retireLargest(cell: CellHandle): void
    /** Has the cell take no new requests, and end when its last is over. */
    replace(cell: CellHandle): void
  }
}

/**
 * Keeps each cell within its budget of memory, watched from outside: code in an isolate can fill memory past every limit that V8 keeps. What
 * grew within a turn is that turn's; for what grew over time nobody is to blame.
 */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions
  readonly #turns = new WeakMap<CellHandle, Observation>()
  readonly #patience = new WeakMap<CellHandle, number>()
  /** What a cell held when isolates were last given up. */
  readonly #relievedMb = new WeakMap<CellHandle, number>()

  constructor(options: MemoryWatchOptions) {
    this.#options = options
  }

  /** Call every few dozen milliseconds while the cell has work. */
  look(cell: CellHandle): void {
    const residentMb = cell.residentMb()
    if (residentMb === undefined) return
    const { turns, isolateId } = cell.mark()
    const seen = this.#turns.get(cell)
    if (seen?.turn !== turns) this.#turns.set(cell, { turn: turns, residentMb })
    const { cellMemoryMb } = this.#options
    const knownMb = cell.isolates.get(isolateId)?.version.limits.memoryMb
    // Of an isolate that is given up already the limit is not known any more.
    const limitMb = knownMb ?? cellMemoryMb
    const isInTurn = isolateId !== 0 && seen?.turn === turns
    const grownMb = isInTurn ? residentMb - seen.residentMb : 0
    if (grownMb > limitMb * 1.5 + 32) {
      cell.kill(overuse(limitMb, grownMb))
    } else if (residentMb > Math.max(2 * cellMemoryMb, (knownMb ?? 0) * 2 + 512)) {
      cell.kill(new SkerryError('memory_limit_exceeded', 'The functions of this account used more memory together than a process may'), 'nobody')
    } else if (residentMb > 1.5 * cellMemoryMb) {
      this.#options.pressure.replace(cell)
    } else if (residentMb > cellMemoryMb) {
      this.#relieve(cell, residentMb)
    } else {
      this.#relievedMb.delete(cell)
      this.#patience.delete(cell)
    }
  }

  #relieve(cell: CellHandle, residentMb: number): void {
    const relievedMb = this.#relievedMb.get(cell)
    if (relievedMb !== undefined && residentMb < relievedMb + growthMb) return
    const looksLeft = (this.#patience.get(cell) ?? 0) - 1
    this.#patience.set(cell, looksLeft)
    if (looksLeft > 0) return
    this.#patience.set(cell, patienceLooks)
    this.#relievedMb.set(cell, residentMb)
    if (!this.#options.pressure.evictIdle(cell)) this.#options.pressure.retireLargest(cell)
  }
}

function overuse(limit: number, grownMb: number): SkerryError {
  const used = Math.round(Math.max(grownMb, limit))
  return new SkerryError('memory_limit_exceeded', `The function used more than ${limit} MB of memory`, { limit, used })
}
