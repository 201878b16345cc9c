import type { CellHandle } from './cell-handle.ts'

export interface CellFleetOptions {
  readonly create: () => CellHandle
  /** Cells that serve one account. */
  readonly cellsPerAccount: number
  /** Cells of all accounts and purposes; above it the one that idles is ended. */
  readonly cellsMax: number
}

interface AssignedCell {
  readonly cell: CellHandle
  readonly owner: string
  lastUsed: number
}

/**
 * Which cells there are and whom they serve. One spare is always started ahead, since a cell takes a tenth of a second to come up; an
 * owner (an account, and its probation apart from it) takes the spare, and the next spare starts.
 */
export class CellFleet {
  readonly #options: CellFleetOptions
  readonly #assigned = new Map<CellHandle, AssignedCell>()
  #spare: CellHandle | undefined
  #uses = 0
  #closed = false

  constructor(options: CellFleetOptions) {
    this.#options = options
    this.#spare = options.create()
  }

  get cells(): readonly CellHandle[] {
    const assigned = [...this.#assigned.keys()]
    return this.#spare === undefined ? assigned : [...assigned, this.#spare]
  }

  /** The cell of this owner that has least to do, or a new one while the owner may have more. Undefined where none can be had. */
  acquire(owner: string, cellsMax = this.#options.cellsPerAccount): CellHandle | undefined {
    let best: AssignedCell | undefined
    let count = 0
    for (const entry of this.#assigned.values()) {
      if (entry.owner !== owner) continue
      count++
      if (entry.cell.overloaded) continue
      if (best === undefined || weight(entry.cell) < weight(best.cell)) best = entry
    }
    const wantsAnother = count < cellsMax && (best === undefined || best.cell.isolates.size > 0)
    // A second cell is taken only when it is ready: waiting for it would be slower than sharing.
    if (wantsAnother && (best === undefined || this.#spare?.ready === true)) {
      const cell = this.#takeSpare()
      if (cell !== undefined) {
        best = { cell, owner, lastUsed: 0 }
        this.#assigned.set(cell, best)
      }
    }
    if (best === undefined) return undefined
    best.lastUsed = ++this.#uses
    return best.cell
  }

  /** The cell is gone: it is replaced where it was the spare. */
  remove(cell: CellHandle): void {
    this.#assigned.delete(cell)
    if (this.#spare !== cell) return
    this.#spare = undefined
    // A spare that dies at once would die again: wait before the next.
    if (!this.#closed) setTimeout(() => this.#startSpare(), 500).unref()
  }

  close(): void {
    this.#closed = true
    for (const cell of this.cells) cell.kill()
  }

  #takeSpare(): CellHandle | undefined {
    if (this.#assigned.size >= this.#options.cellsMax && !this.#endIdlest()) return undefined
    const cell = this.#spare ?? this.#options.create()
    this.#spare = undefined
    this.#startSpare()
    return cell
  }

  #startSpare(): void {
    if (this.#spare === undefined && !this.#closed) this.#spare = this.#options.create()
  }

  #endIdlest(): boolean {
    let idlest: AssignedCell | undefined
    for (const entry of this.#assigned.values()) {
      if (entry.cell.inFlight > 0) continue
      if (idlest === undefined || entry.lastUsed < idlest.lastUsed) idlest = entry
    }
    if (idlest === undefined) return false
    this.#assigned.delete(idlest.cell)
    idlest.cell.kill()
    return true
  }
}

function weight(cell: CellHandle): number {
  return cell.inFlight * 8 + cell.isolates.size
}
