import { expect, it } from 'vitest'
import { latencyBucketOf, latencyBuckets, marginsSchema } from '../protocol/index.ts'
import { evidenceOfFailures, findFault, type Sample } from './judge.ts'

const margins = marginsSchema.parse({})
/** @param latencies pairs of ms and count */
function sample(requests: number, failures: number, ...latencies: ReadonlyArray<readonly [ms: number, count: number]>): Sample {
  const latency = new Uint32Array(latencyBuckets)
  for (const [ms, count] of latencies.length > 0 ? latencies : [[5, requests] as const]) latency[latencyBucketOf(ms)] = (latency[latencyBucketOf(ms)] ?? 0) + count
  return { requests, failures, latency }
}

it('weighs evidence as the likelihood ratio does', () => {
  const of = (requests: number, failures: number): { readonly requests: number; readonly failures: number } => ({ requests, failures })
  // Without a margin: half of Wilks' statistic of two by two tables, here of 9 of 10 against 3 of 10: G = 8.20.
  expect(evidenceOfFailures(of(10, 9), of(10, 3), 0) * 2).toBeCloseTo(8.2, 1)
  expect(evidenceOfFailures(of(10, 3), of(10, 9), 0)).toBe(0)
  // One of one proves no more than how rare it would have been.
  expect(evidenceOfFailures(of(1, 1), of(1_000_000, 10_000), 0.01)).toBeCloseTo(-Math.log(0.02), 2)
  expect(evidenceOfFailures(of(5, 5), of(1_000_000, 0), 0.01)).toBeCloseTo(-5 * Math.log(0.01), 2)
})

it.each([
  ['the same', sample(1_000, 10), sample(1_000, 10)],
  ['better', sample(1_000, 0), sample(1_000, 50)],
  ['worse by chance, of few', sample(100, 4), sample(10_000, 100)],
  ['worse by less than the margin, of many', sample(1_000_000, 19_000), sample(1_000_000, 10_000)],
  ['without a single request', sample(0, 0), sample(1_000, 0)],
  ['without anything to compare it with', sample(1_000, 900), sample(0, 0)],
  ['slower by less than the margin', sample(10_000, 0, [14, 10_000]), sample(10_000, 0, [10, 10_000])],
  ['slow, against an old one of which too little is known', sample(10_000, 0, [1_000, 10_000]), sample(500, 0, [10, 500])],
  ['slow in one of a hundred and fifty', sample(15_000, 0, [10, 14_900], [1_000, 100]), sample(15_000, 0, [10, 15_000])],
])('finds no fault in what is %s', (_what, fresh, old) => {
  expect(findFault(fresh, old, margins)).toBeUndefined()
})

it.each([
  ['fails always', sample(20, 20), sample(1_000, 0), /100\.0 % of 20 requests failed, against 0\.0 % of 1000 before/],
  ['fails more often', sample(1_000, 60), sample(100_000, 1_000), /6\.0 % of 1000 requests failed, against 1\.0 % of 100000 before; 1 points more are allowed/],
  ['fails more often than one that fails often', sample(10_000, 3_500), sample(10_000, 3_000), /35\.0 % of/],
  ['is slow in every case', sample(100, 0, [50, 100]), sample(10_000, 0, [10, 10_000]), /99 of 100 requests took up to 5\d ms, against 1\d ms before; 1\.5 times/],
  ['is slow in one of twenty', sample(1_000, 0, [10, 950], [500, 50]), sample(10_000, 0, [10, 9_950], [100, 50]), /took up to 5\d\d ms, against 1\d ms before/],
])('finds the fault of what %s', (_what, fresh, old, fault) => {
  expect(findFault(fresh, old, margins)).toMatch(fault)
})

it('goes by the margins that are set', () => {
  expect(findFault(sample(1_000, 60), sample(100_000, 1_000), { ...margins, errorPoints: 5 })).toBeUndefined()
  expect(findFault(sample(1_000, 0, [50, 1_000]), sample(10_000, 0, [10, 10_000]), { ...margins, latencyFactor: 6 })).toBeUndefined()
})
