import { expect, test } from 'vitest'
import { AccountBackOff } from './account-back-off.ts'

test('an account whose functions end cell after cell waits for new ones, longer each time, and others do not', () => {
  let nowMs = 0
  const backOff = new AccountBackOff(() => nowMs)
  for (let end = 0; end < 19; end++) backOff.note('acme')
  expect(backOff.refusalMs('acme')).toBe(0)
  backOff.note('acme')
  expect(backOff.refusalMs('acme')).toBe(1_000)
  nowMs += 1_000
  expect(backOff.refusalMs('acme')).toBe(0)
  backOff.note('acme')
  expect(backOff.refusalMs('acme')).toBe(2_000)
  for (let end = 0; end < 10; end++) backOff.note('acme')
  expect(backOff.refusalMs('acme')).toBe(30_000)
  expect(backOff.refusalMs('other')).toBe(0)
})

test('ends that are far apart are no reason to wait', () => {
  let nowMs = 0
  const backOff = new AccountBackOff(() => nowMs)
  for (let end = 0; end < 100; end++) {
    backOff.note('acme')
    nowMs += 3_200
  }
  expect(backOff.refusalMs('acme')).toBe(0)
})
