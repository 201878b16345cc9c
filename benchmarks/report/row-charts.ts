import type { CaseResult, Judgement, PeerResult, RowResult } from '../results.ts'
import { type FigureName, figures } from '../rows/index.ts'
import { distribution, medianOfCurves } from '../statistics.ts'
import { barChart } from './bar-chart.ts'
import { distributionChart, type Series } from './distribution-chart.ts'
import { figure } from './format.ts'
import { element } from './svg.ts'
import { caseClasses, peerClasses } from './theme.ts'

/** The pictures of a row: how its times are distributed, and bars of what else decides or costs. */
export function rowCharts(row: RowResult, goals: readonly Judgement[]): readonly string[] {
  const bars = barsOf(row).map((name) => figureChart(row, name, row.decides === name ? goals : []))
  const distributions = distributionsOf(row, goals)
  if (row.decides !== 'times') return [...bars, ...distributions]
  // Beside one tall picture two low ones stand under each other.
  return bars.length === 0 ? distributions : [...distributions, element('div', { class: 'stack' }, bars.join(''))]
}

function barsOf({ cases, decides }: RowResult): readonly FigureName[] {
  const wanted: readonly FigureName[] = decides === 'times' ? ['cpuMs', 'memoryMb'] : [decides]
  return wanted.filter((name) => cases.some(({ peers }) => peers.some((peer) => peer.figures[name] !== undefined)))
}

/** Where there is one peer alone, its cases stand beside each other in one picture. */
function distributionsOf({ cases }: RowResult, goals: readonly Judgement[]): readonly string[] {
  const measured = cases.filter(({ peers }) => peers.some(({ times }) => times !== undefined))
  const isAlone = measured.length > 1 && measured.every(({ peers }) => peers.length === 1)
  if (isAlone) {
    const series = measured.flatMap(({ peers, title }, index) => peers.flatMap((peer) => seriesOf(peer, title, caseClasses[index] ?? 'series-4')))
    return [distributionChart('How long it takes', series, goals)]
  }
  return measured.map((each) => distributionChart(
    measured.length === 1 ? 'How long it takes' : `How long it takes, ${each.title}`,
    each.peers.flatMap((peer) => seriesOf(peer, nameOf(peer), peerClasses[peer.peer])),
    goals.filter((goal) => goal.case === each.name),
  ))
}

function seriesOf(peer: PeerResult, label: string, className: string): readonly Series[] {
  if (peer.times === undefined) return []
  const { count, p50, p99 } = peer.times
  return [{ label, className, count, p50, p99, curve: curveOf(peer) }]
}

/** Of all rounds together where every value is known, else their median at each percentage. */
function curveOf({ rounds }: PeerResult): Series['curve'] {
  const samples = rounds.flatMap(({ samplesMs }) => samplesMs ?? [])
  if (samples.length === 0) return medianOfCurves(rounds.flatMap(({ curveMs }) => (curveMs === undefined ? [] : [curveMs])))
  return distribution(samples).map(({ value }, index, all) => [all.length === 1 ? 100 : (index / (all.length - 1)) * 100, value] as const)
}

function figureChart({ cases, decides }: RowResult, name: FigureName, goals: readonly Judgement[]): string {
  const { title, unit, better } = figures[name]
  const groups = cases.flatMap((each) => {
    const bars = each.peers.flatMap((peer) => {
      const value = peer.figures[name]
      return value === undefined ? [] : [{ label: peer.title, className: peerClasses[peer.peer], value, rounds: peer.rounds.flatMap((round) => round.figures?.[name] ?? []) }]
    })
    return bars.length === 0 ? [] : [{ title: titleOf(each, cases), bars, goals: goals.filter((goal) => goal.case === each.name) }]
  })
  const heading = decides === name ? `${title.charAt(0).toUpperCase()}${title.slice(1)}` : `${title}, all processes of the server together`
  return barChart(groups, { heading, axisTitle: `${unit === '/s' ? 'requests a second' : unit}; ${better === 'lower' ? 'shorter' : 'longer'} is better`, format: (value) => figure(name, value) })
}

function titleOf(each: CaseResult, cases: readonly CaseResult[]): string {
  return cases.length > 1 ? each.title : ''
}

function nameOf({ title, method }: PeerResult): string {
  return method === undefined ? title : `${title}, ${method}`
}
