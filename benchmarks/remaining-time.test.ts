import { expect, test } from 'vitest'
import { RemainingTime } from './remaining-time.ts'

test('what is left follows from how fast the parts before were', () => {
  let nowMs = 5_000
  const remaining = new RemainingTime([1, 1, 2, 6], () => nowMs)
  nowMs += 20_000
  expect(remaining.done(1)).toBe('about 3 min left')
  nowMs += 20_000
  expect(remaining.done(1)).toBe('about 3 min left')
  nowMs += 20_000
  expect(remaining.done(2)).toBe('about 2 min left')
  expect(remaining.done(6)).toBe('about 0 s left')
})
