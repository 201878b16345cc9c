import { type Coordinates, distanceKm } from './distance.ts'
import { estimateFromMs, leastLatencyMs, usualLatencyMs } from './estimate-latency.ts'
import type { RankOptions, RoutableNode } from './rank-nodes.ts'
import { fractionFrom, hashOf } from './rendezvous.ts'

/** A node with what it costs a client to use it. */
export interface Candidate<Node> {
  readonly node: Node
  readonly costMs: number
}

/** Nodes whose round trips differ by less, in ms, are equally near: one town, or the noise of measuring. */
const nearMs = 0.5

/** One ranking while it goes on: weighs nodes for a client, and keeps them in the order of what they cost, then of their names. */
export class Ranking<Node extends RoutableNode> {
  readonly nearMs = nearMs
  readonly #client: Coordinates | undefined
  readonly #observer: Coordinates | undefined
  /** Round trip that may lie between client and observer. */
  readonly slackMs: number
  readonly #clientHash: number | undefined
  readonly #pressures: ReadonlyMap<string, number> | undefined
  #candidates: Candidate<Node>[] = []
  #isSorted = true

  constructor(client: Coordinates | undefined, { observer, clientKey, pressures }: RankOptions) {
    this.#client = client
    this.#observer = observer ?? client
    this.slackMs = client === undefined || observer === undefined || observer === client ? 0 : usualLatencyMs(distanceKm(observer, client))
    this.#pressures = pressures
    this.#clientHash = clientKey === undefined ? undefined : hashOf(clientKey)
  }

  /** Adds a node of which the distance is not known yet. A client of unknown place is taken to be where the observer is. */
  addUnplaced(node: Node): void {
    const { latencyMs } = node
    const client = this.#client
    const observer = this.#observer
    const kmToObserver = latencyMs === undefined && client !== undefined || observer === undefined ? 0 : distanceKm(observer, node)
    const km = client === undefined || client === observer && latencyMs !== undefined ? kmToObserver : distanceKm(client, node)
    this.#candidates.push({ node, costMs: this.costMs(node, km, kmToObserver) })
    this.#isSorted = false
  }

  /** What using a node costs: the round trip expected, what this client feels of its pressure, and its weight. */
  costMs(node: Node, km: number, kmToObserver: number): number {
    const { latencyMs, costMs = 0 } = node
    const pressureMs = (node.pressureMs ?? 0) + (this.#pressures?.get(node.name) ?? 0)
    const expectedMs = latencyMs === undefined ? usualLatencyMs(km) : estimateFromMs(km, Math.max(latencyMs, leastLatencyMs(kmToObserver)), this.slackMs)
    return expectedMs + costMs + (pressureMs === 0 ? 0 : this.#feltMs(node, pressureMs))
  }

  /** Adds a node to at most `limit` and those equally near. Answers with what one more may cost at most; infinite while there are too few. */
  insert(node: Node, costMs: number, limit: number): number {
    const candidates = this.#candidates
    let worstMs = this.#worstMs(limit)
    if (costMs > worstMs) return worstMs
    let position = candidates.length
    candidates.push({ node, costMs })
    for (; position > 0; position -= 1) {
      const before = candidates[position - 1]
      if (before === undefined || before.costMs < costMs || (before.costMs === costMs && before.node.name < node.name)) break
      const moved = candidates[position]
      if (moved !== undefined) candidates[position - 1] = moved
      candidates[position] = before
    }
    worstMs = this.#worstMs(limit)
    while ((candidates.at(-1)?.costMs ?? 0) > worstMs) candidates.pop()
    return worstMs
  }

  /** The cheapest first. */
  sorted(): readonly Candidate<Node>[] {
    if (!this.#isSorted) {
      this.#candidates.sort((left, right) => left.costMs - right.costMs || (left.node.name < right.node.name ? -1 : 1))
      this.#isSorted = true
    }
    return this.#candidates
  }

  #worstMs(limit: number): number {
    const enough = this.#candidates[limit - 1]
    const first = this.#candidates[0]
    return enough === undefined || first === undefined ? Number.POSITIVE_INFINITY : Math.max(enough.costMs, first.costMs + nearMs)
  }

  #feltMs({ name }: Node, pressureMs: number): number {
    return pressureMs * (this.#clientHash === undefined ? 1 : 2 * fractionFrom(this.#clientHash, name))
  }
}
