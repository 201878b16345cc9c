import { expect, test } from 'vitest'
import { distribution, median, medianOfCurves, medianOfSummaries, percentile, summarize, summarizeCurve } from './statistics.ts'

test('a percentile is interpolated between the nearest ranks', () => {
  expect(percentile([1, 2, 3, 4], 50)).toBe(2.5)
  expect(percentile([10, 20, 30, 40, 50], 90)).toBeCloseTo(46)
  expect(percentile([7], 99)).toBe(7)
})

test('the ends are the smallest and the largest value', () => {
  expect(percentile([3, 1, 2], 0)).toBe(1)
  expect(percentile([3, 1, 2], 100)).toBe(3)
})

test('the order of the values does not matter, and the list is left alone', () => {
  const values = [9, 1, 5]
  expect(median(values)).toBe(5)
  expect(values).toEqual([9, 1, 5])
})

test('numbers are ordered as numbers, not as text', () => {
  expect(median([100, 9, 20])).toBe(20)
})

test('nothing measured and percentages out of range are refused', () => {
  expect(() => percentile([], 50)).toThrow(RangeError)
  expect(() => percentile([1], 101)).toThrow(RangeError)
  expect(() => percentile([1], Number.NaN)).toThrow(RangeError)
})

test('the median of rounds is taken statistic by statistic, so one bad round does not move it', () => {
  const rounds = [summarize([1, 2, 3]), summarize([2, 3, 4]), summarize([100, 200, 300])]
  expect(medianOfSummaries(rounds)).toMatchObject({ count: 9, min: 2, p50: 3, max: 4 })
})

test('a distribution rises to one', () => {
  expect(distribution([3, 1])).toEqual([{ value: 1, share: 0.5 }, { value: 3, share: 1 }])
})

test('a curve is read between the percentages that are known', () => {
  expect(summarizeCurve([[0, 1], [40, 2], [60, 4], [90, 10], [99, 20], [100, 50]], 7)).toEqual({ count: 7, min: 1, p50: 3, p90: 10, p99: 20, max: 50 })
  expect(summarizeCurve([[10, 1], [95, 18], [100, 50]], 1)).toMatchObject({ p90: 17, max: 50 })
})

test('the median of curves is taken at each percentage', () => {
  expect(medianOfCurves([[[50, 1], [99, 9]], [[50, 3], [99, 5]], [[50, 2], [99, 100]]])).toEqual([[50, 2], [99, 9]])
  expect(medianOfCurves([])).toEqual([])
})
