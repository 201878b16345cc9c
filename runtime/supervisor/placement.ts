import { functionKey } from './function-identity.ts'
import type { HungryFunctions } from './hungry-functions.ts'
import type { Quarantine } from './quarantine.ts'
import type { RunnableVersion, TrustTier } from './runtime.ts'

/** Isolates of one group may share cells; those of two never do. */
export interface CellGroup {
  readonly name: string
  /** Whose cells they are: the account, or the tier where accounts share. What one owner has of the node is bounded. */
  readonly owner: string
  /** Cells that the group has at a time. */
  readonly cellsMax: number
  /** Its cells give way to all others. */
  readonly isLowered: boolean
}

export interface PlacementOptions {
  readonly cellsPerAccount: number
  /** Accounts of the same tier share cells. */
  readonly shareCells: boolean
  readonly tiers: readonly TrustTier[]
  readonly quarantine: Pick<Quarantine, 'has'>
  readonly hungry: Pick<HungryFunctions, 'has'>
}

const defaultTier = 'default'

/** Decides whose isolates may share a cell. */
export class Placement {
  readonly #options: PlacementOptions
  /** By `account` or `account/function`. */
  readonly #tiers: ReadonlyMap<string, string>

  constructor(options: PlacementOptions) {
    this.#options = options
    this.#tiers = new Map(options.tiers.flatMap(({ name, members }) => members.map((member) => [member, name])))
  }

  groupOf(version: RunnableVersion): CellGroup {
    const { cellsPerAccount, shareCells, quarantine, hungry } = this.#options
    const { account } = version
    const key = functionKey(version)
    if (quarantine.has(version)) return { name: `quarantine ${key}`, owner: account, cellsMax: 1, isLowered: true }
    const tier = `tier ${this.#tierOf(version)}`
    const isOwn = version.ownCells === true
    const shared = shareCells ? tier : `${tier} account ${account}`
    const name = isOwn ? `own ${key}` : shared
    const owner = shareCells && !isOwn ? tier : account
    return hungry.has(version) ? { name: `hungry ${name}`, owner, cellsMax: cellsPerAccount, isLowered: true } : { name, owner, cellsMax: cellsPerAccount, isLowered: false }
  }

  /** Where versions of the account are tried before they serve. */
  probationOf(version: RunnableVersion): CellGroup {
    const { account } = version
    const name = version.ownCells === true ? functionKey(version) : `tier ${this.#tierOf(version)} account ${account}`
    return { name: `probation ${name}`, owner: account, cellsMax: 1, isLowered: false }
  }

  #tierOf(version: RunnableVersion): string {
    return this.#tiers.get(functionKey(version)) ?? this.#tiers.get(version.account) ?? defaultTier
  }
}
