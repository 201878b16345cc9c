import { type Coordinates, distanceKm } from './distance.ts'
import { leastLatencyMs, usualLatencyMs } from './estimate-latency.ts'
import { PlaceTree, Reach } from './place-tree.ts'
import type { RankOptions, RoutableNode } from './rank-nodes.ts'
import { Ranking } from './ranking.ts'

/** A node in the tree. */
interface Placed<Node> extends Coordinates {
  readonly node: Node
  readonly position: number
}

interface Observed {
  readonly observer: Coordinates
  /** How far each node is from there, by its position. */
  readonly km: Float64Array
}

/** Against rounding: what is as good as the worst that is wanted must not be left out. */
const roundingMs = 1e-9

/**
 * Nodes arranged for ranking, made once for each list of them: those that can serve by place and by region, the others apart.
 * Immutable, but for what it remembers of the place that asked last.
 */
export class NodeIndex<Node extends RoutableNode> {
  readonly serving: readonly Node[]
  readonly draining: readonly Node[]
  readonly unhealthy: readonly Node[]
  #tree: PlaceTree<Placed<Node>> | undefined
  #observed: Observed | undefined
  #byRegion: ReadonlyMap<string, readonly Node[]> | undefined

  constructor(nodes: readonly Node[]) {
    this.serving = nodes.filter((node) => node.healthy && !node.draining)
    this.draining = nodes.filter((node) => node.healthy && node.draining)
    this.unhealthy = nodes.filter((node) => !node.healthy)
  }

  /** Those of some regions, `*` or undefined for all. */
  servingIn(regions: readonly string[] | undefined): readonly Node[] {
    if (regions === undefined || regions.includes('*')) return this.serving
    this.#byRegion ??= Map.groupBy(this.serving, ({ region }) => region)
    const byRegion = this.#byRegion
    return [...new Set(regions)].flatMap((region) => byRegion.get(region) ?? [])
  }

  /** The cheapest `limit` that can serve, and those as near as the first, without a look at the rest of the globe. */
  nearest(client: Coordinates, options: RankOptions, limit: number): Ranking<Node> {
    const { exclude, observer } = options
    this.#tree ??= new PlaceTree(
      this.serving.map((node, position) => ({ node, position, latitude: node.latitude, longitude: node.longitude })),
      ({ node }) => node.latencyMs ?? Number.POSITIVE_INFINITY,
    )
    const ranking = new Ranking<Node>(client, options)
    const kmToObserver = observer === undefined ? undefined : this.#kmFrom(observer)
    const reach = new Reach(Number.POSITIVE_INFINITY)
    let reachMs = Number.POSITIVE_INFINITY
    this.#tree.visit(client, reach, ({ node, position }, km) => {
      if (exclude?.has(node.name) === true) return
      const worstMs = ranking.insert(node, ranking.costMs(node, km, kmToObserver?.[position] ?? km), limit)
      if (worstMs === reachMs) return
      reachMs = worstMs
      // What was measured makes a node nearer than the map says only where sample and slack are less than this.
      reach.set(worstMs / usualLatencyMs(1), worstMs / leastLatencyMs(1), worstMs - ranking.slackMs + roundingMs)
    })
    return ranking
  }

  /** One gateway, one DNS server, one node asks from one place all the time. */
  #kmFrom(observer: Coordinates): Float64Array {
    const known = this.#observed
    if (known?.observer.latitude === observer.latitude && known.observer.longitude === observer.longitude) return known.km
    const km = Float64Array.from(this.serving, (node) => distanceKm(observer, node))
    this.#observed = { observer: { latitude: observer.latitude, longitude: observer.longitude }, km }
    return km
  }
}
