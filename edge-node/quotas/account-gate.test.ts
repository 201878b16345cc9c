import { expect, it } from 'vitest'
import type { Quotas, QuotaShare } from '../../control-plane/protocol/index.ts'
import { AccountGate } from './account-gate.ts'

const gateOf = (quotas: Quotas, share: QuotaShare = quotas): AccountGate => {
  const gate = new AccountGate(1_000)
  // Long before, so that it has filled up.
  gate.setQuotas(quotas, -60_000)
  gate.setShare(share, -60_000)
  return gate
}
const admitted = (gate: AccountGate, times: number, nowMs: number, name = 'f'): number =>
  Array.from({ length: times }, () => gate.admit(name, nowMs)).filter((refusal) => refusal === undefined).length

it('lets in what its rate allows, and a second of it at once', () => {
  const gate = gateOf({ requestsPerSecond: 10 })
  expect(admitted(gate, 50, 0)).toBe(10)
  expect(admitted(gate, 50, 250)).toBe(2)
  expect(admitted(gate, 50, 10_000)).toBe(10)
  expect(gate.refused).toEqual({ rate: 128, concurrency: 0, cpu: 0, suspended: 0 })
})

it('lets requests of a small share in now and then, and none of a share of nothing', () => {
  const small = gateOf({ requestsPerSecond: 10 }, { requestsPerSecond: 0.5 })
  expect([0, 500, 1_000, 2_000, 3_000, 4_000].map((nowMs) => admitted(small, 1, nowMs))).toEqual([1, 0, 0, 1, 0, 1])
  expect(admitted(gateOf({ requestsPerSecond: 0 }), 5, 60_000)).toBe(0)
})

it('has no more at once after a smaller share, and fills up to a larger one by and by', () => {
  const gate = gateOf({ requestsPerSecond: 100 })
  gate.setShare({ requestsPerSecond: 10 }, 0)
  expect(admitted(gate, 200, 0)).toBe(10)
  gate.setShare({ requestsPerSecond: 100 }, 0)
  expect(admitted(gate, 200, 0)).toBe(0)
  expect(admitted(gate, 200, 500)).toBe(50)
})

it('counts what runs until it leaves, and gives back the token of what did not begin', () => {
  const gate = gateOf({ concurrentRequests: 2, requestsPerSecond: 3 })
  expect([gate.admit('a', 0), gate.admit('b', 0), gate.admit('c', 0)]).toEqual([undefined, undefined, 'concurrency'])
  gate.leave('a')
  gate.refund()
  expect([gate.admit('c', 0), gate.inFlight]).toEqual([undefined, 2])
  gate.leave('b')
  expect(admitted(gate, 1, 0)).toBe(1)
  gate.leave('c')
  expect(gate.admit('c', 0)).toBe('rate')
  expect(gate.takeDemand(2)).toEqual({ requestsPerSecond: 3, concurrentRequests: 3 })
  expect(gate.takeDemand(2)).toEqual({ requestsPerSecond: 0, concurrentRequests: 1 })
})

it('keeps its part of a quota that changes, and next to nothing of one that it has no share of yet', () => {
  const gate = new AccountGate(1_000)
  gate.setQuotas({ requestsPerSecond: 1_000, concurrentRequests: 5 }, 0)
  expect(gate.share).toEqual({ requestsPerSecond: 10, concurrentRequests: 1 })
  gate.setQuotas({ requestsPerSecond: 100, concurrentRequests: 5 }, 0)
  gate.setShare({ requestsPerSecond: 50, concurrentRequests: 4 }, 0)
  gate.setQuotas({ requestsPerSecond: 200, concurrentRequests: 10 }, 0)
  expect(gate.share).toEqual({ requestsPerSecond: 100, concurrentRequests: 8 })
  gate.setQuotas({ concurrentRequests: 0 }, 0)
  expect([gate.share, gate.admit('f', 0)]).toEqual([{ concurrentRequests: 0 }, 'concurrency'])
  gate.setQuotas({}, 0)
  expect([gate.share, admitted(gate, 1_001, 0)]).toEqual([{}, 1_000])
})

it('lets nothing in while the account is suspended', () => {
  const gate = gateOf({ requestsPerSecond: 10 })
  gate.setQuotas({ requestsPerSecond: 10, suspended: true }, 0)
  expect([gate.admit('f', 0), gate.isPart('suspended'), gate.isActive]).toEqual(['suspended', false, false])
  gate.setQuotas({ requestsPerSecond: 10 }, 0)
  expect(gate.admit('f', 0)).toBeUndefined()
})

it('refuses once the CPU time of the day is used, by this node and others', () => {
  const gate = gateOf({ cpuSecondsPerDay: 1 })
  gate.setCpu(300, 500)
  gate.charge(150)
  expect(gate.admit('f', 0)).toBeUndefined()
  gate.charge(50)
  expect(gate.admit('f', 0)).toBe('cpu')
})

it('sends a few requests to nodes that may have room, and none where this one has all there is', () => {
  const part = gateOf({ requestsPerSecond: 100 }, { requestsPerSecond: 50 })
  const sent = Array.from({ length: 1_000 }, (_, ms) => part.mayGoElsewhere('rate', ms)).filter((isSent) => isSent)
  expect(sent).toHaveLength(10)
  expect(part.mayGoElsewhere('cpu', 5_000)).toBe(false)
  expect(gateOf({ requestsPerSecond: 100 }).mayGoElsewhere('rate', 0)).toBe(false)
})

it('keeps room free for functions that reserved it, and no more', () => {
  const gate = gateOf({ concurrentRequests: 10 })
  gate.setReservations(new Map([['vip', 3], ['other', 2]]))
  expect(admitted(gate, 20, 0, 'any')).toBe(5)
  expect(admitted(gate, 20, 0, 'vip')).toBe(3)
  expect(admitted(gate, 20, 0, 'other')).toBe(2)
  gate.leave('any')
  // Beyond its reservation a function has what all have.
  expect(admitted(gate, 20, 0, 'vip')).toBe(1)
  gate.leave('vip')
  expect([gate.admit('vip', 0), gate.admit('any', 0), gate.inFlight]).toEqual([undefined, 'concurrency', 10])
  gate.setReservations(new Map())
  gate.leave('other')
  expect(admitted(gate, 20, 0, 'any')).toBe(1)
})

it('keeps its part of what is reserved in the account, rounded up, and all of it where the account has no limit', () => {
  const part = gateOf({ concurrentRequests: 100 }, { concurrentRequests: 10 })
  part.setReservations(new Map([['vip', 25]]))
  expect([admitted(part, 20, 0, 'any'), admitted(part, 20, 0, 'vip')]).toEqual([7, 3])
  const unlimited = new AccountGate(10)
  unlimited.setReservations(new Map([['vip', 4]]))
  expect([admitted(unlimited, 20, 0, 'any'), admitted(unlimited, 20, 0, 'vip')]).toEqual([6, 4])
})

it('loses count of nothing where reservations come and go under way', () => {
  const gate = gateOf({ concurrentRequests: 4 })
  expect(admitted(gate, 3, 0, 'vip')).toBe(3)
  gate.setReservations(new Map([['vip', 2]]))
  expect(admitted(gate, 9, 0, 'vip')).toBe(1)
  for (let leaving = 0; leaving < 4; leaving += 1) gate.leave('vip')
  expect(gate.inFlight).toBe(0)
  expect([admitted(gate, 9, 0, 'any'), admitted(gate, 9, 0, 'vip')]).toEqual([2, 2])
})
