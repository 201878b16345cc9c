import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Share, withShare } from './function-state.ts'

test('the first version gets all, whatever its percent', () => {
  expect(withShare([], 'a', 10)).toEqual([{ version: 'a', percent: 100 }])
  expect(withShare([], 'a', 0)).toEqual([])
  expect(withShare([{ version: 'a', percent: 100 }], 'a', 10)).toEqual([{ version: 'a', percent: 100 }])
})

test('the others shrink in proportion', () => {
  const current = [{ version: 'a', percent: 80 }, { version: 'b', percent: 20 }]
  expect(withShare(current, 'c', 50)).toEqual([{ version: 'a', percent: 40 }, { version: 'b', percent: 10 }, { version: 'c', percent: 50 }])
  expect(withShare(current, 'b', 100)).toEqual([{ version: 'b', percent: 100 }])
  expect(withShare(current, 'b', 0)).toEqual([{ version: 'a', percent: 100 }])
})

test('shares add up to 100 after any sequence of deployments', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: 0, max: 100 })), { minLength: 1 }), (steps) => {
      let shares: readonly Share[] = []
      for (const [version, percent] of steps) shares = withShare(shares, version, percent)
      const sum = shares.reduce((total, share) => total + share.percent, 0)
      return shares.length === 0 || (Math.abs(sum - 100) < 1e-6 && shares.every((share) => share.percent > 0))
    }),
  )
})

test('rounding takes no share away', () => {
  const steps = [['d', 1], ['a', 1], ['b', 66], ['c', 85], ['d', 12], ['e', 98], ['d', 32], ['c', 65], ['e', 53]] as const
  let shares: readonly Share[] = []
  for (const [version, percent] of steps) shares = withShare(shares, version, percent)
  expect(shares.every(({ percent }) => percent > 0)).toBe(true)
  expect(shares.reduce((total, { percent }) => total + percent, 0)).toBeCloseTo(100, 6)
})

test('refuses an eleventh version', () => {
  const current = Array.from({ length: 10 }, (_, index) => ({ version: `v${index}`, percent: 10 }))
  expect(() => withShare(current, 'new', 1)).toThrow(expect.objectContaining({ code: 'invalid_request' }) as Error)
})
