import { expect, it } from 'vitest'
import { balance } from './sharing-out.ts'

it('gives all to the only node', () => {
  expect(balance(1_000, 1, 1).busiestNode).toBeCloseTo(1, 9)
})

it('gives the busiest node its equal share at least, and the hottest function', () => {
  for (const exponent of [0.8, 1.2]) {
    const { busiestNode, hottestFunctionShare } = balance(1_000, exponent, 4)
    expect(busiestNode).toBeGreaterThanOrEqual(Math.max(1, hottestFunctionShare * 4))
    expect(busiestNode).toBeLessThanOrEqual(4)
  }
})
