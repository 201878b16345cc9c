import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { accounts } from '../auth/index.ts'
import { type Bus, MemoryBus } from '../bus/index.ts'
import { latencyBucketOf, type UsageEntry, type UsageReport } from '../protocol/index.ts'
import { openSqliteStore, type Store } from '../store/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { Usage } from './index.ts'

const version = '01J00000000000000000000000'
const clock = new FakeClock(Date.UTC(2026, 0, 1, 23, 50))
let directory: string
let store: Store
let bus: Bus
const usages: Usage[] = []

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'skerry-usage-'))
  store = openSqliteStore({ file: join(directory, 'store.db') })
  bus = new MemoryBus()
  await create('default', 'acme')
})

const create = (...names: readonly string[]): Promise<unknown> =>
  store.commit({ writes: names.map((account) => accounts.put(account, { account, createdMs: clock.nowMs(), state: 'active' })), timeMs: clock.nowMs() })
afterEach(async () => {
  for (const usage of usages.splice(0)) await usage.close()
  await store.close()
  rmSync(directory, { recursive: true, force: true })
})

function startUsage(over: Bus = bus): Usage {
  const usage = new Usage({ store, bus: over, clock, log: (entry) => { throw new Error(JSON.stringify(entry)) } })
  usages.push(usage)
  return usage
}

const entry = (more: Partial<UsageEntry> = {}): UsageEntry => ({
  account: 'default', function: 'hello', version, preview: false, requests: 10, errors: 1, answered5xx: 2, refused: 3, cpuMs: 4.5,
  latency: [[latencyBucketOf(5), 9], [latencyBucketOf(400), 1]], ...more,
})
const report = (sequence: number, entries: UsageEntry[] = [entry()], start = 'first'): UsageReport => ({ start, sequence, intervalMs: 2_000, entries })

it('counts a report once, however often and to whichever replica it is sent', async () => {
  const [one, other] = [startUsage(), startUsage()]
  one.receive('fra-1', report(1))
  one.receive('fra-1', report(1))
  other.receive('fra-1', report(1))
  other.receive('fra-1', report(2))
  one.receive('iad-1', report(1))
  one.receive('fra-1', report(1, [entry()], 'second'))
  for (const usage of [one, other]) {
    const answer = await usage.ofAccount('default', 5)
    expect(answer.days).toEqual([{ date: '2026-01-01', requests: 40, errors: 4, answered5xx: 8, refused: 12, cpuMs: 18 }])
    expect(answer.recent).toMatchObject({ seconds: 300, versions: [{ function: 'hello', version, preview: false, requests: 40 }] })
    expect(answer.recent.versions[0]?.p50Ms).toBeCloseTo(5, -1)
    expect(answer.recent.versions[0]?.p99Ms).toBeGreaterThanOrEqual(400)
    expect((await usage.ofAccount('other', 5))).toMatchObject({ days: [], recent: { versions: [] } })
  }
})

it('writes daily totals once, whichever replica is first, and keeps them over a restart', async () => {
  const [one, other] = [startUsage(), startUsage()]
  one.receive('fra-1', report(1))
  await Promise.all([one.flush(), other.flush()])
  other.receive('fra-1', report(2, [entry(), entry({ account: 'acme', requests: 7 })]))
  clock.advance(20 * 60_000)
  one.receive('fra-1', report(3))
  await Promise.all([other.flush(), one.flush()])
  const again = startUsage(new MemoryBus())
  // What a node sends again after all replicas have forgotten it is in the totals already.
  again.receive('fra-1', report(3))
  await again.flush()
  expect((await again.ofAccount('default', 5)).days.map(({ date, requests }) => [date, requests])).toEqual([['2026-01-02', 10], ['2026-01-01', 20]])
  expect((await again.ofAccount('acme', 5)).days.map(({ date, requests }) => [date, requests])).toEqual([['2026-01-01', 7]])
  expect((await again.ofAccount('default', 1)).days).toHaveLength(1)
})

it('tells of a day once what one replica has written and another has yet to', async () => {
  const [one, other] = [startUsage(), startUsage()]
  one.receive('fra-1', report(1))
  await one.flush()
  one.receive('fra-1', report(2))
  for (const usage of [one, other]) expect((await usage.ofAccount('default', 5)).days).toMatchObject([{ requests: 20 }])
})

it('writes by itself, a few times a minute and only where there is something', async () => {
  const commits: number[] = []
  const counted = new Proxy(store, {
    get: (target, key) => {
      if (key === 'commit') return (...args: Parameters<Store['commit']>) => { commits.push(clock.nowMs()); return target.commit(...args) }
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const usage = new Usage({ store: counted, bus, clock, log: () => undefined })
  usages.push(usage)
  for (let second = 0; second < 60; second += 2) {
    usage.receive('fra-1', report(second + 1))
    clock.advance(2_000)
    await new Promise(setImmediate)
  }
  // Three for the totals, and once a day one that forgets what is old.
  expect(commits.length).toBeLessThanOrEqual(4)
  expect(commits.length).toBeGreaterThanOrEqual(3)
  const before = commits.length
  for (let second = 60; second < 120; second += 2) {
    usage.receive('fra-1', report(second + 1, []))
    clock.advance(2_000)
    await new Promise(setImmediate)
  }
  // What the last of the minute before was about may have been left.
  expect(commits.length - before).toBeLessThanOrEqual(1)
})

it('forgets days after 90, and what was asked after five minutes', async () => {
  const usage = startUsage()
  usage.receive('fra-1', report(1))
  await usage.flush()
  expect(usage.silentMs).toBe(0)
  clock.advance(200_000)
  usage.receive('fra-1', report(2, [entry({ requests: 1 })]))
  const key = { account: 'default', function: 'hello', version, preview: false }
  expect(usage.recent(key).requests).toBe(11)
  expect(usage.recent(key, 60_000).requests).toBe(1)
  expect(usage.recent({ ...key, preview: true }).requests).toBe(0)
  clock.advance(200_000)
  expect(usage.recent(key).requests).toBe(1)
  expect(usage.silentMs).toBe(200_000)
  clock.advance(100 * 24 * 60 * 60 * 1_000)
  usage.receive('fra-1', report(3))
  await usage.flush()
  expect((await usage.ofAccount('default', 90)).days).toHaveLength(1)
})

it('keeps nothing of an account that is deleted, and shows it to none of the same name', async () => {
  const usage = startUsage()
  usage.receive('fra-1', report(1, [entry({ account: 'acme' })]))
  await store.commit({ writes: [accounts.remove('acme')], timeMs: clock.nowMs() })
  await usage.flush()
  expect(await store.listRecords('usage-day', { limit: 10 })).toEqual([])
  clock.advance(60_000)
  await create('acme')
  expect(await usage.ofAccount('acme', 5)).toMatchObject({ days: [], recent: { versions: [] } })
  clock.advance(10_000)
  usage.receive('fra-1', report(2, [entry({ account: 'acme', requests: 3 })]))
  expect(await usage.ofAccount('acme', 5)).toMatchObject({ days: [{ requests: 3 }], recent: { versions: [{ requests: 3 }] } })
})

it('takes what comes over the bus only where it makes sense', () => {
  const usage = startUsage()
  bus.publish('usage', { node: 'fra-1', report: { start: 'x', sequence: 1, intervalMs: 1, entries: [{ account: '../x' }] } })
  bus.publish('usage', 'nonsense')
  expect(usage.reports).toBe(0)
})
