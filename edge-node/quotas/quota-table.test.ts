import { beforeEach, expect, it } from 'vitest'
import { type QuotaAnswer, quotaDemandsMax } from '../../control-plane/protocol/index.ts'
import { QuotaTable } from './quota-table.ts'

const dayMs = 24 * 60 * 60 * 1_000
/** 2030-01-01T12:00Z. */
const noonMs = Date.parse('2030-01-01T12:00:00Z')
let monotonicMs: number
let wallMs: number
let wanting: number

beforeEach(() => {
  monotonicMs = 1_000
  wallMs = noonMs
  wanting = 0
})
const open = (): QuotaTable => new QuotaTable({ nodeConcurrency: 100, monotonicMs: () => monotonicMs, nowMs: () => wallMs, onWanting: () => void (wanting += 1) })
const pass = (ms: number): void => {
  monotonicMs += ms
  wallMs += ms
}
const answer = (of: Partial<QuotaAnswer['accounts'][number]>, more: Partial<QuotaAnswer> = {}): QuotaAnswer => ({
  origin: 'one', day: '2030-01-01', dayLeftMs: dayMs / 2, accounts: [{ account: 'acme', share: {}, cpuMs: 0, othersCpuMs: 0, ...of }], ...more,
})

it('begins a day when the control plane does, whatever its own clock says', () => {
  // A day ahead.
  wallMs += dayMs
  const table = open()
  table.set('acme', { cpuSecondsPerDay: 1 })
  expect(table.takeReport()?.day).toBe('2030-01-02')
  table.apply(answer({ othersCpuMs: 400 }))
  table.charge('acme', 600)
  const gate = table.gateOf('acme')
  expect(gate.admit('f', monotonicMs)).toBe('cpu')
  expect(table.refusal(gate, 'cpu')).toMatchObject({ code: 'cpu_quota_exceeded', limit: 1, retryAfterSeconds: 12 * 60 * 60 })
  // The clock of the machine is set back meanwhile: only what passed counts.
  wallMs -= 10 * dayMs
  monotonicMs += dayMs / 2 - 1
  expect(table.day).toBe('2030-01-01')
  monotonicMs += 1
  expect([table.day, gate.admit('f', monotonicMs)]).toEqual(['2030-01-02', undefined])
  monotonicMs += dayMs
  expect(table.day).toBe('2030-01-03')
})

it('adds what it used before a restart to what it has used since, once', () => {
  const table = open()
  table.set('acme', { cpuSecondsPerDay: 10 })
  table.charge('acme', 100)
  expect(table.takeReport()?.demands[0]?.cpuMs).toBe(100)
  // Used while the report was under way.
  table.charge('acme', 50)
  table.apply(answer({ cpuMs: 3_000 }))
  expect(table.gateOf('acme').cpuMs).toBe(3_050)
  expect(table.takeReport()?.demands[0]?.cpuMs).toBe(3_050)
  table.apply(answer({ cpuMs: 3_050 }))
  expect(table.gateOf('acme').cpuMs).toBe(3_050)
})

it('keeps shares and what was used today over a start without the control plane', () => {
  const before = open()
  before.set('acme', { requestsPerSecond: 100, cpuSecondsPerDay: 10 })
  before.takeReport()
  before.apply(answer({ share: { requestsPerSecond: 70 }, othersCpuMs: 2_000 }))
  before.charge('acme', 500)
  const kept = before.keep()
  const after = open()
  after.replaceAll([{ account: 'acme', quotas: { requestsPerSecond: 100, cpuSecondsPerDay: 10 } }])
  after.restore(kept)
  const gate = after.gateOf('acme')
  expect([gate.share, gate.cpuMs, gate.othersCpuMs]).toEqual([{ requestsPerSecond: 70 }, 500, 2_000])
  pass(dayMs)
  const nextDay = open()
  nextDay.replaceAll([{ account: 'acme', quotas: { requestsPerSecond: 100 } }])
  nextDay.restore(kept)
  expect([nextDay.gateOf('acme').share, nextDay.gateOf('acme').cpuMs]).toEqual([{ requestsPerSecond: 70 }, 0])
})

it('tells of accounts while they are asked for something, and all of them to a control plane that it does not know', () => {
  const table = open()
  expect(table.takeReport()).toBeUndefined()
  table.set('acme', { requestsPerSecond: 10 })
  table.set('unlimited', { functions: 1 })
  table.gateOf('unlimited').admit('f', monotonicMs)
  const reported = (): number => {
    pass(2_000)
    return table.takeReport()?.demands.length ?? 0
  }
  table.takeReport()
  table.apply(answer({ share: { requestsPerSecond: 10 } }))
  const quiet = [1, 2, 3, 4, 5, 6, 7].map(reported)
  expect([quiet[0], quiet.at(-1)]).toEqual([1, 0])
  table.gateOf('acme').admit('f', monotonicMs)
  table.gateOf('acme').leave('f')
  expect(reported()).toBe(1)
  for (const _ of quiet) reported()
  expect(reported()).toBe(0)
  table.apply(answer({}, { origin: 'two', accounts: [] }))
  expect(reported()).toBe(1)
})

it('tells of all accounts by and by, where they are more than go into a report', () => {
  const table = open()
  const names = Array.from({ length: quotaDemandsMax * 2 + 1 }, (_, index) => `account-${index}`)
  for (const name of names) table.set(name, { requestsPerSecond: 10 })
  const told = new Set<string>()
  for (let report = 0; report < 3; report += 1) {
    for (const name of names) table.gateOf(name).admit('f', monotonicMs)
    pass(2_000)
    for (const { account } of table.takeReport()?.demands ?? []) told.add(account)
  }
  expect(told.size).toBe(names.length)
})

it('says when it goes by less, and wants more where others may have room', () => {
  const table = open()
  table.set('acme', { requestsPerSecond: 100, concurrentRequests: 10 })
  const gate = table.gateOf('acme')
  expect(table.apply(answer({ share: { requestsPerSecond: 100, concurrentRequests: 10 } }))).toBe(false)
  table.refusal(gate, 'rate')
  expect([gate.isPart('rate'), gate.isPart('concurrency'), gate.isPart('cpu'), wanting]).toEqual([false, false, false, 0])
  pass(10_000)
  for (let index = 0; index < 8; index += 1) gate.admit('f', monotonicMs)
  expect(table.apply(answer({ share: { requestsPerSecond: 40, concurrentRequests: 2 } }))).toBe(true)
  expect(table.apply(answer({ share: { requestsPerSecond: 40, concurrentRequests: 2 } }))).toBe(false)
  // What runs is held until it ends.
  expect(table.takeReport()?.demands[0]?.holds).toEqual({ requestsPerSecond: 40, concurrentRequests: 8 })
  table.refusal(gate, 'rate')
  table.refusal(gate, 'concurrency')
  expect(wanting).toBe(2)
})
