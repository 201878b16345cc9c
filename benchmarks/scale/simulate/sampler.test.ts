import { expect, it } from 'vitest'
import { createRandom } from '../../../test/helpers/random.ts'
import { createSampler } from './sampler.ts'

it('draws each index as often as its share says', () => {
  const shares = Float64Array.from([0.5, 0.25, 0.15, 0.1, 0])
  const random = createRandom(7)
  const sample = createSampler(shares, () => random.next())
  const drawn = new Float64Array(shares.length)
  const draws = 200_000
  for (let index = 0; index < draws; index++) {
    const id = sample()
    drawn[id] = (drawn[id] ?? 0) + 1
  }
  for (const [id, share] of shares.entries()) expect(Math.abs((drawn[id] ?? 0) / draws - share)).toBeLessThan(0.005)
  expect(drawn[4]).toBe(0)
})
