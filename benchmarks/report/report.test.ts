import { expect, test } from 'vitest'
import { type BenchmarkReport, find, peerResult, type RowResult } from '../results.ts'
import type { CaseRound } from '../rows/index.ts'
import { quickSettings } from '../settings.ts'
import { judgeGuards, judgeTargets } from '../targets.ts'
import { renderPage } from './page.ts'
import { renderTable } from './table.ts'

const skerry = { name: 'skerry', title: 'Skerry' } as const
const workerd = { name: 'workerd', title: 'workerd' } as const
const nodeHttp = { name: 'node-http', title: 'node:http, bare' } as const
const cold = (...samplesMs: number[]): CaseRound => ({ samplesMs, figures: { cpuMs: 2 }, raw: { warmUpMs: [30] } })
const loaded = (requestsPerSecond: number, p50 = 0.5): CaseRound => ({
  curveMs: [[1, p50 / 2], [50, p50], [99, p50 * 4], [100, p50 * 9]], figures: { requestsPerSecond }, raw: { requests: [requestsPerSecond] },
})

const coldRow: RowResult = {
  name: 'cold-start', title: 'Cold start', about: 'First requests.', decides: 'times', seconds: 9,
  cases: [{
    name: 'first', title: 'first request',
    peers: [
      peerResult(skerry, [cold(0.5, 0.5, 0.6), cold(0.5, 0.6, 1.5), cold(4, 4, 4)], 'first request <through> an edge node'),
      peerResult(workerd, [cold(6, 7, 8), cold(5, 6, 7), cold(6, 6, 6)]),
    ],
  }],
}
const throughputRow: RowResult = {
  name: 'throughput', title: 'Throughput', about: 'Under load.', decides: 'requestsPerSecond', seconds: 9,
  cases: [{
    name: '32', title: '32 connections',
    peers: [
      peerResult(skerry, [loaded(20_000), loaded(40_000), loaded(41_000)]),
      peerResult(workerd, [loaded(45_000), loaded(25_000), loaded(24_000)]),
      peerResult(nodeHttp, [loaded(80_000)]),
    ],
  }],
}
const latencyRow: RowResult = {
  name: 'latency', title: 'Warm latency', about: 'One connection.', decides: 'times', seconds: 9,
  cases: [{ name: '1', title: 'one connection', peers: [peerResult(skerry, [loaded(9_000, 0.1)]), peerResult(workerd, [loaded(9_000, 0.09)])] }],
}

function report(overrides: Partial<BenchmarkReport> = {}): BenchmarkReport {
  const rows = overrides.rows ?? [coldRow, latencyRow, throughputRow]
  return {
    format: 2, startedAt: '2026-11-23T18:00:00.000Z', durationSeconds: 12, quick: true, gitRevision: null,
    machine: { cpu: 'A & B', cores: 2, memoryGb: 8, system: 'Linux 6', architecture: 'x64' },
    loadAverage: { before: 0, after: 1 }, versions: { node: '26.10.0' },
    absent: [{ peer: 'deno', reason: 'deno is not installed here' }],
    settings: quickSettings, rows, targets: judgeTargets(rows), guards: judgeGuards(rows), failures: [],
    ...overrides,
  }
}

test('a result holds the medians of its rounds, so that one slow round does not decide', () => {
  expect(find([coldRow], 'cold-start', 'first', 'skerry')?.times).toMatchObject({ count: 9, p50: 0.6 })
  expect(find([throughputRow], 'throughput', '32', 'skerry')?.figures.requestsPerSecond).toBe(40_000)
  expect(find([throughputRow], 'throughput', '32', 'workerd')?.times).toMatchObject({ count: 94_000, p50: 0.5 })
  expect(find([throughputRow], 'throughput', '256', 'skerry')).toBeUndefined()
})

test('aims are judged on both sides of one run, with both told', () => {
  const judged = judgeTargets([coldRow, latencyRow, throughputRow])
  expect(judged.map(({ title, reached }) => [title, reached])).toEqual([
    ['cold start, p50', true], ['cold start, p99', true],
    ['one connection, warm, p50', false], ['one connection, warm, p99', false],
    ['throughput, 32 connections, to workerd', true], ['throughput, 32 connections, to node:http', true],
  ])
  expect(judged[0]).toMatchObject({ measured: '0.600 ms', bound: 'at most 0.600 ms (1/10 of workerd’s)', percent: 50 })
  expect(judgeTargets([{ ...coldRow, cases: [{ name: 'first', title: '', peers: [peerResult(skerry, [cold(1)])] }] }])).toEqual([])
})

test('a guard breaks when a cold start loses what makes it fast, or a warm request its short way', () => {
  expect(judgeGuards([coldRow, latencyRow, throughputRow]).map(({ reached }) => reached)).toEqual([true, true])
  const withOwn = (row: RowResult, round: CaseRound): RowResult => {
    return { ...row, cases: row.cases.map((each) => ({ ...each, peers: each.peers.map((peer) => (peer.peer === 'skerry' ? peerResult(skerry, [round]) : peer)) })) }
  }
  expect(judgeGuards([withOwn(coldRow, cold(20, 25, 30)), latencyRow]).map(({ reached }) => reached)).toEqual([false])
  expect(judgeGuards([withOwn(throughputRow, loaded(9_000))]).map(({ reached }) => reached)).toEqual([false])
})

test('the table names what is absent and what failed', () => {
  const table = renderTable(report({ failures: [{ row: 'throughput', peer: 'workerd', round: 2, detail: 'it fell over' }] }))
  expect(table).toContain('deno: ABSENT. deno is not installed here')
  expect(table).toContain('throughput, workerd, round 2: FAILED. it fell over')
  expect(table).toContain('40,000')
  expect(table).toContain('not to be quoted')
})

test('the page has a curve a peer on wide and narrow screens, its text escaped, nothing from outside, and no number that is none', () => {
  const page = renderPage(report())
  expect(page.match(/<polyline/g)).toHaveLength(2 * (2 + 2 + 3))
  expect(page).toContain('first request &lt;through&gt; an edge node')
  expect(page).toContain('A &amp; B')
  expect(page).toContain('deno is absent')
  expect(page).toContain('4 of 6 aims are reached')
  expect(page).not.toMatch(/NaN|Infinity|undefined/)
  expect(page).not.toMatch(/\b(?:src|href)="(?!#)|url\(|@import/)
})

test('cases of one peer alone stand beside each other in one picture', () => {
  const row: RowResult = {
    name: 'publish', title: 'Publishing', about: '', decides: 'times', seconds: 1,
    cases: ['3', '50'].map((name) => ({ name, title: `${name} nodes`, peers: [peerResult(skerry, [cold(40, 50, 60)])] })),
  }
  const page = renderPage(report({ rows: [row] }))
  expect(page).toContain('<i class="series-5">')
  expect(page).toContain('50 nodes: p50 50.0')
})

test('a run in which nothing could be measured still gives a report', () => {
  const empty = report({ rows: [{ ...coldRow, cases: [{ name: 'first', title: 'first request', peers: [] }] }], targets: [], guards: [] })
  expect(renderTable(empty)).toContain('nothing was measured')
  expect(renderPage(empty)).toContain('Nothing was measured.')
})
