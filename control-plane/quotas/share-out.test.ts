import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shareOut, shareOutWhole } from './share-out.ts'

it('gives in proportion, with something for who asks for nothing', () => {
  expect(shareOut(120, [30, 10, 0]).map((part) => Math.round(part * 1e6) / 1e6)).toEqual([85, 31, 4])
  expect(shareOut(90, [0, 0, 0])).toEqual([30, 30, 30])
  expect(shareOutWhole(10, [0, 0, 0])).toEqual([4, 3, 3])
  expect(shareOutWhole(1, [0, 5, 1])).toEqual([0, 1, 0])
})

it('always adds up to the limit, and gives who asks more no less', () => {
  fc.assert(
    fc.property(fc.nat({ max: 10_000 }), fc.array(fc.nat({ max: 5_000 }), { minLength: 1, maxLength: 40 }), (limit, demands) => {
      const whole = shareOutWhole(limit, demands)
      expect(whole.reduce((sum, part) => sum + part, 0)).toBe(limit)
      expect(shareOut(limit, demands).reduce((sum, part) => sum + part, 0)).toBeCloseTo(limit, 6)
      for (const [index, demand] of demands.entries()) {
        expect(Number.isInteger(whole[index])).toBe(true)
        for (const [other, less] of demands.entries()) if (less < demand) expect(whole[index] ?? 0).toBeGreaterThanOrEqual(whole[other] ?? 0)
      }
    }),
    { seed: 7 },
  )
})
