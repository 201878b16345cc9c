import Table from 'cli-table3'
import type { Deployer } from './deployer.ts'
import type { HostileTraffic } from './hostile.ts'
import type { Holdings } from './measure.ts'
import { percentile, type Tally } from './load/tally.ts'
import type { Sockets } from './load/sockets.ts'
import type { Timeline } from './timeline.ts'
import type { Check } from './verdict/check.ts'
import { isExcused } from './verdict/requests.ts'

export interface Summary {
  readonly tally: Tally
  readonly sockets: Sockets
  readonly hostile: HostileTraffic
  readonly deployer: Deployer
  readonly timeline: Timeline
  readonly before: ReadonlyMap<string, Holdings>
  readonly after: ReadonlyMap<string, Holdings>
}

const counts = (of: Iterable<string>): string => {
  const by = new Map<string, number>()
  for (const each of of) by.set(each, (by.get(each) ?? 0) + 1)
  return [...by].toSorted(([, left], [, right]) => right - left).map(([name, count]) => `${name} ${count}`).join(', ') || 'none'
}

/** One table of what was asked, done to the cluster, and left of it. */
export function summaryTable({ tally, sockets, hostile, deployer, timeline, before, after }: Summary): string {
  const table = new Table({ style: { head: [], border: [] }, wordWrap: true, colWidths: [30, 110] })
  const errors = tally.failures.filter(({ kind }) => kind === 'error')
  table.push(
    ['requests', `${tally.requests}, of which ${tally.failures.length} failed (${((tally.failures.length / tally.requests) * 100).toFixed(4)} %)`],
    ['errors', counts(errors.map((failure) => `${isExcused(failure, timeline) ? 'begun in what was killed' : 'not to be excused'}: ${failure.method} by ${failure.client}`))],
    ['asked again by clients', counts(tally.repeats.map(({ reason }) => reason))],
    ['messages on WebSockets', `${sockets.messages()}; ends: ${counts(sockets.ends.map(({ what }) => what))}`],
    ['done to the cluster', counts(timeline.disruptions.map(({ kind }) => kind))],
    ['versions', `${deployer.done} deployed, ${deployer.refused} not, such as while the control plane was away`],
    ['hostile functions', [...hostile.outcomes].toSorted(([, left], [, right]) => right - left).map(([name, count]) => `${name} ${count}`).join(', ')],
  )
  for (const [request, latencies] of tally.latenciesMs) {
    table.push([request, `${latencies.length} answered; p50 ${percentile(latencies, 0.5).toFixed(1)} ms, p99 ${percentile(latencies, 0.99).toFixed(1)} ms`])
  }
  for (const [label, was] of before) {
    const is = after.get(label)
    table.push([label, `holds ${was.heldMb.toFixed(1)} -> ${is?.heldMb.toFixed(1)} MB, resident ${was.residentMb.toFixed(0)} -> ${is?.residentMb.toFixed(0)} MB, descriptors ${was.descriptors} -> ${is?.descriptors}, cells ${was.cells} -> ${is?.cells}`])
  }
  return table.toString()
}

const findingsShown = 5
const aroundMs = 2_000
const logLinesShown = 40

/** What speaks against each check that failed, with what happened around it. */
export function failureText(checks: readonly Check[], timeline: Timeline, seed: number, lines: readonly string[]): string {
  const failed = checks.filter(({ findings }) => findings.length > 0)
  if (failed.length === 0) return ''
  const parts = failed.map(({ name, findings }) => {
    const shown = findings.slice(0, findingsShown).map(({ text, atMs }) => {
      if (atMs === undefined) return `  - ${text}`
      const around = timeline.around(atMs, aroundMs).map((line) => `      ${line}`)
      return [`  - ${timeline.at(atMs)} ${text}`, ...around].join('\n')
    })
    return [`FAILED: ${name} (${findings.length})`, ...shown].join('\n')
  })
  return [...parts, `last lines of the processes:`, ...lines.slice(-logLinesShown).map((line) => `  ${line}`), `seed ${seed}`].join('\n')
}
