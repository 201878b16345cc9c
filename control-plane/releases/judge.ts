import { latencyBucketMs } from '../protocol/index.ts'
import type { Margins } from '../protocol/index.ts'

/** What one side of a comparison was asked. */
export interface Sample {
  readonly requests: number
  /** That failed, by the function's fault. */
  readonly failures: number
  /** Counts by bucket. */
  readonly latency: Uint32Array
}

/** How sure a verdict against a version has to be, in standard deviations: see docs/decisions/0016-judging-a-roll-out.md. */
export const verdictDeviations = 3.5
const tail = 0.01

/**
 * What is wrong with the new version, or undefined where nothing is certain to be.
 *
 * Neither rates nor percentiles are compared as they were measured, but by what they are at least and at most (Wilson's score interval,
 * and Newcombe's for the difference of two rates), so that a handful of requests condemns nobody.
 *
 * @see https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I
 */
export function findFault(fresh: Sample, old: Sample, margins: Margins, deviations = verdictDeviations): string | undefined {
  if (fresh.requests === 0 || old.requests === 0) return undefined
  const worse = lowestDifference(fresh.failures, fresh.requests, old.failures, old.requests, deviations) * 100
  if (worse > margins.errorPoints) {
    const [now, before] = [percent(fresh.failures, fresh.requests), percent(old.failures, old.requests)]
    return `${now} % of ${fresh.requests} requests failed, against ${before} % of ${old.requests}: at least ${worse.toFixed(1)} points more, and ${margins.errorPoints} are allowed`
  }
  const oldBucket = highestTailBucket(old.latency, deviations)
  if (oldBucket === undefined) return undefined
  const allowedMs = latencyBucketMs(oldBucket) * margins.latencyFactor
  const total = sum(fresh.latency)
  const slower = fresh.latency.reduce((count, of, bucket) => (bucket > 0 && latencyBucketMs(bucket - 1) >= allowedMs ? count + of : count), 0)
  if (total > 0 && wilson(slower, total, deviations).low > tail) {
    return `${percent(slower, total)} % of ${total} requests took longer than ${Math.round(allowedMs)} ms, which is ${margins.latencyFactor} times what 99 of 100 stayed below before`
  }
  return undefined
}

/** Wilson's interval for a rate of which `hits` of `total` were seen. */
export function wilson(hits: number, total: number, deviations: number): { readonly low: number; readonly high: number } {
  const rate = hits / total
  const square = deviations ** 2
  const centre = rate + square / (2 * total)
  const spread = deviations * Math.sqrt((rate * (1 - rate)) / total + square / (4 * total ** 2))
  const scale = 1 + square / total
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) }
}

/** By how much the first rate is higher than the second at least (below 0 where it may be lower). */
export function lowestDifference(hits: number, total: number, otherHits: number, otherTotal: number, deviations: number): number {
  const [rate, otherRate] = [hits / total, otherHits / otherTotal]
  const { low } = wilson(hits, total, deviations)
  const { high } = wilson(otherHits, otherTotal, deviations)
  return rate - otherRate - Math.sqrt((rate - low) ** 2 + (high - otherRate) ** 2)
}

/** The bucket above which certainly no more than one of a hundred lies; undefined where there are too few to tell. */
function highestTailBucket(latency: Uint32Array, deviations: number): number | undefined {
  const total = sum(latency)
  if (total === 0 || wilson(0, total, deviations).high > tail) return undefined
  let above = 0
  for (let bucket = latency.length - 1; bucket > 0; bucket -= 1) {
    above += latency[bucket] ?? 0
    if (wilson(above, total, deviations).high > tail) return bucket
  }
  return 0
}

function sum(counts: Uint32Array): number {
  return counts.reduce((total, count) => total + count, 0)
}

function percent(part: number, whole: number): string {
  return ((part / whole) * 100).toFixed(1)
}
