import { type Coordinates, distanceKm } from './distance.ts'

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
  /** Share of its capacity in use, 0 to 1. */
  readonly load: number
  /** Round trip measured by whoever ranks on behalf of the client; replaces the estimate from distance. */
  readonly latencyMs?: number | undefined
}

export interface RankOptions {
  /** Regions where the function may run, `*` for all. Nodes elsewhere are left out: a rule is no preference. */
  readonly regions?: readonly string[] | undefined
  /** Names of nodes that are out, such as the asking node itself or one that has just refused. */
  readonly exclude?: ReadonlySet<string> | undefined
  /**
   * What becomes of unhealthy and draining nodes: `last` (the default) keeps them behind all others as a last resort, since the
   * health check may be what is broken; `omit` drops them, as for DNS answers, which clients keep for a while.
   */
  readonly unavailable?: 'last' | 'omit' | undefined
  /**
   * Spreads clients or functions over equal nodes (same place, no penalty): one key prefers the same node as long as it is there,
   * so a function stays warm on it, and different keys prefer different ones. Without it the names' order decides.
   */
  readonly tieKey?: string | undefined
}

/**
 * Kilometres between client and node for each millisecond of round trip. Light in fibre makes 200 km/ms one way; real paths are
 * about half as direct, and a round trip goes twice.
 */
const kilometresPerRoundTripMs = 60

/** Load is free up to here: moving users away from a half-idle near node gains nothing. */
const freeLoad = 0.7

/** Penalty in ms of round trip at full load, growing with the square: about the way from Europe to America's east coast. */
const fullLoadPenaltyMs = 100

const drainingRank = 1
const unhealthyRank = 2

interface Candidate<Node> {
  readonly node: Node
  /** 0 for what can serve, then draining, then unhealthy: no distance makes up for it. */
  readonly rank: number
  readonly costMs: number
  readonly tie: number
}

/**
 * Orders nodes by how soon they would answer a client: first those that can serve, by estimated round trip (distance, or the
 * measured latency where known) plus a penalty for load; then draining ones; then unhealthy ones.
 *
 * Pure: the same input gives the same order in every process, whatever the order of `nodes`, so that gateway, DNS, nodes and SDK
 * agree. Without a client's place only latency, load and names decide. About 2 us for a dozen nodes.
 */
export function rankNodes<Node extends RoutableNode>(
  client: Coordinates | undefined,
  nodes: readonly Node[],
  options: RankOptions = {},
): Node[] {
  const { regions, exclude, tieKey } = options
  const omitUnavailable = options.unavailable === 'omit'
  const anyRegion = regions === undefined || regions.includes('*')
  const candidates: Candidate<Node>[] = []
  for (const node of nodes) {
    if (exclude?.has(node.name) === true || !(anyRegion || regions.includes(node.region))) continue
    const rank = node.healthy ? (node.draining ? drainingRank : 0) : unhealthyRank
    if (rank !== 0 && omitUnavailable) continue
    candidates.push({ node, rank, costMs: costMs(client, node), tie: tieKey === undefined ? 0 : hash(tieKey, node.name) })
  }
  return candidates.toSorted(compare).map((candidate) => candidate.node)
}

function costMs(client: Coordinates | undefined, node: RoutableNode): number {
  const roundTripMs = node.latencyMs ?? (client === undefined ? 0 : distanceKm(client, node) / kilometresPerRoundTripMs)
  if (node.load <= freeLoad) return roundTripMs
  const excess = (Math.min(1, node.load) - freeLoad) / (1 - freeLoad)
  return roundTripMs + excess * excess * fullLoadPenaltyMs
}

function compare<Node extends RoutableNode>(left: Candidate<Node>, right: Candidate<Node>): number {
  return (
    left.rank - right.rank || left.costMs - right.costMs || left.tie - right.tie || (left.node.name < right.node.name ? -1 : 1)
  )
}

/** FNV-1a over key and name: rendezvous hashing, so that a node that comes or goes moves only the keys that preferred it. */
function hash(key: string, name: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < key.length; index++) value = Math.imul(value ^ key.charCodeAt(index), 0x01000193)
  for (let index = 0; index < name.length; index++) value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  // The last characters of FNV barely reach the high bits, and names differ only in their last ones.
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  return (value ^ (value >>> 13)) >>> 0
}
