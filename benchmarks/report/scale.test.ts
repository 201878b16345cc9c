import { expect, test } from 'vitest'
import { linearScale, logScale, ninesScale } from './scale.ts'

test('a linear scale starts at zero and ends at a round number above the largest value', () => {
  const scale = linearScale(46_000, 100, 600)
  expect(scale.ticks).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000])
  expect(scale.place(0)).toBe(100)
  expect(scale.place(50_000)).toBe(600)
})

test('a logarithmic scale gives each decade the same room', () => {
  const scale = logScale(0.1, 10, 0, 200)
  expect(scale.place(0.1)).toBeCloseTo(0)
  expect(scale.place(1)).toBeCloseTo(100)
  expect(scale.place(10)).toBeCloseTo(200)
  expect(scale.ticks.map((tick) => Number(tick.toFixed(3)))).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10])
})

test('the ends of a logarithmic scale enclose the values', () => {
  const scale = logScale(1.3, 73, 0, 1)
  expect(scale.ticks[0]).toBe(1)
  expect(scale.ticks.at(-1)).toBe(100)
})

test('one value alone still has a place', () => {
  expect(Number.isFinite(logScale(1, 1, 0, 100).place(1))).toBe(true)
  expect(Number.isFinite(linearScale(0, 0, 100).place(0))).toBe(true)
})

test('each nine has the same room, as far as there are values to tell it, and all is the end', () => {
  const scale = ninesScale(600, 0, 235)
  expect(scale.ticks).toEqual([0, 50, 90, 99, 100])
  expect([0, 90, 99, 100].map(scale.place).map(Math.round)).toEqual([0, 100, 200, 235])
  expect(scale.place(99.99)).toBeLessThanOrEqual(235)
  expect(ninesScale(100_000, 0, 1).ticks).toContain(99.99)
})
