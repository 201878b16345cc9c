import type { SimulatedNode } from './simulate.ts'

export interface CellSettings {
  /** Of all accounts. */
  readonly cellsMax: number
  readonly cellsPerAccount: number
  /** A cell that would hold more gives up the older half of its isolates. */
  readonly isolatesPerCell: number
  readonly idleSeconds: number
}

interface Cell {
  readonly account: number
  /** Functions, the one used longest ago first. */
  readonly isolates: Map<number, number>
  usedSeconds: number
}

/** An account below so much of all cells may have the last that is left, and another's that idles. */
const modestShare = 1 / 8

/**
 * A node as `runtime/supervisor` places isolates today: cells belong to accounts, an isolate goes to the cell of its account that has fewest, and where
 * all cells are taken the one used longest ago is ended with all that is in it. Requests take no time here, so that every isolate always idles.
 */
export class CellNode implements SimulatedNode {
  readonly #settings: CellSettings
  readonly #accountOf: (id: number) => number
  readonly #cellOf = new Map<number, Cell>()
  readonly #cells = new Map<number, Cell[]>()
  #count = 0
  #started = 0

  constructor(settings: CellSettings, accountOf: (id: number) => number) {
    this.#settings = settings
    this.#accountOf = accountOf
  }

  get size(): number {
    return this.#cellOf.size
  }

  get cells(): number {
    return this.#count
  }

  /** How many were taken for an account so far. */
  get cellsStarted(): number {
    return this.#started
  }

  request(id: number, nowSeconds: number): boolean {
    const found = this.#cellOf.get(id)
    const usedSeconds = found?.isolates.get(id)
    const isWarm = usedSeconds !== undefined && usedSeconds >= nowSeconds - this.#settings.idleSeconds
    const cell = found ?? this.#acquire(this.#accountOf(id))
    cell.isolates.delete(id)
    if (!isWarm) this.#giveUpIdle(cell, nowSeconds)
    cell.isolates.set(id, nowSeconds)
    cell.usedSeconds = nowSeconds
    this.#cellOf.set(id, cell)
    return isWarm
  }

  #acquire(account: number): Cell {
    const own = this.#cells.get(account) ?? []
    const { cellsMax, cellsPerAccount } = this.#settings
    const left = cellsMax - this.#count
    const isModest = own.length < cellsMax * modestShare
    const hasRoom = own.length < left || (left > 0 && isModest)
    let [best] = own
    for (const cell of own) if (best === undefined || cell.isolates.size < best.isolates.size) best = cell
    if (best !== undefined && (own.length >= cellsPerAccount || best.isolates.size === 0 || !hasRoom)) return best
    if (best === undefined && !hasRoom) this.#endIdlest()
    const cell: Cell = { account, isolates: new Map(), usedSeconds: 0 }
    this.#cells.set(account, [...(this.#cells.get(account) ?? []), cell])
    this.#count++
    this.#started++
    return cell
  }

  #endIdlest(): void {
    let idlest: Cell | undefined
    for (const cells of this.#cells.values()) for (const cell of cells) if (idlest === undefined || cell.usedSeconds < idlest.usedSeconds) idlest = cell
    if (idlest === undefined) return
    for (const id of idlest.isolates.keys()) this.#cellOf.delete(id)
    const rest = (this.#cells.get(idlest.account) ?? []).filter((cell) => cell !== idlest)
    if (rest.length === 0) this.#cells.delete(idlest.account)
    else this.#cells.set(idlest.account, rest)
    this.#count--
  }

  /** Those that idled too long, and, where the cell is full, the older half. */
  #giveUpIdle({ isolates }: Cell, nowSeconds: number): void {
    const { idleSeconds, isolatesPerCell } = this.#settings
    let surplus = isolates.size >= isolatesPerCell ? Math.ceil(isolates.size / 2) : 0
    for (const [id, usedSeconds] of isolates) {
      if (surplus <= 0 && usedSeconds >= nowSeconds - idleSeconds) break
      isolates.delete(id)
      this.#cellOf.delete(id)
      surplus--
    }
  }
}
