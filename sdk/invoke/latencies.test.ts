import { expect, test } from 'vitest'
import { Latencies } from './latencies.ts'
import { NodeHealth } from './node-health.ts'

test('an average that follows, does not jump with one sample, and is told in steps', () => {
  const latencies = new Latencies()
  latencies.probed('a', 20, 0)
  expect(latencies.get('a', 0)).toBe(20)
  latencies.answered('a', 22, 1, 100)
  expect(latencies.get('a', 100)).toBe(20)
  // An hour in the queue of some router counts like 80 ms.
  latencies.answered('a', 3_600_000, 0, 200)
  expect(latencies.get('a', 200)).toBeLessThan(35)
  for (let times = 0; times < 20; times += 1) latencies.probed('a', 60, 300 + times)
  expect(latencies.get('a', 400)).toBeCloseTo(60, -1)
})

test('what is old counts less, and then nothing', () => {
  const latencies = new Latencies()
  latencies.probed('a', 20, 0)
  latencies.answered('a', 60, 0, 590_000)
  expect(latencies.get('a', 590_000)).toBeCloseTo(60, -1)
  expect(latencies.get('a', 1_190_000)).toBeUndefined()
  expect(latencies.probeAgeMs('a', 1_190_000)).toBe(Number.POSITIVE_INFINITY)
})

test('a node that was not probed can not claim to be near, and one that was gains little by exaggerating', () => {
  const latencies = new Latencies()
  latencies.answered('liar', 200, 199, 0)
  expect(latencies.get('liar', 0)).toBeUndefined()
  latencies.probed('liar', 200, 0)
  for (let times = 0; times < 100; times += 1) latencies.answered('liar', 200, 1_000_000, times)
  expect(latencies.get('liar', 100)).toBeGreaterThanOrEqual(99)
})

test('a clock that jumps back makes nothing infinite or negative', () => {
  const latencies = new Latencies()
  latencies.probed('a', 20, 1_000_000)
  latencies.answered('a', 30, 0, 0)
  expect(latencies.get('a', 0)).toBeGreaterThan(0)
  expect(Number.isFinite(latencies.get('a', 0))).toBe(true)
})

test('a node that is down is asked later and later whether it is back', () => {
  const health = new NodeHealth()
  expect([health.fail('a', 0), health.fail('a', 0), health.isDown('a')]).toEqual([true, false, true])
  const asked: number[] = []
  for (let nowMs = 0; nowMs < 200_000; nowMs += 100) if (health.isDue('a', nowMs)) asked.push(nowMs)
  expect(asked.slice(0, 4)).toEqual([1_000, 3_000, 7_000, 15_000])
  expect((asked.at(-1) ?? 0) - (asked.at(-2) ?? 0)).toBe(30_000)
  expect([health.recover('a'), health.recover('a'), health.isDown('a')]).toEqual([true, false, false])
  health.fail('b', 0)
  health.retain(new Set())
  expect(health.isDown('b')).toBe(false)
})
