import { type Coordinates, distanceKm } from './distance.ts'
import { estimateLatencyMs, leastLatencyMs, usualLatencyMs } from './estimate-latency.ts'
import { NodeIndex } from './node-index.ts'
import { fractionOf } from './rendezvous.ts'

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
  /** What using it costs more than another, in ms of round trip that saving it is worth. 0 unless set. */
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
  /** Where the nodes' `latencyMs` were measured; unless set, where the client is. */
  readonly observer?: Coordinates | undefined
  /** So many are wanted at most. With an index and few of them nodes far away are not looked at. */
  readonly limit?: number | undefined
}

/** Nodes whose round trips differ by less, in ms, are equally near: one town, or the noise of measuring. */
const nearMs = 0.5

/** A node with what it costs a client to use it. */
interface Candidate<Node> {
  readonly node: Node
  readonly costMs: number
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
      if (ranked.length >= limit) break
      const candidates = others.filter((node) => isAllowed(node, options)).map((node) => weigh(node, client, options))
      ranked.push(...arrange(candidates, options))
    }
  }
  return ranked.length > limit ? ranked.slice(0, limit) : ranked
}

function rankServing<Node extends RoutableNode>(
  client: Coordinates | undefined, index: NodeIndex<Node>, options: RankOptions, limit: number,
): Node[] {
  const { regions } = options
  const candidates: Candidate<Node>[] = []
  if (client === undefined || limit >= index.serving.length || (regions !== undefined && !regions.includes('*'))) {
    for (const node of index.servingIn(regions)) if (isAllowed(node, options)) candidates.push(weigh(node, client, options))
    return arrange(candidates, options)
  }
  // Sorted, never longer than asked for but by those as near as the first.
  const slackMs = usualLatencyMs(kmToObserver(client, options))
  index.visitServing(client, (node, km) => {
    if (options.exclude?.has(node.name) !== true) insert(candidates, { node, costMs: costMs(node, km, client, options) })
    const enough = candidates[limit - 1]
    const first = candidates[0]
    if (enough === undefined || first === undefined) return Number.POSITIVE_INFINITY
    const worstMs = Math.max(enough.costMs, first.costMs + nearMs)
    while ((candidates.at(-1)?.costMs ?? 0) > worstMs) candidates.pop()
    // What was measured makes nothing nearer than the map says unless it is less than this.
    return worstMs / (worstMs < index.leastMeasuredMs + slackMs ? usualLatencyMs(1) : leastLatencyMs(1))
  })
  return arrange(candidates, options)
}

function insert<Node>(sorted: Candidate<Node>[], candidate: Candidate<Node>): void {
  let position = sorted.length
  while (position > 0 && (sorted[position - 1]?.costMs ?? 0) > candidate.costMs) position -= 1
  sorted.splice(position, 0, candidate)
}

function kmToObserver(client: Coordinates, { observer }: RankOptions): number {
  return observer === undefined || observer === client ? 0 : distanceKm(observer, client)
}

function isAllowed(node: RoutableNode, { regions, exclude }: RankOptions): boolean {
  return exclude?.has(node.name) !== true && (regions === undefined || regions.includes('*') || regions.includes(node.region))
}

function weigh<Node extends RoutableNode>(node: Node, client: Coordinates | undefined, options: RankOptions): Candidate<Node> {
  return { node, costMs: costMs(node, client === undefined ? undefined : distanceKm(client, node), client, options) }
}

/** `km` from the client, undefined where its place is unknown: then it is taken to be where the observer is. */
function costMs(node: RoutableNode, km: number | undefined, client: Coordinates | undefined, options: RankOptions): number {
  return expectedMs(node, km, client, options) + feltPressureMs(node, options) + (node.costMs ?? 0)
}

function expectedMs(node: RoutableNode, km: number | undefined, client: Coordinates | undefined, options: RankOptions): number {
  const { latencyMs } = node
  const observer = options.observer ?? client
  if (km !== undefined && latencyMs === undefined) return estimateLatencyMs(km)
  const kmToNode = observer === undefined ? 0 : observer === client && km !== undefined ? km : distanceKm(observer, node)
  const kmToClient = client === undefined ? 0 : kmToObserver(client, options)
  return estimateLatencyMs(km ?? kmToNode, latencyMs === undefined ? undefined : { latencyMs, kmToNode, kmToClient })
}

/** What this client feels of a node's pressure. */
function feltPressureMs({ pressureMs = 0, name }: RoutableNode, { clientKey }: RankOptions): number {
  if (pressureMs === 0) return 0
  return pressureMs * (clientKey === undefined ? 1 : 2 * fractionOf(clientKey, name))
}

/** By cost; those equally good as the first by key. */
function arrange<Node extends RoutableNode>(candidates: readonly Candidate<Node>[], options: RankOptions): Node[] {
  const sorted = candidates.toSorted((left, right) => left.costMs - right.costMs || (left.node.name < right.node.name ? -1 : 1))
  const first = sorted[0]
  if (first === undefined) return []
  let equals = 1
  while (equals < sorted.length && (sorted[equals]?.costMs ?? 0) <= first.costMs + nearMs) equals += 1
  const nearest = sorted.slice(0, equals).map(({ node }) => node)
  return [...byPreference(nearest, options), ...sorted.slice(equals).map(({ node }) => node)]
}

function byPreference<Node extends RoutableNode>(nodes: readonly Node[], { tieKey }: RankOptions): readonly Node[] {
  if (nodes.length === 1) return nodes
  return nodes
    .map((node) => ({ node, weight: tieKey === undefined ? 0 : fractionOf(tieKey, node.name) }))
    .toSorted((left, right) => left.weight - right.weight || (left.node.name < right.node.name ? -1 : 1))
    .map(({ node }) => node)
}
