import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemActor } from '../audit/index.ts'
import { MemoryBus } from '../bus/index.ts'
import { openSqliteStore, type Store } from '../store/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { AccountLimits } from './index.ts'

let directory: string
let store: Store
let bus: MemoryBus
let clock: FakeClock
const open = (connected = ['a', 'b']): Promise<AccountLimits> =>
  AccountLimits.open({ store, bus, clock, log: () => undefined, nodes: { connected: () => connected.map((name) => ({ name, region: 'fra', draining: false })) } })

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-limits-'))
  store = openSqliteStore({ file: join(directory, 'control-plane.db') })
  bus = new MemoryBus()
  clock = new FakeClock(Date.parse('2030-01-01T23:59:00Z'))
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

async function share(limits: AccountLimits, node: string, requestsPerSecond: number, holds: number, cpuMs = 0, day = '2030-01-01') {
  const { accounts, ...rest } = await limits.report({ name: node, region: 'fra' }, { day, demands: [{ account: 'acme', requestsPerSecond, concurrentRequests: 0, holds: { requestsPerSecond: holds }, cpuMs }] })
  return { ...rest, cpuMs: accounts[0]?.cpuMs, othersCpuMs: accounts[0]?.othersCpuMs, granted: accounts[0]?.share.requestsPerSecond }
}

it('gives no more than a limit by two replicas, each of which hears what the other gave', async () => {
  const [one, two] = [await open(), await open()]
  await one.change(systemActor('acme'), 'acme', { requestsPerSecond: 100 })
  expect([(await share(one, 'a', 0, 1)).granted, (await share(two, 'b', 0, 1)).granted]).toEqual([50, 50])
  expect([(await share(one, 'a', 100, 50)).granted, (await share(two, 'b', 0, 50)).granted]).toEqual([50, 5])
  // Until the other says that it goes by less, it may not have heard.
  expect((await share(one, 'a', 100, 50)).granted).toBe(50)
  expect((await share(one, 'b', 0, 5)).granted).toBe(5)
  expect((await share(one, 'a', 100, 50)).granted).toBe(95)
  expect((await share(two, 'b', 100, 1)).granted).toBe(5)
  const lowered = (await share(two, 'a', 100, 95)).granted ?? 0
  expect(lowered).toBeLessThan(60)
  expect((await share(one, 'b', 100, 5)).granted).toBe(5)
  await share(one, 'a', 100, lowered)
  expect((await share(two, 'b', 100, 5)).granted).toBeCloseTo(100 - lowered, 6)
  await two.change(systemActor('acme'), 'acme', { requestsPerSecond: null })
  expect((await share(one, 'a', 100, 50)).granted).toBeUndefined()
  await Promise.all([one.close(), two.close()])
})

it('begins a day at midnight by its own clock, and knows what was used before it was started anew', async () => {
  const first = await open()
  await first.change(systemActor('acme'), 'acme', { cpuSecondsPerDay: 60 })
  await share(first, 'a', 0, 0, 4_000)
  await share(first, 'b', 0, 0, 1_000)
  await first.close()
  const second = await open()
  expect(await share(second, 'a', 0, 0, 0)).toMatchObject({ day: '2030-01-01', dayLeftMs: 60_000, cpuMs: 4_000, othersCpuMs: 1_000 })
  clock.advance(60_000)
  // What a node has used of the day that is over does not count for the new one.
  expect(await share(second, 'a', 0, 0, 4_500)).toMatchObject({ day: '2030-01-02', cpuMs: 0, othersCpuMs: 0 })
  expect(await share(second, 'b', 0, 0, 20, '2030-01-02')).toMatchObject({ cpuMs: 0, othersCpuMs: 0 })
  expect((await second.usage('acme')).used.cpuSeconds).toBe(0.02)
  await second.close()
})

it('takes for gone what a node held that was silent for long and is not connected', async () => {
  const limits = await open(['a'])
  await limits.change(systemActor('acme'), 'acme', { requestsPerSecond: 100 })
  await share(limits, 'gone', 0, 60)
  expect((await share(limits, 'a', 100, 1)).granted).toBe(40)
  clock.advance(31_000)
  expect((await share(limits, 'a', 100, 40)).granted).toBe(100)
  await limits.close()
})

it('reads quotas anew where revisions were passed over, as by a replica that took a checkpoint over', async () => {
  const limits = await open(['a'])
  await limits.change(systemActor('acme'), 'acme', { requestsPerSecond: 100 })
  expect((await share(limits, 'a', 100, 0)).granted).toBe(100)
  const change = { kind: 'delete' as const, account: 'acme', function: 'hello' }
  await store.commit({ writes: [{ kind: 'putRecord', collection: 'quota', key: 'acme', value: { requestsPerSecond: 40 } }, { kind: 'putRevision', revision: { sequence: 100, timeMs: 1, change } }], timeMs: 1 })
  await store.commit({ writes: [], change, timeMs: 1 })
  expect((await share(limits, 'a', 100, 100)).granted).toBe(40)
  await limits.close()
})

it('saves no more once it is closed, also where it was just saving', async () => {
  const limits = await open()
  clock.advance(10_000)
  await limits.close()
  expect(clock.pending).toBe(0)
})

it('keeps nothing of accounts without quotas, whatever names a node makes up', async () => {
  const limits = await open()
  expect(await share(limits, 'a', 5, 0, 1_000)).toMatchObject({ cpuMs: 0, othersCpuMs: 0 })
  expect(await share(limits, 'a', 5, 0, 2_000)).toMatchObject({ cpuMs: 0, othersCpuMs: 0 })
  expect((await limits.usage('acme')).used).toEqual({ functions: 0, storedBytes: 0 })
  await limits.close()
  expect(await store.listRecords('quota-cpu', { limit: 10 })).toEqual([])
})
