import { expect, test } from 'vitest'
import { until } from '../../../test/helpers/until.ts'
import { SubrequestBudget } from './budget.ts'

test('a few go on at a time, the next as one is through, in order', async () => {
  const budget = new SubrequestBudget(100)
  const begun: number[] = []
  for (let index = 0; index < 9; index += 1) budget.enter(() => begun.push(index))
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  budget.leave()
  budget.leave()
  await until('two more have begun', () => begun.length === 8)
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('thousands that fail as they begin do so one after the other, not on top of each other', async () => {
  const budget = new SubrequestBudget(20_000)
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = 1_000
  for (let active = 0; active < 6; active += 1) budget.enter(() => undefined)
  let failed = 0
  let deepest = 0
  for (let index = 0; index < 3_000; index += 1) {
    budget.enter(() => {
      failed += 1
      deepest = Math.max(deepest, new Error('where').stack?.split('\n').length ?? 0)
      budget.leave()
    })
  }
  budget.leave()
  await until('all have failed', () => failed === 3_000)
  Error.stackTraceLimit = before
  expect(deepest).toBeLessThan(50)
})

test('where all are given up at once none of those that wait begins', async () => {
  const budget = new SubrequestBudget(20_000)
  let begun = 0
  const giveUps = Array.from({ length: 10_000 }, () => budget.enter(() => (begun += 1)))
  for (const giveUp of giveUps) giveUp()
  for (let active = 0; active < 6; active += 1) budget.leave()
  await new Promise(setImmediate)
  await new Promise(setImmediate)
  expect(begun).toBe(6)
  budget.enter(() => (begun += 1))
  expect(begun).toBe(7)
})
