import type { Call, RepeatReason } from './client.ts'
import type { Complaint } from './kinds.ts'

/** A request that did not get what it must. */
export interface Failure extends Complaint {
  readonly request: string
  readonly client: string
  readonly method: Call['method']
  readonly nonce: string
  readonly fromMs: number
  readonly toMs: number
  /** What it went through where that is known; empty for anything. */
  readonly doors: readonly string[]
}

export interface Repeat {
  readonly reason: RepeatReason
  readonly request: string
  readonly fromMs: number
  readonly atMs: number
  readonly doors: readonly string[]
}

/** What became of all requests. */
export class Tally {
  requests = 0
  readonly latenciesMs = new Map<string, number[]>()
  readonly failures: Failure[] = []
  readonly repeats: Repeat[] = []
  /** Nonces of `POST`s that were answered well. */
  readonly counted: string[] = []
  /** Nonces whose `waitUntil` has to follow, with when they were answered and by which node. */
  readonly awaited: { readonly nonce: string; readonly atMs: number; readonly node: string }[] = []

  answered(request: string, latencyMs: number): void {
    const latencies = this.latenciesMs.get(request) ?? []
    latencies.push(latencyMs)
    this.latenciesMs.set(request, latencies)
  }
}

/** The value below which a share of the values lies, or NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
