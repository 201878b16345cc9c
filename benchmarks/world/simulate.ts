import { distanceKm, leastLatencyMs, nextPressureMs, NodeIndex, pressureStepMs, rankNodes, type RoutableNode } from '../../geography/index.ts'
import { type ClientGroup, leastBy, type Site, type World } from './world.ts'

/**
 * Who ranks: by the map, as gateway and DNS server do; by what the client itself measured, as the SDK does; or by the map and what a tenth of the
 * networks of each city measured, which nobody tells gateways and DNS servers so far.
 */
export type Ranker = 'map' | 'measured' | 'told'

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

/** One step of the simulation, half a second long. */
export interface Moment {
  /** Where each group was sent, and how much further in ms that is than the best. */
  readonly sentTo: readonly Site[]
  readonly extraMs: readonly number[]
  readonly loads: ReadonlyMap<Site, number>
  /** Of all requests, the share that went to the best site for its client. */
  readonly optimalShare: number
  /** The share that went to one at most 1 ms further away than the best, which one measurement can not tell from it. */
  readonly nearlyShare: number
  /** Round trip above the best, in ms: mean, and that of one in a hundred requests. */
  readonly meanExtraMs: number
  readonly p99ExtraMs: number
  /** Of all requests, those of groups that were sent elsewhere in the step before. */
  readonly movedShare: number
  /** Demand over capacity of the fullest site. */
  readonly worstLoad: number
  /** Of all requests, those beyond what the sites can do that they were sent to. */
  readonly refusedShare: number
}

/** Steps of a node's pressure, and of the simulation, a second. */
export const momentsPerSecond = 1_000 / pressureStepMs
/** Until whoever ranks has heard of a node's pressure, in steps: gateways and DNS servers ask every node twice a second. */
const hearsayMoments = 1
/** What is less, in ms, can not be told apart by measuring once. */
const nearlyMs = 1
/** Of the networks of a city, the share that tells what it measured. */
const tellingShare = 0.1
/** Samples of a client go into a smoothed value: a new one counts as much. */
const sampleWeight = 0.2
/** A site emptier than this is there for whoever is nearest to it. */
const freeLoad = 0.7

/**
 * Lets people be sent where `rankNodes` says, step by step, with loads that are as old as they are when nodes report them.
 *
 * The best site for a client is the one with the least round trip among those that have room (load below 0.7) and the one it was sent to:
 * whoever is sent past a site with room was sent wrong, whoever is sent past a full one was not.
 */
export function simulate(world: World, scenario: Scenario): readonly Moment[] {
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
  const moments: Moment[] = []
  let before: readonly Site[] | undefined
  for (let moment = 0; moment < scenario.seconds * momentsPerSecond; moment += 1) {
    if (moment % momentsPerSecond === 0) scenario.at?.(moment / momentsPerSecond, changes)
    for (const site of world.sites) pressures.set(site, nextPressureMs(pressures.get(site) ?? 0, loads.get(site) ?? 0))
    heard.push(new Map(pressures))
    const sentTo = send(world, scenario.ranker, { pressures: heard[Math.max(0, moment - hearsayMoments)] ?? pressures, lost, lies, samples, moment })
    for (const site of world.sites) loads.set(site, 0)
    for (const [index, site] of sentTo.entries()) {
      const group = world.groups[index]
      if (group !== undefined) loads.set(site, (loads.get(site) ?? 0) + (demand.get(group) ?? 0) / site.capacity)
    }
    moments.push(judge(world, { sentTo, before, loads, lost, demand }))
    before = sentTo
  }
  return moments
}

interface Seen {
  readonly pressures: ReadonlyMap<Site, number>
  readonly lost: ReadonlySet<Site>
  readonly lies: ReadonlyMap<Site, number>
  readonly samples: Map<ClientGroup, Map<Site, number>>
  readonly moment: number
}

function send(world: World, ranker: Ranker, seen: Seen): readonly Site[] {
  const routable = (site: Site): RoutableNode & { readonly site: Site } => ({
    site, name: site.name, region: site.name, latitude: site.latitude, longitude: site.longitude,
    draining: false, healthy: !seen.lost.has(site), pressureMs: seen.pressures.get(site) ?? 0,
  })
  const byPlace = new NodeIndex(world.sites.map(routable))
  const measuredBy = (latencyMs: (site: Site) => number): typeof byPlace => new NodeIndex(world.sites.map((site) => ({ ...routable(site), latencyMs: latencyMs(site) })))
  const told = ranker === 'told' ? tellByPlace(world, seen, measuredBy) : undefined
  return world.groups.map((group) => {
    const options = { clientKey: group.network, tieKey: 'function.example.com', limit: 1 }
    const nodes = ranker === 'measured' ? measuredBy((site) => measure(world, group, site, seen)) : told?.get(group.place.name) ?? byPlace
    const [first] = rankNodes(group.seenAt, nodes, told === undefined ? options : { ...options, observer: group.place })
    if (first === undefined) throw new Error('nobody is left')
    return first.site
  })
}

/** For each city the sites as its telling networks have measured them: the median, so that few liars move nothing. */
function tellByPlace<Index>(world: World, seen: Seen, measuredBy: (latencyMs: (site: Site) => number) => Index): ReadonlyMap<string, Index> {
  const byPlace = Map.groupBy(world.groups, ({ place }) => place.name)
  return new Map([...byPlace].map(([place, groups]) => {
    const telling = groups.slice(0, Math.max(1, Math.round(groups.length * tellingShare)))
    return [place, measuredBy((site) => median(telling.map((group) => measure(world, group, site, seen))))]
  }))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[sorted.length >> 1] ?? 0
}

/** Smoothed over what was measured so far: a sample at first, and one more each second. */
function measure(world: World, group: ClientGroup, site: Site, { samples, lies, moment }: Seen): number {
  const own = samples.get(group) ?? new Map<Site, number>()
  samples.set(group, own)
  const sample = lies.get(site) ?? world.sampleMs(group, site, moment)
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
}): Moment {
  const extras: { readonly extraMs: number; readonly demand: number }[] = []
  let [all, optimal, nearly, extra, moved] = [0, 0, 0, 0, 0]
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
    if (itsMs - bestMs <= nearlyMs) nearly += demand
    extra += demand * (itsMs - bestMs)
    extras.push({ extraMs: itsMs - bestMs, demand })
    if (state.before !== undefined && state.before[index] !== site) moved += demand
  }
  const refused = world.sites.reduce((sum, site) => sum + Math.max(0, (state.loads.get(site) ?? 0) - 1) * site.capacity, 0)
  return {
    sentTo: state.sentTo, extraMs: extras.map(({ extraMs }) => extraMs), loads: new Map(state.loads), optimalShare: optimal / all, nearlyShare: nearly / all, meanExtraMs: extra / all, p99ExtraMs: quantile(extras, 0.99),
    movedShare: moved / all, refusedShare: refused / all, worstLoad: Math.max(...state.loads.values()),
  }
}

export function quantile(extras: { readonly extraMs: number; readonly demand: number }[], share: number): number {
  const sorted = extras.toSorted((left, right) => left.extraMs - right.extraMs)
  const wanted = share * sorted.reduce((sum, { demand }) => sum + demand, 0)
  let seen = 0
  for (const { extraMs, demand } of sorted) {
    seen += demand
    if (seen >= wanted) return extraMs
  }
  return sorted.at(-1)?.extraMs ?? 0
}
