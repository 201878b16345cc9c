import { latencyBucketMs, latencyBuckets, type UsageAmounts, type UsageEntry } from '../protocol/index.ts'

/** Amounts and latencies of many reports together. */
export class UsageSum {
  requests = 0
  errors = 0
  answered5xx = 0
  refused = 0
  cpuMs = 0
  readonly latency: Uint32Array = new Uint32Array(latencyBuckets)

  addEntry(entry: UsageEntry): void {
    this.#addAmounts(entry)
    for (const [bucket, count] of entry.latency) this.latency[bucket] = (this.latency[bucket] ?? 0) + count
  }

  add(other: UsageSum): void {
    this.#addAmounts(other)
    for (const [bucket, count] of other.latency.entries()) this.latency[bucket] = (this.latency[bucket] ?? 0) + count
  }

  get amounts(): UsageAmounts {
    const { requests, errors, answered5xx, refused, cpuMs } = this
    return { requests, errors, answered5xx, refused, cpuMs: Math.round(cpuMs * 1_000) / 1_000 }
  }

  /** The share of the requests given were no slower than this many ms, within a fifth; undefined where there were none. */
  latencyMs(share: number): number | undefined {
    const total = this.latency.reduce((sum, count) => sum + count, 0)
    if (total === 0) return undefined
    let counted = 0
    for (const [bucket, count] of this.latency.entries()) {
      counted += count
      if (counted >= total * share) return Math.round(latencyBucketMs(bucket) * 1_000) / 1_000
    }
    return undefined
  }

  #addAmounts(amounts: UsageAmounts): void {
    this.requests += amounts.requests
    this.errors += amounts.errors
    this.answered5xx += amounts.answered5xx
    this.refused += amounts.refused
    this.cpuMs += amounts.cpuMs
  }
}

export const noUsage: UsageAmounts = { requests: 0, errors: 0, answered5xx: 0, refused: 0, cpuMs: 0 }

export function addAmounts(first: UsageAmounts, second: UsageAmounts): UsageAmounts {
  return {
    requests: first.requests + second.requests,
    errors: first.errors + second.errors,
    answered5xx: first.answered5xx + second.answered5xx,
    refused: first.refused + second.refused,
    cpuMs: Math.round((first.cpuMs + second.cpuMs) * 1_000) / 1_000,
  }
}
