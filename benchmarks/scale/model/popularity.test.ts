import { describe, expect, it } from 'vitest'
import { type Popularity, regional, zipf, zipfShares } from './popularity.ts'

const total = (popularity: Popularity): number => popularity.reduce((sum, { functions, share }) => sum + functions * share, 0)
const count = (popularity: Popularity): number => popularity.reduce((sum, { functions }) => sum + functions, 0)

describe('zipf', () => {
  it.each([0.8, 1, 1.2])('has every function in a class, and shares that add up to 1, at exponent %s', (exponent) => {
    const popularity = zipf(1_000_000, exponent)
    expect(count(popularity)).toBe(1_000_000)
    expect(total(popularity)).toBeCloseTo(1, 10)
    expect(popularity.length).toBeLessThan(2_000)
  })

  it('gives each class the shares that its ranks have', () => {
    const shares = zipfShares(5_000, 1)
    let rank = 0
    for (const { functions, share } of zipf(5_000, 1)) {
      const exact = shares.subarray(rank, rank + functions).reduce((sum, each) => sum + each, 0)
      expect(functions * share).toBeCloseTo(exact, 12)
      rank += functions
    }
  })

  it('makes the second rank half as popular as the first at exponent 1', () => {
    const [first, second] = zipf(100, 1)
    expect((second?.share ?? 0) / (first?.share ?? 1)).toBeCloseTo(0.5, 12)
  })
})

describe('regional', () => {
  const popularity = zipf(1_000, 1)

  it('changes nothing where functions have no home', () => {
    const [all] = popularity
    const [home, away] = regional(popularity, { regions: 10, homeShare: 0 })
    expect(home?.share).toBeCloseTo(all?.share ?? 0, 12)
    expect(away?.share).toBeCloseTo(all?.share ?? 0, 12)
  })

  it('leaves a region its own functions alone where all requests come from home', () => {
    const seen = regional(popularity, { regions: 10, homeShare: 1 })
    expect(count(seen)).toBeCloseTo(100, 6)
    expect(total(seen)).toBeCloseTo(1, 10)
  })

  it('has as many requests as before', () => {
    expect(total(regional(popularity, { regions: 10, homeShare: 0.6 }))).toBeCloseTo(1, 10)
  })
})
