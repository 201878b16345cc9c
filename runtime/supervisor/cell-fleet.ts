import type { SkerryError } from '../../errors/index.ts'
import type { CellHandle } from './cell-handle.ts'
import type { CellGroup } from './placement.ts'

export interface CellFleetOptions {
  readonly create: () => CellHandle
  /** Cells of all owners and purposes; beyond it one that idles is ended. */
  readonly cellsMax: number
  /** Cells kept started ahead. Two let an account's first deployment have one to be tried in and one to serve from. */
  readonly spares: number
}

/**
 * A spare that was taken is replaced when no isolate was placed for so long, and at the latest after a while: cold starts shall not share
 * the cores with a process that starts.
 */
const quietMs = 1_000
const replaceMsMax = 5_000
/** A spare that dies at once would die again: the wait before the next doubles, until one comes up. */
const respawnMinMs = 250
const respawnMaxMs = 30_000
/** After so many in a row that failed none is started but by that wait, whoever asks for one. */
const failedStartsMax = 3
/** Of all cells, an eighth for one owner is modest: who has less may have the last that is left, and another's that idles. */
const modestShare = 1 / 8
/** A cell without isolates is kept for so long. */
const emptyMsMax = 5 * 60_000
const drainLookMs = 50

interface AssignedCell {
  readonly cell: CellHandle
  readonly group: string
  readonly owner: string
  lastUsed: number
  /** Takes nothing new; ended when its last request is over. */
  isRetired: boolean
  /** Since when nothing is in it, by the sweep. */
  emptySinceMs: number | undefined
}

/**
 * Which cells there are and whom they serve. Spares are started ahead, since a cell takes a quarter of a second to come up; a group takes one,
 * and the next starts in a quiet moment.
 */
export class CellFleet {
  readonly #options: CellFleetOptions
  readonly #assigned = new Map<CellHandle, AssignedCell>()
  readonly #spares: CellHandle[] = []
  #uses = 0
  #lastAcquiredMs = 0
  #respawn: NodeJS.Timeout | undefined
  #respawnMs = respawnMinMs
  readonly #cameUp = new WeakSet<CellHandle>()
  #failedStarts = 0
  /** Before, the node itself waits for its spares, and in the background they may take minutes on a busy machine. */
  #wasReady = false
  #closed = false

  constructor(options: CellFleetOptions) {
    this.#options = options
    this.#startSpares()
  }

  get cells(): readonly CellHandle[] {
    return [...this.#assigned.keys(), ...this.#spares]
  }

  /** Whether every spare is up. */
  get ready(): boolean {
    return this.#spares.length > 0 && this.#spares.every((cell) => cell.ready)
  }

  /** The cell of this group that has least to do, or a new one while the group may have more. Undefined where none can be had. */
  acquire({ name, owner, cellsMax, isLowered }: CellGroup): CellHandle | undefined {
    let best: AssignedCell | undefined
    let count = 0
    for (const entry of this.#assigned.values()) {
      if (entry.group !== name || entry.isRetired) continue
      count++
      if (entry.cell.overloaded) continue
      if (best === undefined || weight(entry.cell) < weight(best.cell)) best = entry
    }
    const wantsAnother = count < cellsMax && (best === undefined || best.cell.isolates.size > 0)
    // A second cell is taken only when it is ready, and ends no other: sharing is better than waiting.
    if (wantsAnother && (best === undefined ? this.#makeRoomFor(owner) : this.#spares[0]?.ready === true && this.#hasRoomFor(owner))) {
      best = this.#assign({ name, owner, isLowered }) ?? best
    }
    return best === undefined ? undefined : this.#use(best)
  }

  /** For an isolate that nobody waits for: as above, but among other cells than these, and it ends nobody's. */
  acquireBeside(others: ReadonlySet<CellHandle>, group: CellGroup): CellHandle | undefined {
    const cells = [...this.#assigned.values()].filter((entry) => entry.group === group.name && !entry.isRetired)
    const mayHaveAnother = cells.length < group.cellsMax && this.#hasRoomFor(group.owner) && (cells.length === 0 || this.#spares[0]?.ready === true)
    const [free] = cells.filter(({ cell }) => !others.has(cell) && !cell.overloaded).toSorted((one, other) => weight(one.cell) - weight(other.cell))
    const entry = free ?? (mayHaveAnother ? this.#assign(group) : undefined)
    return entry === undefined ? undefined : this.#use(entry)
  }

  #assign({ name, owner, isLowered }: Pick<CellGroup, 'name' | 'owner' | 'isLowered'>): AssignedCell | undefined {
    const cell = this.#takeSpare()
    if (cell === undefined) return undefined
    const entry: AssignedCell = { cell, group: name, owner, lastUsed: 0, isRetired: false, emptySinceMs: undefined }
    this.#assigned.set(cell, entry)
    if (isLowered) cell.lowerForGood()
    else cell.use()
    return entry
  }

  #use(entry: AssignedCell): CellHandle {
    entry.lastUsed = ++this.#uses
    entry.emptySinceMs = undefined
    this.#lastAcquiredMs = performance.now()
    return entry.cell
  }

  markReady(cell: CellHandle): void {
    this.#cameUp.add(cell)
    this.#wasReady ||= this.ready
    this.#respawnMs = respawnMinMs
    this.#failedStarts = 0
  }

  /**
   * The cell is gone: it is replaced where it was the spare. One that somebody else killed says nothing of how the next would fare. True where it was
   * to go.
   */
  remove(cell: CellHandle, wasKilled = false): boolean {
    const entry = this.#assigned.get(cell)
    this.#assigned.delete(cell)
    const index = this.#spares.indexOf(cell)
    const isWanted = index === -1 && (entry === undefined || entry.isRetired)
    const neverCameUp = !isWanted && !wasKilled && !this.#cameUp.has(cell)
    if (neverCameUp) this.#failedStarts++
    if (index !== -1) this.#spares.splice(index, 1)
    if (index !== -1 || neverCameUp) {
      this.#startSparesIn(this.#respawnMs)
      if (!wasKilled) this.#respawnMs = Math.min(this.#respawnMs * 2, respawnMaxMs)
    }
    return isWanted
  }

  /** Nothing new is placed in this cell; it ends when its last request is over, and after `drainMs` at the latest. False where it was so already. */
  retire(cell: CellHandle, drainMs: number, error: SkerryError): boolean {
    const entry = this.#assigned.get(cell)
    if (entry === undefined || entry.isRetired) return false
    entry.isRetired = true
    const startMs = performance.now()
    const timer = setInterval(() => {
      if (cell.gone || cell.inFlight === 0 || performance.now() - startMs > drainMs) {
        clearInterval(timer)
        if (!cell.gone) cell.kill(error, 'nobody')
      }
    }, drainLookMs)
    timer.unref()
    return true
  }

  /** Ends cells that held no isolate for a while: groups come and go. */
  endEmpty(): void {
    const nowMs = performance.now()
    for (const entry of this.#assigned.values()) {
      const isEmpty = entry.cell.isolates.size === 0 && entry.cell.inFlight === 0
      entry.emptySinceMs = isEmpty ? (entry.emptySinceMs ?? nowMs) : undefined
      if (entry.emptySinceMs !== undefined && nowMs - entry.emptySinceMs > emptyMsMax) this.#end(entry)
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#respawn)
    for (const cell of this.cells) cell.kill()
  }

  #takeSpare(): CellHandle | undefined {
    const doStartsFail = this.#failedStarts >= failedStartsMax
    const cell = this.#spares.shift() ?? (doStartsFail ? undefined : this.#create())
    // Where starts fail the wait for the next goes on as it is.
    if (doStartsFail) return cell
    // Whoever needs one next shall find one, however busy it is.
    if (this.#spares.length === 0) this.#startSpares()
    else this.#replaceWhenQuiet(performance.now())
    return cell
  }

  /** Nobody gets more cells than he leaves to others; who is modest may have the last. */
  #hasRoomFor(owner: string): boolean {
    const left = this.#options.cellsMax - this.#assigned.size
    return this.#cellsOf(owner) < left || (left > 0 && this.#isModest(owner))
  }

  /** As above, where one that idles may give way: anybody's for who is modest, else one of his own. */
  #makeRoomFor(owner: string): boolean {
    return this.#hasRoomFor(owner) || this.#endIdlest(this.#isModest(owner) ? undefined : owner)
  }

  #isModest(owner: string): boolean {
    return this.#cellsOf(owner) < this.#options.cellsMax * modestShare
  }

  #cellsOf(owner: string): number {
    return [...this.#assigned.values()].filter((entry) => entry.owner === owner).length
  }

  #replaceWhenQuiet(sinceMs: number): void {
    clearTimeout(this.#respawn)
    this.#respawn = setTimeout(() => {
      const nowMs = performance.now()
      if (nowMs - this.#lastAcquiredMs < quietMs && nowMs - sinceMs < replaceMsMax) this.#replaceWhenQuiet(sinceMs)
      else this.#startSpares()
    }, quietMs)
    this.#respawn.unref()
  }

  #startSparesIn(delayMs: number): void {
    clearTimeout(this.#respawn)
    this.#respawn = setTimeout(() => {
      this.#startSpares()
    }, delayMs)
    this.#respawn.unref()
  }

  #startSpares(): void {
    while (!this.#closed && this.#spares.length < this.#options.spares) {
      const cell = this.#create()
      if (cell === undefined) {
        this.#startSparesIn(this.#respawnMs)
        this.#respawnMs = Math.min(this.#respawnMs * 2, respawnMaxMs)
        return
      }
      if (this.#wasReady) cell.startInBackground()
      this.#spares.push(cell)
    }
  }

  /** Undefined where the system has no process or descriptor left: clients can bring that about, so it must end nothing. */
  #create(): CellHandle | undefined {
    try {
      return this.#options.create()
    } catch (error) {
      this.#failedStarts++
      process.stderr.write(`no cell could be started: ${error instanceof Error ? error.message : String(error)}\n`)
      return undefined
    }
  }

  /** Ends what idles longest, of the owner where one is given. */
  #endIdlest(owner?: string): boolean {
    let idlest: AssignedCell | undefined
    for (const entry of this.#assigned.values()) {
      if (entry.cell.inFlight > 0 || (owner !== undefined && entry.owner !== owner)) continue
      if (idlest === undefined || entry.lastUsed < idlest.lastUsed) idlest = entry
    }
    if (idlest === undefined) return false
    this.#end(idlest)
    return true
  }

  #end({ cell }: AssignedCell): void {
    this.#assigned.delete(cell)
    cell.kill()
  }
}

function weight(cell: CellHandle): number {
  return cell.inFlight * 8 + cell.isolates.size
}
