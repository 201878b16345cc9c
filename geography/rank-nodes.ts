import type { Coordinates } from './distance.ts'
import { NodeIndex } from './node-index.ts'
import { type Candidate, Ranking } from './ranking.ts'
import { fractionFrom, hashOf } from './rendezvous.ts'

/** What ranking needs to know of a node. Callers pass richer objects and get the same objects back. */
export interface RoutableNode extends Coordinates {
  /** Unique; decides between nodes that are equal in everything else. */
  readonly name: string
  /** IATA airport code in lower case. */
  readonly region: string
  /** Takes no new work. */
  readonly draining: boolean
  /** Answers its health checks. */
  readonly healthy: boolean
  /** By what it asks its clients to go elsewhere, in ms of round trip; see `nextPressureMs`. 0 unless set. */
  readonly pressureMs?: number | undefined
  /** Round trip in ms that the observer measured, smoothed; see `RankOptions.observer`. */
  readonly latencyMs?: number | undefined
  /** What using it costs more than the cheapest, in ms of round trip that saving it is worth; not negative. 0 unless set. */
  readonly costMs?: number | undefined
}

export interface RankOptions {
  /** Regions where the request may be answered, `*` for all. Nodes elsewhere are left out: a rule is a wall, no preference. */
  readonly regions?: readonly string[] | undefined
  /** Names of nodes that are out, such as the asking node itself or one that has just refused. */
  readonly exclude?: ReadonlySet<string> | undefined
  /**
   * What becomes of unhealthy and draining nodes: `last` (the default) keeps them behind all others as a last resort, since the
   * health check may be what is broken; `omit` drops them, as for DNS answers, which clients keep for a while.
   */
  readonly unavailable?: 'last' | 'omit' | undefined
  /**
   * Spreads functions over nodes that are equally near: one key prefers the same node as long as it is there, so a function stays warm on
   * it, and different keys prefer different ones. Without it the names' order decides.
   */
  readonly tieKey?: string | undefined
  /** Who asks, such as the network of the client's address: of those, one after another leaves a node that fills up. */
  readonly clientKey?: string | undefined
  /** Pressures in ms besides those that nodes tell, by name: what whoever asks has seen itself, such as refusals of this very function. */
  readonly pressures?: ReadonlyMap<string, number> | undefined
  /** Where the nodes' `latencyMs` were measured; unless set, where the client is. */
  readonly observer?: Coordinates | undefined
  /** So many are wanted at most. With an index and few of them nodes far away are not looked at. */
  readonly limit?: number | undefined
}

/**
 * Orders nodes by how soon they would answer a client: first those that can serve, by the round trip expected plus what pressure and
 * the operator's weights add; then draining ones; then unhealthy ones.
 *
 * Pure: the same input gives the same order in every process, whatever the order of the nodes, so that gateway, DNS, nodes and SDK agree,
 * and one client gets one answer as long as nothing changes. Why so: docs/routing.md.
 *
 * - Round trip: the great circle, corrected by what was measured (`estimateLatencyMs`).
 * - Pressure: each client feels it by a factor of its own between 0 and 2, from its key. So a node that fills up loses its clients one after
 *   another and gets them back in the same order, instead of sending all of them to the next at once.
 * - Equally near nodes: each tie key prefers one of them, whoever comes or goes.
 */
export function rankNodes<Node extends RoutableNode>(
  client: Coordinates | undefined,
  nodes: readonly Node[] | NodeIndex<Node>,
  options: RankOptions = {},
): Node[] {
  const { unavailable = 'last', limit = Number.POSITIVE_INFINITY } = options
  const index = nodes instanceof NodeIndex ? nodes : new NodeIndex(nodes)
  const ranked = rankServing(client, index, options, limit)
  if (unavailable === 'last') {
    for (const others of [index.draining, index.unhealthy]) {
      if (ranked.length >= limit || others.length === 0) continue
      const ranking = new Ranking<Node>(client, options)
      for (const node of others) if (isAllowed(node, options)) ranking.addUnplaced(node)
      ranked.push(...arrange(ranking.sorted(), options.tieKey, ranking.nearMs))
    }
  }
  return ranked.length > limit ? ranked.slice(0, limit) : ranked
}

function rankServing<Node extends RoutableNode>(client: Coordinates | undefined, index: NodeIndex<Node>, options: RankOptions, limit: number): Node[] {
  const { regions, exclude, tieKey } = options
  if (client === undefined || limit >= index.serving.length || (regions !== undefined && !regions.includes('*'))) {
    const ranking = new Ranking<Node>(client, options)
    for (const node of index.servingIn(regions)) if (exclude?.has(node.name) !== true) ranking.addUnplaced(node)
    return arrange(ranking.sorted(), tieKey, ranking.nearMs)
  }
  const search = index.nearest(client, options, limit)
  return arrange(search.sorted(), tieKey, search.nearMs)
}

function isAllowed(node: RoutableNode, { regions, exclude }: RankOptions): boolean {
  return exclude?.has(node.name) !== true && (regions === undefined || regions.includes('*') || regions.includes(node.region))
}

/** Those equally good as the first by key, the others as they are: by cost. */
function arrange<Node extends RoutableNode>(sorted: readonly Candidate<Node>[], tieKey: string | undefined, nearMs: number): Node[] {
  const first = sorted[0]
  if (first === undefined) return []
  let equals = 1
  while (equals < sorted.length && (sorted[equals]?.costMs ?? 0) <= first.costMs + nearMs) equals += 1
  if (equals === 1) return sorted.map(({ node }) => node)
  const nearest = sorted.slice(0, equals).map(({ node }) => node)
  return [...byPreference(nearest, tieKey), ...sorted.slice(equals).map(({ node }) => node)]
}

function byPreference<Node extends RoutableNode>(nodes: readonly Node[], tieKey: string | undefined): readonly Node[] {
  const hash = tieKey === undefined ? undefined : hashOf(tieKey)
  return nodes
    .map((node) => ({ node, weight: hash === undefined ? 0 : fractionFrom(hash, node.name) }))
    .toSorted((left, right) => left.weight - right.weight || (left.node.name < right.node.name ? -1 : 1))
    .map(({ node }) => node)
}
