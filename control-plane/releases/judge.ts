import { latencyBucketMs, latencyBucketOf, type Margins } from '../protocol/index.ts'

/** What one side of a comparison was asked. */
export interface Sample {
  readonly requests: number
  /** That failed, by the function's fault. */
  readonly failures: number
  /** Counts by bucket. */
  readonly latency: Uint32Array
}

/** The evidence that it takes to condemn a version: see docs/decisions/0016-judging-a-roll-out.md. */
export const verdictEvidence = 9
const tail = 0.01
const searchSteps = 50

/**
 * What is wrong with the new version, or undefined where nothing is certain to be.
 *
 * Neither rates nor percentiles are compared as they were measured. It is asked how well the best explanation fits in which the new version
 * keeps within the margins: the logarithm of how much better one fits in which it does not is the evidence (a likelihood-ratio test). So a
 * handful of requests condemns nobody, and what is certain is seen at once.
 *
 * @see https://en.wikipedia.org/wiki/Likelihood-ratio_test
 */
export function findFault(fresh: Sample, old: Sample, margins: Margins, evidence = verdictEvidence): string | undefined {
  if (fresh.requests === 0 || old.requests === 0) return undefined
  if (evidenceOfFailures(fresh, old, margins.errorPoints / 100) > evidence) {
    const [now, before] = [percent(fresh.failures, fresh.requests), percent(old.failures, old.requests)]
    return `${now} % of ${fresh.requests} requests failed, against ${before} % of ${old.requests} before; ${margins.errorPoints} points more are allowed`
  }
  if (evidenceOfSlowness(fresh.latency, old.latency, margins.latencyFactor) > evidence) {
    const [now, before] = [p99(fresh.latency), p99(old.latency)]
    return `99 of 100 requests took up to ${now} ms, against ${before} ms before; ${margins.latencyFactor} times as long is allowed`
  }
  return undefined
}

/** Against the new rate of failures being no higher than the old one and the margin (0 to 1). */
export function evidenceOfFailures(fresh: Omit<Sample, 'latency'>, old: Omit<Sample, 'latency'>, margin: number): number {
  const [rate, oldRate] = [fresh.failures / fresh.requests, old.failures / old.requests]
  const misfit = (trueOldRate: number): number =>
    old.requests * divergence(oldRate, trueOldRate) + fresh.requests * divergence(rate, Math.min(1, trueOldRate + margin))
  // The best explanation lies between the two that were measured, where the misfit has one minimum.
  let [low, high] = [oldRate, rate - margin]
  if (high <= low) return 0
  for (let step = 0; step < searchSteps; step += 1) {
    const [left, right] = [low + (high - low) / 3, high - (high - low) / 3]
    if (misfit(left) <= misfit(right)) high = right
    else low = left
  }
  return misfit((low + high) / 2)
}

/** Against the new 99th percentile being no higher than so many times the old one. */
export function evidenceOfSlowness(fresh: Uint32Array, old: Uint32Array, factor: number): number {
  const [total, oldTotal] = [sum(fresh), sum(old)]
  if (total === 0 || oldTotal === 0) return 0
  let least = Number.POSITIVE_INFINITY
  let oldSlower = oldTotal
  // Of the new version, those buckets that lie above what is allowed altogether.
  let allowed = latencyBucketOf(latencyBucketMs(0) * factor) - 1
  let slower = total
  for (let bucket = 0; bucket <= allowed; bucket += 1) slower -= fresh[bucket] ?? 0
  for (const count of old) {
    oldSlower -= count
    allowed += 1
    slower -= fresh[allowed] ?? 0
    // If the old percentile were this bucket's: as many were slower than it as were seen, and than what it allows the new version.
    const [oldShare, share] = [oldSlower / oldTotal, slower / total]
    const misfit = (oldShare < tail ? oldTotal * divergence(oldShare, tail) : 0) + (share > tail ? total * divergence(share, tail) : 0)
    least = Math.min(least, misfit)
  }
  return least
}

/** How badly a rate that was seen fits a true one, for each time that it was looked (Kullback and Leibler's divergence). */
function divergence(seen: number, true_: number): number {
  const part = (of: number, by: number): number => (of === 0 ? 0 : of * Math.log(of / by))
  return part(seen, true_) + part(1 - seen, 1 - true_)
}

function p99(latency: Uint32Array): number {
  const total = sum(latency)
  let counted = 0
  const bucket = latency.findIndex((count) => {
    counted += count
    return counted >= total * (1 - tail)
  })
  return Math.round(latencyBucketMs(bucket))
}

function sum(counts: Uint32Array): number {
  return counts.reduce((total, count) => total + count, 0)
}

function percent(part: number, whole: number): string {
  return ((part / whole) * 100).toFixed(1)
}
