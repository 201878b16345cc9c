import Table from 'cli-table3'
import { milliseconds, perSecond, times } from './format.ts'
import type { BenchmarkReport, LoadRow } from './rows.ts'

/** The report for a terminal: one table a question, what is missing, and the targets. Plain text, no colour codes. */
export function renderTable(report: BenchmarkReport): string {
  const parts: string[] = []
  if (report.asked.includes('cold-start')) parts.push(coldStartTable(report))
  if (report.asked.includes('latency')) parts.push(loadTable('Warm latency, 1 connection (ms)', report, report.latency))
  for (const connections of report.asked.includes('throughput') ? report.settings.throughputConnections : []) {
    const rows = report.throughput.filter((row) => row.connections === connections)
    parts.push(loadTable(`Throughput, ${connections} connections (latency in ms)`, report, rows))
  }
  for (const { peer, reason } of report.absent) parts.push(`${peer}: ABSENT. ${reason}`)
  for (const { question, peer, round, detail } of report.failures) parts.push(`${question}, ${peer}, round ${round}: FAILED. ${detail}`)
  if (report.targets.length > 0) {
    parts.push(report.targets.map(({ title, reached, detail }) => `${reached ? 'reached' : 'MISSED '}  ${title}: ${detail}`).join('\n'))
  }
  parts.push(footer(report))
  return parts.join('\n\n')
}

function coldStartTable(report: BenchmarkReport): string {
  const reference = report.coldStart.find((row) => row.peer === 'workerd')?.summary.p50
  const rows = report.coldStart.map(({ title, method, summary }) => [
    title, method, String(summary.count), milliseconds(summary.min), milliseconds(summary.p50), milliseconds(summary.p90),
    milliseconds(summary.p99), milliseconds(summary.max), reference === undefined ? '' : times(summary.p50, reference),
  ])
  const { coldGapMs } = report.settings
  const pace = coldGapMs === 0 ? 'back to back' : `${coldGapMs} ms apart`
  return table(`Cold start, first request to a function, ${pace} (ms)`, ['', 'how', 'n', 'min', 'p50', 'p90', 'p99', 'max', 'p50 to workerd'], rows, 2)
}

function loadTable(caption: string, report: BenchmarkReport, rows: readonly LoadRow[]): string {
  const reference = rows.find((row) => row.peer === 'workerd')?.requestsPerSecond
  const cells = rows.map(({ title, requestsPerSecond, latencyMs }) => [
    title, perSecond(requestsPerSecond), milliseconds(latencyMs.p50), milliseconds(latencyMs.p90), milliseconds(latencyMs.p99),
    milliseconds(latencyMs.max), reference === undefined ? '' : times(requestsPerSecond, reference),
  ])
  return table(`${caption}, medians of ${report.settings.rounds}`, ['', 'requests/s', 'p50', 'p90', 'p99', 'max', 'rate to workerd'], cells, 1)
}

function table(caption: string, head: string[], rows: readonly string[][], leftColumns: number): string {
  if (rows.length === 0) return `${caption}\n  nothing was measured`
  const output = new Table({
    head,
    colAligns: head.map((_, index) => (index < leftColumns ? 'left' : 'right')),
    style: { head: [], border: [] },
  })
  output.push(...rows)
  return `${caption}\n${output.toString()}`
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
