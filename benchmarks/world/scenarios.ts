import type { Scenario } from './simulate.ts'
import { leastBy, type World } from './world.ts'

export interface NamedScenario extends Scenario {
  /** What happens, for the table. */
  readonly what: string
}

/** Seconds into a scenario when it happens. */
export const happensAt = 10
const settleSeconds = 60

/** What the world has to bear. The largest site is the one that it happens to. */
export function scenarios(world: World): readonly NamedScenario[] {
  const largest = leastBy(world.sites, ({ capacity }) => -capacity)
  const farthest = leastBy(world.sites, ({ capacity }) => capacity)
  const when = (change: NonNullable<Scenario['at']>): NonNullable<Scenario['at']> => (second, changes) => {
    if (second === happensAt) change(second, changes)
  }
  return [
    { name: 'normal', what: 'nothing happens', ranker: 'map', seconds: 30 },
    { name: 'normal, measured', what: 'nothing happens; each client measures, as the SDK does', ranker: 'measured', seconds: 30 },
    { name: 'normal, told', what: 'nothing happens; a tenth of the networks of each city tells gateways and DNS what it measures (not built)', ranker: 'told', seconds: 30 },
    { name: 'region lost', what: `${largest.name}, the largest site, ends`, ranker: 'map', seconds: settleSeconds, at: when((_second, { lose }) => lose(largest)) },
    { name: 'region crowded', what: `the people of ${largest.name} ask five times as often`, ranker: 'map', seconds: settleSeconds, at: when((_second, { crowd }) => crowd(largest, 5)) },
    { name: 'lying sample', what: `${farthest.name}, the smallest site, seems to answer in 0 ms everywhere`, ranker: 'measured', seconds: 30, at: when((_second, { lie }) => lie(farthest, 0)) },
  ]
}
