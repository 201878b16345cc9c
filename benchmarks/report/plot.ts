import { coldStartPanel } from './panel-cold-start.ts'
import { latencyPanel } from './panel-latency.ts'
import type { Panel } from './panel.ts'
import { throughputPanel } from './panel-throughput.ts'
import type { BenchmarkReport } from './rows.ts'
import { element, text } from './svg.ts'
import { fontFamily, ink, mutedInk, width } from './theme.ts'

const marginTop = 76
const panelGap = 34
const footerHeight = 64

/** One picture of a run: a panel a question, under each other, with what was measured where. */
export function renderPlot(report: BenchmarkReport): string {
  const panels: Panel[] = [
    ...(report.coldStart.length > 0 ? [coldStartPanel(report.coldStart, report.settings.coldGapMs)] : []),
    ...(report.latency.length > 0 ? [latencyPanel(report.latency)] : []),
    ...(report.throughput.length > 0 ? [throughputPanel(report.throughput)] : []),
  ]
  let top = marginTop
  const placed = panels.map((panel) => {
    const group = element('g', { transform: `translate(0 ${top})` }, panel.content)
    top += panel.height + panelGap
    return group
  })
  const height = top + footerHeight
  const { machine, versions } = report
  const notes = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}. Load generator on the same machine. Lower is better for times.`,
    Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(' · '),
    [...report.absent.map(({ peer }) => `${peer} was absent`), ...report.failures.map(({ peer, question }) => `${peer} failed at ${question}`)].join(' · '),
  ]
  const subtitle = [
    `${report.startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    report.settings.rounds === 1 ? '1 round, fresh processes' : `${report.settings.rounds} rounds, fresh processes and order reversed in each`,
    ...(report.gitRevision === null ? [] : [report.gitRevision.replace(/^([0-9a-f]{10})[0-9a-f]*/, '$1')]),
    ...(report.quick ? ['quick run, not to be quoted'] : []),
  ].join(' · ')
  return `${element(
    'svg',
    { 'xmlns': 'http://www.w3.org/2000/svg', 'viewBox': `0 0 ${width} ${height}`, width, height, 'font-family': fontFamily, 'role': 'img' },
    element('title', {}, 'Benchmarks of Skerry beside its peers'),
    element('rect', { width, height, fill: '#ffffff' }),
    text(40, 36, 'The same function, side by side', { 'font-size': 21, 'font-weight': 650, 'fill': ink }),
    text(40, 57, subtitle, { 'font-size': 12.5, 'fill': mutedInk }),
    ...placed,
    ...notes.map((note, index) => text(40, height - footerHeight + 18 + index * 17, note, { 'font-size': 11.5, 'fill': mutedInk })),
  )}\n`
}
