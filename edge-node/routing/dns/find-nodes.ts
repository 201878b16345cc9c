import { isIP } from 'node:net'
import { type NodeIndex, rankNodes } from '../nearest/index.ts'
import type { KnownNode, NodeTable } from '../nodes/index.ts'
import type { PlaceFinder } from '../place/index.ts'
import { types } from './numbers.ts'
import { rdata, type ZoneRecords } from './records/index.ts'
import type { FindNodeAddresses, NodeAddresses } from './zone.ts'

/** More addresses in an answer help nobody. */
const addressesMax = 4
/** So many of the best are looked at first: nearly always the nearest region's are among them. */
const rankedMax = 16
/** Answers that are remembered until the list of nodes changes: names and networks can be made up without end. */
const rememberedMax = 10_000

interface Addresses {
  readonly 4: readonly Buffer[]
  readonly 6: readonly Buffer[]
}

export interface NodeFinderOptions {
  readonly nodes: Pick<NodeTable, 'nodes' | 'byPlace' | 'byLatency'>
  readonly places: PlaceFinder
  /** Where nodes are named in the zone, their addresses stand here. */
  readonly records: ZoneRecords
}

/**
 * Makes what finds the addresses for a client: of the node that `rankNodes` puts first and of others beside it.
 *
 * Resolvers shuffle addresses, so the others have to be as good: they stand in the first's region, serve as it does, and are not more pressed. Where the first has no
 * IPv4 address it is looked for further away, since some clients have nothing else; IPv6 is not, for clients that have both would prefer the far node.
 */
export function createNodeFinder({ nodes, places, records }: NodeFinderOptions): FindNodeAddresses {
  const addressesOf = createAddressBook(records)
  const remembered = new Map<string, NodeAddresses>()
  let list: readonly KnownNode[] | undefined
  let isAnyPressed = false
  const find: FindNodeAddresses = (client, name, family) => {
    const { place, prefixLength } = places.locateNetwork(client.address)
    const isPlaced = place?.latitude !== undefined && place.longitude !== undefined
    const at = isPlaced ? { latitude: place.latitude, longitude: place.longitude } : undefined
    const index = isPlaced ? nodes.byPlace : nodes.byLatency
    const ranking = { tieKey: name, clientKey: client.address }
    const rank = (limit: number): KnownNode[] => rankAll(at, index, { ...ranking, limit })
    const some = rank(rankedMax)
    let addresses = pick(some, family, addressesOf)
    const isFurther = addresses === undefined || (family === 4 && addresses.length === 0)
    if (isFurther && some.length === rankedMax) addresses = pick(rank(Number.POSITIVE_INFINITY), family, addressesOf)
    if (addresses === undefined) return undefined
    // Pressure moves networks one by one; without it all that the database takes for one network are answered alike.
    const scopePrefixLength = isAnyPressed ? client.prefixLengthMax : Math.min(prefixLength, client.prefixLengthMax)
    return { addresses, scopePrefixLength }
  }
  return (client, name, family) => {
    if (nodes.nodes !== list) {
      list = nodes.nodes
      isAnyPressed = list.some(({ pressureMs = 0 }) => pressureMs > 0)
      remembered.clear()
    }
    // As long as the list stands one question has one answer.
    const key = `${family} ${client.address} ${name}`
    const known = remembered.get(key)
    if (known !== undefined) return known
    if (remembered.size >= rememberedMax) remembered.clear()
    const found = find(client, name, family)
    if (found !== undefined) remembered.set(key, found)
    return found
  }
}

/** With no node that serves, any address is better than a failure: the checks may be what is broken. */
function rankAll(at: Parameters<typeof rankNodes>[0], index: NodeIndex<KnownNode>, options: { tieKey: string; clientKey: string; limit: number }): KnownNode[] {
  const serving = rankNodes(at, index, { ...options, unavailable: 'omit' })
  return serving.length > 0 ? serving : rankNodes(at, index, options)
}

/** Undefined where none of the nodes has an address at all. */
function pick(ranked: readonly KnownNode[], family: 4 | 6, addressesOf: (node: KnownNode) => Addresses): readonly Buffer[] | undefined {
  let first: KnownNode | undefined
  const found: Buffer[] = []
  let hasAny = false
  for (const node of ranked) {
    const addresses = addressesOf(node)
    if (addresses[4].length + addresses[6].length === 0) continue
    hasAny = true
    if (first === undefined) {
      if (family === 4 && addresses[4].length === 0) continue
      first = node
    }
    if (isAsGood(node, first)) found.push(...addresses[family])
    if (found.length >= addressesMax) break
  }
  return hasAny ? found.slice(0, addressesMax) : undefined
}

function isAsGood(node: KnownNode, first: KnownNode): boolean {
  return node.region === first.region && node.healthy === first.healthy && node.draining === first.draining &&
    (node.pressureMs ?? 0) <= (first.pressureMs ?? 0)
}

/** Addresses of a node: its URL's, or those that the zone's records have for the URL's name. Remembered for each node as the table has it. */
function createAddressBook(records: ZoneRecords): (node: KnownNode) => Addresses {
  const known = new WeakMap<KnownNode, Addresses>()
  return (node) => {
    let addresses = known.get(node)
    if (addresses === undefined) {
      addresses = readAddresses(node.url, records)
      known.set(node, addresses)
    }
    return addresses
  }
}

function readAddresses(url: string, records: ZoneRecords): Addresses {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const family = isIP(host)
  if (family === 4) return { 4: [rdata({ type: 'A', name: '.', data: host })], 6: [] }
  if (family === 6) return { 4: [], 6: [rdata({ type: 'AAAA', name: '.', data: host })] }
  const sets = records.sets.get(host)
  return { 4: sets?.get(types.A)?.data ?? [], 6: sets?.get(types.AAAA)?.data ?? [] }
}
