import { distanceKm, leastLatencyMs, nextPressureMs, NodeIndex, rankNodes, type RoutableNode } from '../../geography/index.ts'
import { type ClientGroup, leastBy, type Site, type World } from './world.ts'

/** Who ranks: by the map, as gateway and DNS server do, or by what the client itself measured, as the SDK does. */
export type Ranker = 'map' | 'measured'

export interface Scenario {
  readonly name: string
  readonly ranker: Ranker
  readonly seconds: number
  /** What happens before the second begins. */
  readonly at?: (second: number, change: Changes) => void
}

/** What a scenario may do to the world. */
export interface Changes {
  /** The site ends, as whoever ranks finds out. */
  readonly lose: (site: Site) => void
  /** The people whose nearest site it is ask so many times as often as before. */
  readonly crowd: (site: Site, times: number) => void
  /** Whoever measures hears an answer from the site after so many ms, wherever it asks from. */
  readonly lie: (site: Site, latencyMs: number) => void
}

/** One second of the simulation. */
export interface Second {
  /** Where each group was sent. */
  readonly sentTo: readonly Site[]
  /** Of all requests, the share that went to the best site for its client. */
  readonly optimalShare: number
  /** Round trip above the best, in ms: mean, and that of one in a hundred requests. */
  readonly meanExtraMs: number
  readonly p99ExtraMs: number
  /** Of all requests, those of groups that were sent elsewhere in the second before. */
  readonly movedShare: number
  /** Demand over capacity of the fullest site. */
  readonly worstLoad: number
  /** Of all requests, those sent to sites beyond their capacity. */
  readonly overloadedShare: number
}

/** Between two steps of a node's pressure, in seconds; each node has a phase of its own. */
const stepSeconds = 2
/** Until whoever ranks has heard of it. */
const hearsaySeconds = 1
/** Samples of a client go into a smoothed value: a new one counts as much. */
const sampleWeight = 0.2
/** A site emptier than this is there for whoever is nearest to it. */
const freeLoad = 0.7

/**
 * Lets people be sent where `rankNodes` says, second by second, with loads that are as old as they are when nodes report them.
 *
 * The best site for a client is the one with the least round trip among those that have room (load below 0.7) and the one it was sent to:
 * whoever is sent past a site with room was sent wrong, whoever is sent past a full one was not.
 */
export function simulate(world: World, scenario: Scenario): readonly Second[] {
  const loads = new Map<Site, number>(world.sites.map((site) => [site, 0]))
  const pressures = new Map<Site, number>(loads)
  const heard: ReadonlyMap<Site, number>[] = []
  const lost = new Set<Site>()
  const lies = new Map<Site, number>()
  const demand = new Map<ClientGroup, number>(world.groups.map((group) => [group, group.demand]))
  const samples = new Map<ClientGroup, Map<Site, number>>()
  const changes: Changes = {
    lose: (site) => void lost.add(site),
    crowd: (site, times) => {
      for (const group of world.groups) if (leastBy(world.sites, (other) => world.latencyMs(group, other)) === site) demand.set(group, group.demand * times)
    },
    lie: (site, latencyMs) => void lies.set(site, latencyMs),
  }
  const seconds: Second[] = []
  let before: readonly Site[] | undefined
  for (let second = 0; second < scenario.seconds; second += 1) {
    scenario.at?.(second, changes)
    for (const [index, site] of world.sites.entries()) {
      if (second % stepSeconds === index % stepSeconds) pressures.set(site, nextPressureMs(pressures.get(site) ?? 0, loads.get(site) ?? 0))
    }
    heard.push(new Map(pressures))
    const sentTo = send(world, scenario.ranker, { pressures: heard[Math.max(0, second - hearsaySeconds)] ?? pressures, lost, lies, samples, second })
    for (const site of world.sites) loads.set(site, 0)
    for (const [index, site] of sentTo.entries()) {
      const group = world.groups[index]
      if (group !== undefined) loads.set(site, (loads.get(site) ?? 0) + (demand.get(group) ?? 0) / site.capacity)
    }
    seconds.push(judge(world, { sentTo, before, loads, lost, demand }))
    before = sentTo
  }
  return seconds
}

interface Seen {
  readonly pressures: ReadonlyMap<Site, number>
  readonly lost: ReadonlySet<Site>
  readonly lies: ReadonlyMap<Site, number>
  readonly samples: Map<ClientGroup, Map<Site, number>>
  readonly second: number
}

function send(world: World, ranker: Ranker, seen: Seen): readonly Site[] {
  const routable = (site: Site): RoutableNode & { readonly site: Site } => ({
    site, name: site.name, region: site.name, latitude: site.latitude, longitude: site.longitude,
    draining: false, healthy: !seen.lost.has(site), pressureMs: seen.pressures.get(site) ?? 0,
  })
  const byPlace = new NodeIndex(world.sites.map(routable))
  return world.groups.map((group) => {
    const options = { clientKey: group.network, tieKey: 'function.example.com', limit: 1 }
    const nodes = ranker === 'map' ? byPlace : new NodeIndex(world.sites.map((site) => ({ ...routable(site), latencyMs: measure(world, group, site, seen) })))
    const [first] = rankNodes(group.seenAt, nodes, options)
    if (first === undefined) throw new Error('nobody is left')
    return first.site
  })
}

/** Smoothed over what was measured so far: a sample at first, and one more each second. */
function measure(world: World, group: ClientGroup, site: Site, { samples, lies, second }: Seen): number {
  const own = samples.get(group) ?? new Map<Site, number>()
  samples.set(group, own)
  const sample = lies.get(site) ?? world.sampleMs(group, site, second)
  const before = own.get(site)
  const smoothed = before === undefined ? sample : before + sampleWeight * (sample - before)
  own.set(site, smoothed)
  return smoothed
}

function judge(world: World, state: {
  readonly sentTo: readonly Site[]
  readonly before: readonly Site[] | undefined
  readonly loads: ReadonlyMap<Site, number>
  readonly lost: ReadonlySet<Site>
  readonly demand: ReadonlyMap<ClientGroup, number>
}): Second {
  const extras: { readonly extraMs: number; readonly demand: number }[] = []
  let [all, optimal, extra, moved, overloaded] = [0, 0, 0, 0, 0]
  for (const [index, group] of world.groups.entries()) {
    const site = state.sentTo[index]
    if (site === undefined) continue
    const demand = state.demand.get(group) ?? 0
    const itsMs = world.latencyMs(group, site)
    let bestMs = itsMs
    for (const other of world.sites) {
      if (state.lost.has(other) || (state.loads.get(other) ?? 0) >= freeLoad) continue
      // What is faster than light to there can not be better, and is not worth a look.
      if (leastLatencyMs(distanceKm(group.at, other)) < bestMs) bestMs = Math.min(bestMs, world.latencyMs(group, other))
    }
    all += demand
    if (bestMs === itsMs) optimal += demand
    extra += demand * (itsMs - bestMs)
    extras.push({ extraMs: itsMs - bestMs, demand })
    if (state.before !== undefined && state.before[index] !== site) moved += demand
    if ((state.loads.get(site) ?? 0) > 1) overloaded += demand
  }
  return {
    sentTo: state.sentTo, optimalShare: optimal / all, meanExtraMs: extra / all, p99ExtraMs: quantile(extras, 0.99), movedShare: moved / all,
    overloadedShare: overloaded / all, worstLoad: Math.max(...state.loads.values()),
  }
}

function quantile(extras: { readonly extraMs: number; readonly demand: number }[], share: number): number {
  const sorted = extras.toSorted((left, right) => left.extraMs - right.extraMs)
  const wanted = share * sorted.reduce((sum, { demand }) => sum + demand, 0)
  let seen = 0
  for (const { extraMs, demand } of sorted) {
    seen += demand
    if (seen >= wanted) return extraMs
  }
  return sorted.at(-1)?.extraMs ?? 0
}
