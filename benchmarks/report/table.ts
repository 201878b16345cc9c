import Table from 'cli-table3'
import type { BenchmarkReport, CaseResult, Judgement, RowResult } from '../results.ts'
import { type FigureName, figures } from '../rows/index.ts'
import { figure, milliseconds } from './format.ts'

/** The report for a terminal: one table a case, what is missing, and the targets. Plain text, no colour codes. */
export function renderTable(report: BenchmarkReport): string {
  const parts = report.rows.flatMap((row) => row.cases.map((each) => caseTable(row, each)))
  for (const { peer, reason } of report.absent) parts.push(`${peer}: ABSENT. ${reason}`)
  for (const { row, peer, round, detail } of report.failures) parts.push(`${row}, ${peer}, round ${round}: FAILED. ${detail}`)
  if (report.targets.length > 0) parts.push(judgements(report.targets, ['reached', 'MISSED ']))
  if (report.guards.length > 0) parts.push(judgements(report.guards, ['holds  ', 'BROKEN ']))
  parts.push(footer(report))
  return parts.join('\n\n')
}

/** Which columns a case has, and what stands in them; shared with the page. */
export function caseColumns({ peers }: CaseResult): { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const hasTimes = peers.some(({ times }) => times !== undefined)
  const names = (Object.keys(figures) as FigureName[]).filter((name) => peers.some((peer) => peer.figures[name] !== undefined))
  return {
    head: ['', ...(hasTimes ? ['n', 'p50', 'p90', 'p99', 'max'] : []), ...names.map((name) => `${figures[name].title} (${figures[name].unit})`)],
    rows: peers.map(({ title, method, times, figures: measured }) => [
      method === undefined ? title : `${title}, ${method}`,
      ...(hasTimes ? [times?.count.toLocaleString('en-US') ?? '', ...[times?.p50, times?.p90, times?.p99, times?.max].map((value) => (value === undefined ? '' : milliseconds(value)))] : []),
      ...names.map((name) => (measured[name] === undefined ? '' : figure(name, measured[name]))),
    ]),
  }
}

function caseTable(row: RowResult, each: CaseResult): string {
  const caption = `${row.title}: ${each.title} (times in ms, medians of ${each.peers[0]?.rounds.length ?? 0} rounds; ${row.name}, ${row.seconds} s)`
  if (each.peers.length === 0) return `${caption}\n  nothing was measured`
  const { head, rows } = caseColumns(each)
  const table = new Table({ head: [...head], colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')), style: { head: [], border: [] } })
  table.push(...rows.map((cells) => [...cells]))
  return `${caption}\n${table.toString()}`
}

function judgements(all: readonly Judgement[], [yes, no]: readonly [string, string]): string {
  return all.map(({ title, reached, measured, bound }) => `${reached ? yes : no}  ${title}: ${measured}, ${bound}`).join('\n')
}

function footer(report: BenchmarkReport): string {
  const { machine, loadAverage, versions } = report
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}`,
    Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(', '),
    `load average ${loadAverage.before.toFixed(1)} before, ${loadAverage.after.toFixed(1)} after, ${report.durationSeconds} s in all`,
  ]
  if (report.quick) lines.push('A quick run: it shows that everything works, and its figures are not to be quoted.')
  return lines.join('\n')
}
