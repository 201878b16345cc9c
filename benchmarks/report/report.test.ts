import { expect, test } from 'vitest'
import { quickSettings } from '../settings.ts'
import { judgeTargets } from '../targets.ts'
import { renderPlot } from './plot.ts'
import { type BenchmarkReport, coldStartRow, loadRow } from './rows.ts'
import { renderTable } from './table.ts'

const wrkResult = (requestsPerSecond: number) => {
  return { requests: requestsPerSecond, requestsPerSecond, latencyMs: { min: 0.1, p50: 0.5, p90: 1, p99: 2, max: 9 } }
}
const coldRound = (...valuesMs: number[]) => ({ valuesMs, warmUpMs: [30], reportedStartMs: null })

function report(overrides: Partial<BenchmarkReport> = {}): BenchmarkReport {
  const coldStart = [
    coldStartRow('skerry', 'Skerry', 'first request <through> an edge node', [coldRound(1, 1.1, 1.2), coldRound(1, 1.2, 3), coldRound(9, 9, 9)]),
    coldStartRow('workerd', 'workerd', 'Worker Loader', [coldRound(6, 7, 8), coldRound(5, 6, 7), coldRound(6, 6, 6)]),
  ]
  const throughput = [
    loadRow('throughput', 'skerry', 'Skerry', 32, [wrkResult(20_000), wrkResult(40_000), wrkResult(41_000)]),
    loadRow('throughput', 'workerd', 'workerd', 32, [wrkResult(45_000), wrkResult(25_000), wrkResult(24_000)]),
  ]
  return {
    format: 1, startedAt: '2026-11-23T18:00:00.000Z', durationSeconds: 12, quick: true, gitRevision: null,
    machine: { cpu: 'A & B', cores: 2, memoryGb: 8, system: 'Linux 6', architecture: 'x64' },
    loadAverage: { before: 0, after: 1 }, versions: { node: '26.10.0' },
    absent: [{ peer: 'deno', reason: 'deno is not installed here' }],
    settings: quickSettings, coldStart, latency: [], throughput,
    targets: judgeTargets(coldStart, throughput), failures: [], asked: ['cold-start', 'throughput'],
    ...overrides,
  }
}

test('a row holds the medians of its rounds, so that one slow round does not decide', () => {
  const [skerry] = report().coldStart
  expect(skerry?.summary.p50).toBe(1.2)
  expect(report().throughput.map((row) => row.requestsPerSecond)).toEqual([40_000, 25_000])
})

test('the targets are judged on both sides of one run', () => {
  expect(report().targets.map((target) => target.reached)).toEqual([true, true, true])
  expect(judgeTargets(report().coldStart.slice(0, 1), [])).toEqual([])
})

test('the table names what is absent and what failed', () => {
  const table = renderTable(report({ failures: [{ question: 'throughput', peer: 'workerd', round: 2, detail: 'it fell over' }] }))
  expect(table).toContain('deno: ABSENT. deno is not installed here')
  expect(table).toContain('throughput, workerd, round 2: FAILED. it fell over')
  expect(table).toContain('40,000')
  expect(table).toContain('not to be quoted')
})

test('the plot has a curve a peer, its text escaped, and no number that is none', () => {
  const plot = renderPlot(report())
  expect(plot.match(/<polyline/g)).toHaveLength(2)
  expect(plot).toContain('first request &lt;through&gt; an edge node')
  expect(plot).toContain('A &amp; B')
  expect(plot).toContain('deno was absent')
  expect(plot).not.toMatch(/NaN|Infinity|undefined/)
})

test('a run in which nothing could be measured still gives a report', () => {
  const empty = report({ coldStart: [], throughput: [], targets: [] })
  expect(renderTable(empty)).toContain('nothing was measured')
  expect(renderPlot(empty)).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
})
