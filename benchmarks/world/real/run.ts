import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { distanceKm } from '../../../geography/index.ts'
import { createRandom } from '../../../test/helpers/random.ts'
import { type ClientGroup, createWorld, leastBy, sampleGroups, type Site, type World } from '../world.ts'
import { createDnsClient, createGatewayClient, createSdkClient, doors, nearestDoor } from './clients.ts'
import { type RealCluster, type RealNode, startRealCluster } from './cluster.ts'
import { writeGeoDatabase } from './geo-database.ts'
import { judge, longestWaitMs, reliefSeconds, type Verdict } from './judge.ts'
import { Paths } from './paths.ts'
import { type Call, type People, Traffic } from './traffic.ts'
import { UdpLink } from './udp-link.ts'

export interface RealOptions {
  readonly seed: number
  readonly sites: number
  readonly gateways: number
  readonly nameServers: number
  readonly ttlSeconds: number
  /** Groups of clients, at most. */
  readonly draws: number
  /** Requests by each door, in usual times. */
  readonly perSecond: number
  /** What a node can do of the function that the crowd calls, in shares of what it is asked for usually where most people are. */
  readonly headroom: number
}

/** What became of one scenario. */
export interface RealOutcome {
  readonly name: string
  readonly what: string
  readonly verdicts: readonly (Verdict & {
    /** For the people whose best node is gone: until all were served elsewhere. */
    readonly waitMs?: number
    /** For the people who ask too often: until no more than one request in a hundred was refused. */
    readonly reliefSeconds?: number | undefined
  })[]
  readonly calls: readonly Call[]
  readonly gone: ReadonlySet<Site>
}

const beginAtATime = 4
const settleMs = 5_000
const usualMs = 12_000
const lossMs = 25_000
const crowdMs = 30_000
const crowdTimes = 5
/** Of the function that the crowd calls: it waits for a back end, and a node may run so many at a time that it can do what it can. */
const slowMs = 200
const scriptOf = (waitMs: number): string =>
  `export default { async fetch() { ${waitMs === 0 ? '' : `await new Promise((resolve) => setTimeout(resolve, ${waitMs})); `}return new Response("hello") } }`
const networkOf = (index: number): string => `20.${index >> 8}.${index & 255}`

/** Runs a small world of real processes through everything that happens to it; answers with what came of it. */
export async function runReal(options: RealOptions, say: (line: string) => void): Promise<{ readonly world: World; readonly outcomes: readonly RealOutcome[] }> {
  const world = createWorld({ seed: options.seed, sites: options.sites, networksPerPlace: 1, demand: options.perSecond, headroom: 2 })
  const drawn = sampleGroups(world, options.draws)
  const paths = new Paths(pathModel(world, options.seed))
  const directory = await mkdtemp(join(tmpdir(), 'skerry-world-'))
  const lines: string[] = []
  let cluster: RealCluster | undefined
  try {
    cluster = await startRealCluster({
      sites: world.sites, gatewaySites: spread(world.sites, options.gateways), nameServerSites: spread(world.sites, options.nameServers), ttlSeconds: options.ttlSeconds, paths, directory,
      geoDatabase: writeGeoDatabase(drawn.map(({ group }, index) => ({ network: `${networkOf(index)}.0`, latitude: group.seenAt.latitude, longitude: group.seenAt.longitude }))),
      functions: { hello: { script: scriptOf(0) }, slow: { script: scriptOf(slowMs), concurrency: slowConcurrency(world, drawn, options) } }, onLine: (line) => lines.push(line),
    })
    say(`${options.sites} nodes, ${options.gateways} gateways and ${options.nameServers} name servers run; ${drawn.length} groups of clients`)
    const people = await createPeople(cluster, world, drawn, options.seed)
    // Few clients begin at a time: all of them measuring at once would measure one another.
    for (let start = 0; start < people.length; start += beginAtATime) {
      await Promise.all(people.slice(start, start + beginAtATime).flatMap(({ clients }) => doors.map((door) => clients[door].call('hello', '/', 'GET'))))
    }
    const outcomes = await runScenarios({ cluster, world, people, options, say })
    await Promise.all(people.flatMap(({ clients }) => doors.map((door) => clients[door].close())))
    return { world, outcomes }
  } catch (error) {
    say(lines.slice(-40).join('\n'))
    throw error
  } finally {
    await cluster?.close()
    await rm(directory, { recursive: true, force: true })
  }
}

interface Stage {
  readonly cluster: RealCluster
  readonly world: World
  readonly people: readonly People[]
  readonly options: RealOptions
  readonly say: (line: string) => void
}

async function runScenarios({ cluster, world, people, options, say }: Stage): Promise<readonly RealOutcome[]> {
  const outcomes: RealOutcome[] = []
  const gone = new Set<Site>()
  const siteOf = (name: string): Site | undefined => cluster.nodes.find((node) => node.name === name)?.site
  const bestOf = (group: ClientGroup): Site => leastBy(world.sites.filter((site) => !gone.has(site)), (site) => world.latencyMs(group, site))
  const peopleOf = (site: Site): ReadonlySet<ClientGroup> => new Set(people.filter(({ group }) => bestOf(group) === site).map(({ group }) => group))
  const shareOf = (site: Site): number => people.reduce((sum, { group, share }) => sum + (bestOf(group) === site ? share : 0), 0)
  const nodeOf = (site: Site): RealNode => {
    const found = cluster.nodes.find((node) => node.site === site)
    if (found === undefined) throw new RangeError(`nobody stands at ${site.name}`)
    return found
  }
  const traffic = new Traffic(people, options.perSecond, 'hello', options.seed)
  const bySize = world.sites.toSorted((left, right) => shareOf(right) - shareOf(left))
  const conclude = (name: string, what: string, sinceMs: number, since: Partial<{ lost: ReadonlySet<ClientGroup>; crowd: ReadonlySet<ClientGroup> }>): void => {
    const calls = traffic.calls.filter(({ endedMs }) => endedMs > sinceMs)
    const verdicts = doors.map((door) => ({
      ...judge(world, door, calls, siteOf, new Set(gone)),
      ...(since.lost === undefined ? {} : { waitMs: longestWaitMs(calls, door, since.lost, sinceMs) }),
      ...(since.crowd === undefined ? {} : { reliefSeconds: reliefSeconds(calls, door, since.crowd, sinceMs, performance.now()) }),
    }))
    outcomes.push({ name, what, verdicts, calls, gone: new Set(gone) })
    for (const verdict of verdicts) say(`${name}: ${JSON.stringify({ ...verdict, failures: verdict.failures.slice(0, 4) })}`)
  }

  traffic.start()
  await pause(settleMs)
  const startedMs = performance.now()
  await pause(usualMs)
  conclude('normal', 'nothing happens', startedMs, {})

  const [crowded, killed, frozen] = [bySize[0], bySize[1], bySize[2]]
  if (crowded === undefined || killed === undefined || frozen === undefined) throw new RangeError('there are too few sites')
  const crowd = peopleOf(crowded)
  traffic.functionName = 'slow'
  await pause(settleMs)
  const crowdedMs = performance.now()
  traffic.setTimes(crowd, crowdTimes)
  await pause(crowdMs)
  conclude('region crowded', `the people of ${crowded.name} ask five times as often for a function of which each node can do ${options.headroom} times as much as they usually ask for`, crowdedMs, { crowd })
  traffic.setTimes(crowd, 1)
  traffic.functionName = 'hello'
  await pause(2 * settleMs)

  const lost = peopleOf(killed)
  traffic.setTimes(lost, 3)
  await pause(settleMs)
  const killedMs = performance.now()
  cluster.kill(nodeOf(killed))
  gone.add(killed)
  await pause(lossMs)
  conclude('region lost', `the node of ${killed.name} is killed`, killedMs, { lost })
  traffic.setTimes(lost, 1)

  const cutOff = peopleOf(frozen)
  traffic.setTimes(cutOff, 3)
  await pause(settleMs)
  const frozenMs = performance.now()
  cluster.freeze(nodeOf(frozen))
  gone.add(frozen)
  await pause(lossMs)
  await traffic.stop()
  conclude('region cut off', `the node of ${frozen.name} stands still, and what is sent to it is lost`, frozenMs, { lost: cutOff })
  return outcomes
}

/** As many at a time as do `headroom` times what the site with the most people is asked for by all doors together. */
function slowConcurrency(world: World, drawn: ReturnType<typeof sampleGroups>, options: RealOptions): number {
  const shares = world.sites.map((site) => drawn.reduce((sum, { group, share }) =>
    sum + (leastBy(world.sites, (other) => world.latencyMs(group, other)) === site ? share : 0), 0))
  const perSecond = Math.max(...shares) * options.perSecond * doors.length
  return Math.max(1, Math.round((perSecond * options.headroom * slowMs) / 1_000))
}

function createPeople(cluster: RealCluster, world: World, drawn: ReturnType<typeof sampleGroups>, seed: number): Promise<readonly People[]> {
  const random = createRandom(seed)
  return Promise.all(drawn.map(async ({ group, share }, index): Promise<People> => {
    const address = `${networkOf(index)}.1`
    const msTo = (name: string): number => world.latencyMs(group, siteNamed(world, name))
    const gateway = nearestDoor(cluster.gateways, msTo)
    const firstTtlShare = random.next()
    const links = await Promise.all(cluster.nameServers.map(async ({ site, address: server }) => {
      const [host = '', port = ''] = server.split(':')
      const link = new UdpLink({ host, port: Number(port), oneWayMs: () => world.latencyMs(group, site) / 2 })
      await link.open()
      return link
    }))
    return {
      group, share,
      clients: {
        gateway: createGatewayClient(await cluster.paths.to(group.network, gateway.site.name, gateway.address), address),
        dns: createDnsClient({ cluster, group, address, links, firstTtlShare }),
        sdk: createSdkClient(await cluster.viewFrom(group.network), cluster.token),
      },
    }
  }))
}

function siteNamed(world: World, name: string): Site {
  const found = world.sites.find((site) => site.name === name)
  if (found === undefined) throw new RangeError(`there is no site ${name}`)
  return found
}

/** Paths begin at a group of clients, by its network, or at a site; all of them end at sites. */
function pathModel(world: World, seed: number): ConstructorParameters<typeof Paths>[0] {
  const random = createRandom(seed)
  const groups = new Map(world.groups.map((group) => [group.network, group]))
  let draws = 0
  const roundTripMs = (from: string, to: string): number => {
    const group = groups.get(from)
    return group === undefined ? world.betweenSitesMs(siteNamed(world, from), siteNamed(world, to)) : world.latencyMs(group, siteNamed(world, to))
  }
  return {
    roundTripMs,
    sampleMs: (from, to) => {
      const group = groups.get(from)
      draws += 1
      return group === undefined ? roundTripMs(from, to) * (1 + 0.02 * random.next()) : world.sampleMs(group, siteNamed(world, to), draws)
    },
  }
}

/** So many of the sites, each as far as may be from those before. */
function spread(sites: readonly Site[], count: number): readonly Site[] {
  const chosen: Site[] = sites.slice(0, 1)
  while (chosen.length < count) {
    chosen.push(leastBy(sites.filter((site) => !chosen.includes(site)), (site) => -Math.min(...chosen.map((other) => distanceKm(site, other)))))
  }
  return chosen
}
