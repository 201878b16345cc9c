import { expect, it } from 'vitest'
import { latencyBucketMs, latencyBucketOf, latencyBuckets, type UsageReport, usageReportSchema } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { RunnableVersion } from '../../runtime/supervisor/index.ts'
import { functionState, versionId, versionRecord } from '../../test/helpers/function-states.ts'
import { toRoutedVersion } from '../ingress/index.ts'
import { judgeOutcome, type RequestOutcome, UsageReporter, UsageTable } from './index.ts'

function runnable(name: string, secrets: Record<string, string> = {}): RunnableVersion {
  const [record] = functionState(name).versions
  if (record === undefined) throw new Error('no version')
  return toRoutedVersion(record, secrets, { region: 'fra', readArtifact: () => new Uint8Array() }).runnable
}
const outcome = (more: Partial<RequestOutcome> = {}): RequestOutcome => ({ code: 'ok', status: 200, latencyMs: 1, isPreview: false, ...more })

it('puts each latency into the bucket whose bounds it lies between', () => {
  for (const ms of [0, 0.1, 0.25, 0.2501, 1, 7.3, 50, 999, 30_000, 900_000]) {
    const bucket = latencyBucketOf(ms)
    expect(ms).toBeLessThanOrEqual(latencyBucketMs(bucket))
    if (bucket > 0) expect(ms).toBeGreaterThan(latencyBucketMs(bucket - 1))
  }
  expect(latencyBucketOf(1e12)).toBe(latencyBuckets - 1)
  expect(latencyBucketOf(Number.NaN)).toBe(0)
})

it.each([
  ['ok', 200, 'fine'], ['ok', 404, 'fine'], ['ok', 500, 'answered5xx'], ['client_gone', 200, 'fine'], ['client_gone', undefined, 'fine'],
  ['uncaught_exception', undefined, 'error'], ['wall_limit_exceeded', undefined, 'error'], ['cpu_limit_exceeded', 200, 'error'],
  ['function_quarantined', undefined, 'error'], ['request_too_large', undefined, 'fine'], ['bad_request', 503, 'answered5xx'],
  ['concurrency_limit_exceeded', undefined, 'refused'], ['overloaded', undefined, 'refused'],
])('takes a request that ended with %s and status %s for %s', (code, status, judgement) => {
  expect(judgeOutcome({ code, status })).toBe(judgement)
})

it('counts each version once, whatever its secrets are, and previews apart', () => {
  const table = new UsageTable()
  table.count(runnable('hello'), outcome({ latencyMs: 3 }))
  table.count(runnable('hello', { KEY: 'one' }), outcome({ code: 'uncaught_exception', status: undefined, latencyMs: 3 }))
  table.count(runnable('hello'), outcome({ code: 'overloaded', status: undefined }))
  table.count(runnable('hello'), outcome({ status: 503, isPreview: true }))
  table.addCpu(runnable('hello'), 1.25)
  const identity = { account: 'default', function: 'hello', version: versionId(1) }
  expect(table.take()).toEqual({
    rest: undefined,
    entries: [
      { ...identity, preview: false, requests: 2, errors: 1, answered5xx: 0, refused: 1, cpuMs: 1.25, latency: [[latencyBucketOf(3), 2]] },
      { ...identity, preview: true, requests: 1, errors: 0, answered5xx: 1, refused: 0, cpuMs: 0, latency: [[latencyBucketOf(1), 1]] },
    ],
  })
  expect(table.take()).toEqual({ entries: [], rest: undefined })
})

it('sums up what is beyond its bound', () => {
  const table = new UsageTable({ versionsMax: 2 })
  for (const name of ['a', 'b', 'c', 'd']) table.count(runnable(name), outcome())
  const { entries, rest } = table.take()
  expect(entries.map((entry) => entry.function)).toEqual(['a', 'b'])
  expect(rest).toEqual({ requests: 2, errors: 0, answered5xx: 0, refused: 0, cpuMs: 0 })
})

it('sends again what was not answered, as it was, and then what came meanwhile', async () => {
  const table = new UsageTable()
  const sent: UsageReport[] = []
  let isAway = true
  let nowMs = 0
  const reporter = new UsageReporter({
    table, now: () => nowMs,
    post: (report) => {
      sent.push(report)
      return isAway ? Promise.reject(new SkerryError('server_unreachable')) : Promise.resolve({})
    },
  })
  const hello = runnable('hello')
  table.count(hello, outcome())
  nowMs = 2_000
  await reporter.send()
  table.count(hello, outcome())
  table.count(hello, outcome())
  nowMs = 4_000
  await reporter.send()
  isAway = false
  nowMs = 9_000
  await reporter.send()
  await reporter.send()
  expect(sent.map(({ sequence, intervalMs, entries }) => [sequence, intervalMs, entries[0]?.requests])).toEqual([
    [1, 2_000, 1], [1, 2_000, 1], [1, 2_000, 1], [2, 7_000, 2],
  ])
  expect(new Set(sent.map(({ start }) => start)).size).toBe(1)
  for (const report of sent) expect(usageReportSchema.parse(report)).toEqual(report)
})

it('splits what is too long for one report, and drops what is refused for good', async () => {
  const table = new UsageTable()
  const sizes: number[] = []
  const reporter = new UsageReporter({
    table,
    post: ({ sequence, entries }) => {
      sizes.push(entries.length)
      return sequence === 1 ? Promise.reject(new SkerryError('invalid_request')) : Promise.resolve({})
    },
  })
  const base = versionRecord('hello')
  for (let index = 0; index < 1_500; index += 1) {
    const { runnable: version } = toRoutedVersion({ ...base, function: `f${index}` }, {}, { region: 'fra', readArtifact: () => new Uint8Array() })
    table.count(version, outcome())
  }
  await reporter.close()
  await reporter.close()
  expect(sizes).toEqual([500, 500, 500])
  expect(reporter.refused).toBe(1)
})
