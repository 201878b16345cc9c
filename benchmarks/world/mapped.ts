import { isGood } from './real/judge.ts'
import type { RealOutcome } from './real/run.ts'
import type { MapContent, MappedPlace } from './map.ts'
import type { NamedScenario } from './scenarios.ts'
import type { Moment } from './simulate.ts'
import type { ClientGroup, Site, World } from './world.ts'

interface Answered {
  readonly group: ClientGroup
  readonly site: Site | undefined
  readonly extraMs: number
  /** How much this counts. */
  readonly demand: number
}

/** The map of a moment of a simulation. */
export function mapMoment(world: World, scenario: NamedScenario, moment: Moment, when: string): MapContent {
  const answered = world.groups.map((group, index): Answered => ({ group, site: moment.sentTo[index], extraMs: moment.extraMs[index] ?? 0, demand: group.demand }))
  return {
    title: `${capital(scenario.name)}, simulated`, subtitle: `${scenario.what}${when}`, places: gather(answered),
    sites: world.sites.map((site) => {
      const load = moment.loads.get(site) ?? 0
      return { ...site, state: load > 1 ? 'full' : load === 0 ? 'gone' : 'serving' }
    }),
  }
}

/** The map of what became of the requests to real processes. */
export function mapOutcome(world: World, { name, what, calls, gone }: RealOutcome): MapContent {
  const bestMs = (group: ClientGroup): number => Math.min(...world.sites.filter((site) => !gone.has(site)).map((site) => world.latencyMs(group, site)))
  const answered = calls.filter(isGood).flatMap((call): Answered[] => {
    // Nodes are named after their site.
    const site = world.sites.find((each) => call.node?.startsWith(`${each.name}-`) === true)
    return site === undefined ? [] : [{ group: call.group, site, extraMs: Math.max(0, world.latencyMs(call.group, site) - bestMs(call.group)), demand: 1 }]
  })
  return {
    title: `${capital(name)}, with real processes`, subtitle: what, places: gather(answered),
    sites: world.sites.map((site) => ({ ...site, state: gone.has(site) ? 'gone' : 'serving' })),
  }
}

/** The groups of each place together. */
function gather(answered: readonly Answered[]): readonly MappedPlace[] {
  return [...Map.groupBy(answered, ({ group }) => group.place)].map(([place, of]): MappedPlace => {
    const bySite = new Map<Site | undefined, number>()
    for (const { site, demand } of of) bySite.set(site, (bySite.get(site) ?? 0) + demand)
    const all = of.reduce((sum, { demand }) => sum + demand, 0)
    return {
      latitude: place.latitude, longitude: place.longitude, population: place.population,
      answeredAt: [...bySite].toSorted((left, right) => right[1] - left[1])[0]?.[0],
      extraMs: of.reduce((sum, { extraMs, demand }) => sum + extraMs * demand, 0) / all,
    }
  })
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
