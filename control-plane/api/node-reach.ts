import { LRUCache } from 'lru-cache'
import type { Peer } from '../auth/index.ts'
import type { NodeDirectory } from '../feed/index.ts'
import { mayRunIn } from '../protocol/index.ts'
import { readResidency } from '../residency/index.ts'
import type { Store } from '../store/index.ts'

interface OfVersion {
  readonly account: string
  readonly function: string
  readonly version: string
}

/** Versions never change, so that what was read once holds. */
const versionsRemembered = 20_000

/**
 * What a node can know anything of: versions that there are, and that may run where it is. What it tells of others does not count, so that
 * a node that was taken over spoils the figures and logs of those that it may run, and of nobody else.
 */
export class NodeReach {
  readonly #store: Store
  readonly #nodes: Pick<NodeDirectory, 'region'>
  readonly #regions = new LRUCache<string, readonly string[]>({ max: versionsRemembered })

  constructor(store: Store, nodes: Pick<NodeDirectory, 'region'>) {
    this.#store = store
    this.#nodes = nodes
  }

  /** Of what a node tells that which is within its reach. @param peer as which it has joined; one with the shared token is where it says */
  async keep<T extends OfVersion>(node: string, peer: Peer | undefined, told: readonly T[]): Promise<T[]> {
    const region = peer?.region ?? this.#nodes.region(node)
    const kept: T[] = []
    const residencies = new Map<string, readonly string[] | undefined>()
    for (const one of told) {
      const found = await this.#regionsOf(one)
      if (found === undefined) continue
      if (!residencies.has(one.account)) residencies.set(one.account, await readResidency(this.#store, one.account))
      if (region === '' || mayRunIn(found, residencies.get(one.account), region)) kept.push(one)
    }
    return kept
  }

  async #regionsOf({ account, function: name, version }: OfVersion): Promise<readonly string[] | undefined> {
    const key = `${account}/${name}/${version}`
    const known = this.#regions.get(key)
    if (known !== undefined) return known
    // One that can not be read counts as none: what else the node tells does not wait for it.
    const regions = (await this.#store.readVersion(account, name, version).catch(() => undefined))?.config.regions
    if (regions !== undefined) this.#regions.set(key, regions)
    return regions
  }
}
