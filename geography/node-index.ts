import type { Coordinates } from './distance.ts'
import { PlaceTree } from './place-tree.ts'
import type { RoutableNode } from './rank-nodes.ts'

/**
 * Nodes arranged for ranking, made once for each list of them: those that can serve by place and by region, the others apart.
 * Immutable.
 */
export class NodeIndex<Node extends RoutableNode> {
  readonly serving: readonly Node[]
  readonly draining: readonly Node[]
  readonly unhealthy: readonly Node[]
  /** The least round trip in ms that was measured to one that serves; infinite where none was. */
  readonly leastMeasuredMs: number
  #tree: PlaceTree<Node> | undefined
  #byRegion: ReadonlyMap<string, readonly Node[]> | undefined

  constructor(nodes: readonly Node[]) {
    this.serving = nodes.filter((node) => node.healthy && !node.draining)
    this.draining = nodes.filter((node) => node.healthy && node.draining)
    this.unhealthy = nodes.filter((node) => !node.healthy)
    this.leastMeasuredMs = this.serving.reduce((least, { latencyMs = Number.POSITIVE_INFINITY }) => Math.min(least, latencyMs), Number.POSITIVE_INFINITY)
  }

  /** Those of some regions, `*` or undefined for all. */
  servingIn(regions: readonly string[] | undefined): readonly Node[] {
    if (regions === undefined || regions.includes('*')) return this.serving
    this.#byRegion ??= Map.groupBy(this.serving, ({ region }) => region)
    const byRegion = this.#byRegion
    return [...new Set(regions)].flatMap((region) => byRegion.get(region) ?? [])
  }

  /** Visits those that can serve, near ones first; see `PlaceTree.visit`. */
  visitServing(from: Coordinates, visitor: (node: Node, distanceKm: number) => number): void {
    this.#tree ??= new PlaceTree(this.serving)
    this.#tree.visit(from, Number.POSITIVE_INFINITY, visitor)
  }
}
