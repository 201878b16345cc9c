import { readdir } from 'node:fs/promises'
import { residentBytes } from '../helpers/processes.ts'
import { type ChaosCluster, controlPlaneLabel } from './cluster.ts'
import { cellsBelow, identify, type KnownProcess } from './processes.ts'

/** What a role holds while nothing is asked of it. */
export interface Holdings {
  /** JavaScript's heap and what it holds outside, after a collection. */
  readonly heldMb: number
  readonly residentMb: number
  readonly descriptors: number
  /** Cells of a node; 0 for other roles. */
  readonly cells: number
}

const samples = 5
const samplePauseMs = 200

/** Of each role by label; of several looks the least. */
export async function measure(cluster: ChaosCluster): Promise<ReadonlyMap<string, Holdings>> {
  const measured = new Map<string, Holdings>()
  const held = await cluster.heldBytes()
  for (let sample = 0; sample < samples; sample += 1) {
    for (const [label, processId] of cluster.processIds()) {
      const before = measured.get(label)
      const bytes = (await residentBytes(processId)) ?? 0
      const descriptors = (await readdir(`/proc/${processId}/fd`).catch(() => [])).length
      measured.set(label, {
        heldMb: (held.get(label) ?? 0) / 1024 / 1024,
        residentMb: Math.min(before?.residentMb ?? Number.POSITIVE_INFINITY, bytes / 1024 / 1024),
        descriptors: Math.min(before?.descriptors ?? Number.POSITIVE_INFINITY, descriptors),
        cells: label.includes('gateway') || label === controlPlaneLabel ? 0 : (await cellsBelow(processId)).length,
      })
    }
    await new Promise((resolve) => setTimeout(resolve, samplePauseMs))
  }
  return measured
}

/** Looks at the cells of every node again and again, so that afterwards it can be said whether any outlived its node. */
export class CellCensus {
  readonly #cluster: ChaosCluster
  readonly #seen = new Map<string, KnownProcess>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(cluster: ChaosCluster) {
    this.#cluster = cluster
    this.#schedule()
  }

  /** Every process that was seen. */
  get seen(): readonly KnownProcess[] {
    return [...this.#seen.values()]
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#looking
    clearTimeout(this.#timer)
    await this.#look()
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => this.#schedule())
    }, 1_000)
  }

  async #look(): Promise<void> {
    for (const [, processId] of this.#cluster.processIds()) {
      for (const each of [processId, ...(await cellsBelow(processId))]) {
        const known = await identify(each)
        if (known !== undefined) this.#seen.set(`${known.processId} ${known.startTicks}`, known)
      }
    }
  }
}
