import { LRUCache } from 'lru-cache'
import { type Coordinates, type RoutableNode } from '../../geography/index.ts'
import { Peers } from './peers.ts'
import { PlacedRequest } from './placed-request.ts'
import type { PlacementHere } from './search.ts'
import { placementSettings as settings } from './settings.ts'
import { type PlacedAsk, VersionPlacement } from './version-placement.ts'

export interface PlacementOptions extends Coordinates {
  /** Of this node. */
  readonly name: string
  /** The other nodes; another list whenever something of it changes. */
  readonly peers: () => readonly RoutableNode[]
  /** At least 0, below 1. */
  readonly random?: () => number
  /** For durations, in ms. */
  readonly now?: () => number
}

/** One version of a function, by the runtime's key. */
export interface PlacedVersion {
  readonly key: string
  readonly account: string
  readonly functionName: string
}

/** How many requests of placed functions were run where: `tried` are those of trials, wherever they ran. */
export interface PlacementCounts {
  local: number
  remote: number
  tried: number
  /** Sent to another node, which did not answer: run here after all. */
  returned: number
}

/**
 * Where functions run that asked to be near their back ends: each at the node where this one measured that its answers come soonest.
 *
 * Invariants: what is known is of this node's own requests, each version's apart; nothing is told to others or believed of them. State is kept
 * for the 200 versions that were asked for last.
 */
export class Placement {
  readonly counts: PlacementCounts = { local: 0, remote: 0, tried: 0, returned: 0 }
  readonly #here: PlacementHere
  readonly #now: () => number
  readonly #versions = new LRUCache<string, VersionPlacement>({ max: settings.versionsMax })
  /** Of functions, where a version of theirs was moved to. */
  readonly #hints = new LRUCache<string, string>({ max: settings.versionsMax })

  constructor({ name, latitude, longitude, peers, random = Math.random, now = () => performance.now() }: PlacementOptions) {
    this.#here = { name, latitude, longitude, random, peers: new Peers(peers) }
    this.#now = now
  }

  /** Decides where a request is run that came at `startedMs`. */
  place(version: PlacedVersion, ask: PlacedAsk, startedMs: number): PlacedRequest {
    const functionKey = `${version.account}/${version.functionName}`
    let placement = this.#versions.get(version.key)
    if (placement === undefined) {
      placement = new VersionPlacement(this.#here, this.#hints.get(functionKey))
      this.#versions.set(version.key, placement)
    }
    const assignment = placement.choose(ask, this.#now())
    if (placement.runner !== undefined) this.#hints.set(functionKey, placement.runner)
    const isHere = assignment.node === this.#here.name
    if (assignment.side === 'challenger') this.counts.tried += 1
    else this.counts[isHere ? 'local' : 'remote'] += 1
    return new PlacedRequest({ placement, assignment, isHere, startedMs, now: this.#now, counts: this.counts })
  }

  /** Versions that are run elsewhere now, and what that saves, by the node's name. */
  get moved(): readonly { readonly key: string; readonly node: string; readonly hereMs: number; readonly runnerMs: number | undefined }[] {
    return [...this.#versions.entries()].flatMap(([key, { runner, measured }]) => (runner === undefined ? [] : [{ key, node: runner, ...measured }]))
  }

  /** How often versions moved, either way, of those that are known. */
  get moves(): number {
    return [...this.#versions.values()].reduce((sum, { moves }) => sum + moves, 0)
  }
}
