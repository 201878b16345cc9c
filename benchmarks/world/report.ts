import { table } from '../scale/document/sections.ts'
import { happensAt, type NamedScenario } from './scenarios.ts'
import type { Second } from './simulate.ts'

export interface Outcome {
  readonly scenario: NamedScenario
  readonly seconds: readonly Second[]
}

/** The last so many seconds of a scenario, in which it has settled. */
const settledSeconds = 10
/** Fewer requests than this at sites beyond their capacity are noise. */
const overloadedShareMax = 0.02

/** One row a scenario. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const head = ['', 'best node', 'above the best, mean', 'p99', 'moved a second', 'fullest site', 'nobody beyond capacity after']
  const rows = outcomes.map(({ scenario, seconds }) => {
    const settled = seconds.slice(-settledSeconds)
    const mean = (of: (second: Second) => number): number => settled.reduce((sum, second) => sum + of(second), 0) / settled.length
    return [
      `**${scenario.name}**: ${scenario.what}`, percent(mean((second) => second.optimalShare)), `${mean((second) => second.meanExtraMs).toFixed(2)} ms`,
      `${mean((second) => second.p99ExtraMs).toFixed(1)} ms`, percent(mean((second) => second.movedShare)), percent(mean((second) => second.worstLoad)), relief(seconds),
    ]
  })
  return table(head, rows)
}

/** How long some requests went to sites beyond their capacity, after what happens. */
function relief(seconds: readonly Second[]): string {
  const last = seconds.findLastIndex(({ overloadedShare }) => overloadedShare > overloadedShareMax)
  if (last < happensAt) return 'none was'
  return last === seconds.length - 1 ? `not in ${seconds.length - happensAt} s` : `${last + 1 - happensAt} s`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
