import { table } from '../scale/document/sections.ts'
import type { ChoiceOutcome } from './choices.ts'
import type { DecisionCost } from './decisions.ts'
import type { RealOutcome } from './real/run.ts'
import { happensAt, type NamedScenario } from './scenarios.ts'
import { type Moment, momentsPerSecond } from './simulate.ts'

export interface Outcome {
  readonly scenario: NamedScenario
  readonly moments: readonly Moment[]
}

/** The last so many seconds of a scenario, in which it has settled. */
const settledSeconds = 10
/** From when on no more of all requests are refused than this. */
const refusedShareMax = 0.01

/** One row a scenario. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const head = ['', 'best node', 'or within 1 ms', 'above the best, mean', 'p99', 'moved a second', 'fullest site', 'refused less than 1 % after']
  const rows = outcomes.map(({ scenario, moments }) => {
    const settled = moments.slice(-settledSeconds * momentsPerSecond)
    const mean = (of: (moment: Moment) => number): number => settled.reduce((sum, moment) => sum + of(moment), 0) / settled.length
    return [
      `**${scenario.name}**: ${scenario.what}`, percent(mean((moment) => moment.optimalShare)), percent(mean((moment) => moment.nearlyShare)),
      `${mean((moment) => moment.meanExtraMs).toFixed(2)} ms`, `${mean((moment) => moment.p99ExtraMs).toFixed(1)} ms`,
      percent(mean((moment) => moment.movedShare) * momentsPerSecond), percent(mean((moment) => moment.worstLoad)), relief(moments),
    ]
  })
  return table(head, rows)
}

/** How long more requests were refused than may be, after what happens. */
function relief(moments: readonly Moment[]): string {
  const happened = happensAt * momentsPerSecond
  const last = moments.findLastIndex(({ refusedShare }) => refusedShare > refusedShareMax)
  if (last < happened) return 'none was'
  return last === moments.length - 1 ? `not in ${(moments.length - happened) / momentsPerSecond} s` : `${(last + 1 - happened) / momentsPerSecond} s`
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** One row a scenario and door. */
export function realTable(outcomes: readonly RealOutcome[]): string {
  const head = ['', 'door', 'requests', 'best node', 'or within 1 ms', 'above the best, mean', 'lost, safe to repeat', 'lost, not so', 'all served again after']
  const rows = outcomes.flatMap(({ name, what, verdicts }) => verdicts.map((verdict, index) => [
    index === 0 ? `**${name}**: ${what}` : '', verdict.door, String(verdict.calls), percent(verdict.bestShare), percent(verdict.nearlyBestShare),
    `${verdict.meanExtraMs.toFixed(2)} ms`, String(verdict.lostSafe), String(verdict.lostUnsafe), again(verdict),
  ]))
  return table(head, rows)
}

function again(verdict: RealOutcome['verdicts'][number]): string {
  if (verdict.waitMs !== undefined) return `${(verdict.waitMs / 1_000).toFixed(1)} s`
  if (!('reliefSeconds' in verdict)) return ''
  return verdict.reliefSeconds === undefined ? 'not in time' : `${verdict.reliefSeconds} s`
}

/** One row a number of nodes and kind. */
export function decisionTable(costs: readonly DecisionCost[]): string {
  return table(['nodes', 'ranked', 'CPU of one decision', 'in great-circle distances'], costs.map(({ nodes, what, microseconds, distances }) => [
    nodes.toLocaleString('en'), what, `${microseconds.toFixed(1)} us`, distances.toFixed(0),
  ]))
}

/** One row a load and policy. */
export function choiceTable(outcomes: readonly ChoiceOutcome[]): string {
  return table(['requests a second: one function, 200 others', 'chosen by', 'wait for the node, p99', 'fullest node', 'nodes a function runs on'], outcomes.map((outcome) => [
    `${outcome.hot}, ${outcome.cold}`, outcome.policy, `${outcome.waitP99Ms.toFixed(1)} ms`, percent(outcome.fullest), outcome.nodesPerFunction.toFixed(1),
  ]))
}
