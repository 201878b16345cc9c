import { type Coordinates, distanceKm, fractionOf } from '../../geography/index.ts'
import { type Place, places } from './places.ts'

/** A place where nodes stand. */
export interface Site extends Coordinates {
  readonly name: string
  /** Requests a second that it can answer. */
  readonly capacity: number
}

/** The people of one network at one place: all of them are sent to one node. */
export interface ClientGroup {
  readonly place: Place
  /** Network of the address, as ranking is told. */
  readonly network: string
  /** Where it is. */
  readonly at: Coordinates
  /** Where the database of addresses takes it to be. */
  readonly seenAt: Coordinates
  /** Requests a second. */
  readonly demand: number
  /** From the home to the first router of its provider and back, in ms: the same to every node. */
  readonly lastMileMs: number
}

export interface World {
  readonly groups: readonly ClientGroup[]
  readonly sites: readonly Site[]
  /** Round trip in ms between a group and a site, without jitter. */
  readonly latencyMs: (group: ClientGroup, site: Site) => number
  /** Round trip in ms between two sites, whose machines stand in data centres: without a last mile. */
  readonly betweenSitesMs: (from: Site, to: Site) => number
  /** One round trip as it is measured: with jitter. `draw` tells draws apart. */
  readonly sampleMs: (group: ClientGroup, site: Site, draw: number) => number
}

export interface WorldOptions {
  readonly seed: number
  readonly sites: number
  readonly networksPerPlace: number
  /** Of all clients together, a second. */
  readonly demand: number
  /** Capacity of a site over what its people ask for, were each sent to the nearest. */
  readonly headroom: number
}

/**
 * Light in fibre goes 204 km/ms, and the usual path between two places is as long as 2.1 times the straight line.
 * @see https://arxiv.org/abs/1811.10737 (Bozkurt et al. 2018, who find it as the rule of thumb of earlier measurements)
 */
const fibreKmPerMs = 204
const usualStretch = 2.1
/** No path is straighter than the cables that lie: 1.3 times in the median where routes are the shortest that conduits allow (the same). */
const leastStretch = 1.2
/**
 * How much the stretch of paths differs, as standard deviations of its logarithm: by the city, by the site, by the pair of both, and by network. Together
 * 0.35: half of all paths are then between 1.66 and 2.66 times the straight line, and one in twenty more than 3.7 times.
 */
const stretchSpread = { city: 0.2, site: 0.1, pair: 0.22, network: 0.15 } as const
/** Through the switches of two data centres and back. */
const dataCentreMs = 0.5
const townKm = 25
const kmPerDegree = 111.2

/**
 * A world made of the table of places: sites where most people are, clients around every city in proportion to its people, round trips by distance,
 * by how direct the path of each pair happens to be, by the last mile, and with jitter. The same seed makes the same world.
 */
export function createWorld(options: WorldOptions): World {
  const seed = String(options.seed)
  const random = (what: string): number => fractionOf(seed, what)
  const all = places()
  const people = all.reduce((sum, { population }) => sum + population, 0)
  const groups = all.flatMap((place) => Array.from({ length: options.networksPerPlace }, (_, index): ClientGroup => {
    const network = `${place.name}-${index}`
    return {
      place, network,
      at: near(place, random(`${network} east`), random(`${network} north`)),
      seenAt: near(place, random(`${network} seen east`), random(`${network} seen north`)),
      demand: (options.demand * place.population) / people / options.networksPerPlace,
      lastMileMs: 2 + 20 * random(`${network} last mile`) ** 3,
    }
  }))
  const bare = chooseSites(all, options.sites)
  const nearest = groups.map((group) => leastBy(bare, (site) => distanceKm(group.at, site)))
  const sites = bare.map((site): Site => ({
    name: site.name, latitude: site.latitude, longitude: site.longitude,
    capacity: options.headroom * groups.reduce((sum, group, index) => sum + (nearest[index] === site ? group.demand : 0), 0),
  }))
  const spread = (of: string, deviation: number): number => deviation * gaussian(random(`${of} a`), random(`${of} b`))
  const stretch = (from: string, network: string, to: string): number => Math.max(leastStretch, usualStretch * Math.exp(
    spread(`city ${from}`, stretchSpread.city) + spread(`site ${to}`, stretchSpread.site) + spread(`${from} ${to}`, stretchSpread.pair) +
    spread(`${network} ${to}`, stretchSpread.network)))
  const known = new Map<ClientGroup, Map<Site, number>>()
  const latencyMs = (group: ClientGroup, site: Site): number => {
    const of = known.get(group) ?? new Map<Site, number>()
    known.set(group, of)
    const ms = of.get(site) ?? group.lastMileMs + (2 * distanceKm(group.at, site) * stretch(group.place.name, group.network, site.name)) / fibreKmPerMs
    of.set(site, ms)
    return ms
  }
  const betweenSitesMs = (from: Site, to: Site): number =>
    dataCentreMs + (2 * distanceKm(from, to) * stretch(from.name, `data centre ${from.name}`, to.name)) / fibreKmPerMs
  const sampleMs = (group: ClientGroup, site: Site, draw: number): number => {
    const base = latencyMs(group, site)
    return base * (1 + 0.03 * random(`${group.network} ${site.name} ${draw}`)) - 2 * Math.log(1 - random(`${group.network} ${site.name} ${draw} queue`))
  }
  return { groups, sites, latencyMs, betweenSitesMs, sampleMs }
}

/**
 * Some of the groups, as they stand for all: every so many people along the list one group, with its share of the draws. Where few are drawn the
 * small ones are there by chance.
 */
export function sampleGroups(world: World, draws: number): readonly { readonly group: ClientGroup; readonly share: number }[] {
  const total = world.groups.reduce((sum, { demand }) => sum + demand, 0)
  const drawn: { readonly group: ClientGroup; readonly share: number }[] = []
  let [passed, next] = [0, 0.5]
  for (const group of world.groups) {
    passed += group.demand
    let hits = 0
    for (; (next * total) / draws < passed; next += 1) hits += 1
    if (hits > 0) drawn.push({ group, share: hits / draws })
  }
  return drawn
}

/** Where most people gain the most: one after another, each the place that shortens the ways of all the most. */
function chooseSites(all: readonly Place[], count: number): readonly Place[] {
  const chosen: Place[] = []
  const candidates = all.filter(({ name }) => name.length === 3)
  const kmTo = all.map(() => 20_000)
  while (chosen.length < count) {
    const best = leastBy(candidates.filter((place) => !chosen.includes(place)), (candidate) =>
      all.reduce((sum, place, index) => sum + place.population * Math.min(kmTo[index] ?? 0, distanceKm(place, candidate)), 0))
    chosen.push(best)
    for (const [index, place] of all.entries()) kmTo[index] = Math.min(kmTo[index] ?? 0, distanceKm(place, best))
  }
  return chosen
}

function near(place: Coordinates, east: number, north: number): Coordinates {
  const latitude = Math.max(-89, Math.min(89, place.latitude + ((2 * north - 1) * townKm) / kmPerDegree))
  const longitude = place.longitude + ((2 * east - 1) * townKm) / (kmPerDegree * Math.cos((latitude * Math.PI) / 180))
  return { latitude, longitude: ((longitude + 540) % 360) - 180 }
}

/** @see https://doi.org/10.1214/aoms/1177706645 (Box and Muller) */
function gaussian(first: number, second: number): number {
  return Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second)
}

/** The item with the least value; the items are not empty. */
export function leastBy<Item>(items: readonly Item[], value: (item: Item) => number): Item {
  let best: { readonly item: Item; readonly value: number } | undefined
  for (const item of items) {
    const its = value(item)
    if (best === undefined || its < best.value) best = { item, value: its }
  }
  if (best === undefined) throw new RangeError('of nothing there is no least')
  return best.item
}
