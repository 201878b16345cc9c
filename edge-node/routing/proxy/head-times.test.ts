import { expect, test } from 'vitest'
import { createRandom } from '../../../test/helpers/random.ts'
import { HeadTimes } from './head-times.ts'

test('tells quantiles to a fourth, and nothing while it knows too little', () => {
  const random = createRandom(3)
  const times = new HeadTimes()
  const all: number[] = []
  for (let index = 0; index < 31; index += 1) times.add(5)
  expect(times.quantileMs(0.5)).toBeUndefined()
  for (let index = 0; index < 5_000; index += 1) {
    const ms = 2 + 500 * random.next() ** 4
    times.add(ms)
    if (index >= 3_000) all.push(ms)
  }
  all.sort((left, right) => left - right)
  for (const share of [0.5, 0.9, 0.98]) {
    const exact = all[Math.floor(all.length * share)] ?? 0
    const told = times.quantileMs(share) ?? 0
    expect(told).toBeGreaterThan(exact / 1.4)
    expect(told).toBeLessThan(exact * 1.4)
  }
})

test('forgets what was, and holds what is out of all bounds', () => {
  const times = new HeadTimes()
  for (let index = 0; index < 5_000; index += 1) times.add(1_000)
  for (let index = 0; index < 5_000; index += 1) times.add(10)
  expect(times.quantileMs(0.98)).toBeLessThan(13)
  for (let index = 0; index < 5_000; index += 1) times.add(index % 2 === 0 ? 0 : 1e9)
  expect([times.quantileMs(0.01), times.quantileMs(0.99)]).toEqual([0.5, expect.toSatisfy((ms: number) => ms > 20_000 && ms < 60_000)])
})
