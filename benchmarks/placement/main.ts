import { doors, scenarios } from './scenarios.ts'
import { byMap, byOracle, byTrial, here, type MakeStrategy, type Outcome, simulate, sprinkled } from './simulate.ts'

/** Figures for docs/placement.md and docs/decisions/0017-placement-by-trial.md: what smart placement saves, and where it is wrong. */

const seeds = Number(process.argv[2] ?? 3)
/** One strategy alone, by its name. */
const only = process.argv[3]
const strategies: ReadonlyArray<readonly [name: string, make: MakeStrategy]> = [
  ['here', here], ['by trial', byTrial], ['by map', byMap], ['sprinkled', sprinkled], ['best', byOracle],
]

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
process.stdout.write('| back end | strategy | mean ms | p95 ms | tried elsewhere | wrong | moves |\n|---|---|---|---|---|---|---|\n')
for (const [name, scenario] of scenarios) {
  for (const [strategy, make] of strategies) {
    if (only !== undefined && only !== strategy) continue
    const outcomes = doors.flatMap((door, index) => Array.from({ length: seeds }, (_, seed) => simulate(scenario, door, make, 1_000 * seed + index)))
    const mean = (of: (outcome: Outcome) => number): number => outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length
    const figures = [mean(({ meanMs }) => meanMs).toFixed(0), mean(({ p95Ms }) => p95Ms).toFixed(0), percent(mean(({ trialShare }) => trialShare)), percent(mean(({ wrongShare }) => wrongShare)), mean(({ moves }) => moves).toFixed(1)]
    process.stdout.write(`| ${name} | ${strategy} | ${figures.join(' | ')} |\n`)
  }
}
