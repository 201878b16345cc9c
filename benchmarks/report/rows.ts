import type { ColdStartRound } from '../cold-start.ts'
import type { WrkResult } from '../load/wrk.ts'
import type { Machine } from '../machine.ts'
import type { PeerName } from '../peers/peer.ts'
import type { Failure } from '../rounds.ts'
import type { Question, Settings } from '../settings.ts'
import { median, medianOfSummaries, type Summary, summarize } from '../statistics.ts'
import type { Target } from '../targets.ts'

/** One line of the report: a peer's figures, and the raw rounds that they are the medians of. */
export interface ColdStartRow {
  readonly question: 'cold-start'
  readonly peer: PeerName
  readonly title: string
  /** How these cold starts came about. */
  readonly method: string
  /** Milliseconds; the median over the rounds of each statistic. */
  readonly summary: Summary
  readonly rounds: readonly ColdStartRound[]
}

export interface LoadRow {
  readonly question: 'latency' | 'throughput'
  readonly peer: PeerName
  readonly title: string
  readonly connections: number
  readonly requestsPerSecond: number
  readonly latencyMs: WrkResult['latencyMs']
  readonly rounds: readonly WrkResult[]
}

/** The whole outcome of a run, as it stands in the results file. */
export interface BenchmarkReport {
  readonly format: 1
  readonly startedAt: string
  readonly durationSeconds: number
  readonly quick: boolean
  readonly gitRevision: string | null
  readonly machine: Machine
  /** One-minute load averages before and after. The run itself adds about 2. */
  readonly loadAverage: { readonly before: number; readonly after: number }
  readonly versions: Readonly<Record<string, string>>
  readonly absent: readonly { readonly peer: PeerName; readonly reason: string }[]
  readonly settings: Settings
  readonly coldStart: readonly ColdStartRow[]
  readonly latency: readonly LoadRow[]
  readonly throughput: readonly LoadRow[]
  readonly targets: readonly Target[]
  readonly failures: readonly Failure[]
  readonly asked: readonly Question[]
}

export function coldStartRow(peer: PeerName, title: string, method: string, rounds: readonly ColdStartRound[]): ColdStartRow {
  return {
    question: 'cold-start', peer, title, method,
    summary: medianOfSummaries(rounds.map((round) => summarize(round.valuesMs))),
    rounds,
  }
}

export function loadRow(
  question: LoadRow['question'], peer: PeerName, title: string, connections: number, rounds: readonly WrkResult[],
): LoadRow {
  const over = (read: (result: WrkResult) => number): number => median(rounds.map(read))
  return {
    question, peer, title, connections,
    requestsPerSecond: over((result) => result.requestsPerSecond),
    latencyMs: {
      min: over((result) => result.latencyMs.min),
      p50: over((result) => result.latencyMs.p50),
      p90: over((result) => result.latencyMs.p90),
      p99: over((result) => result.latencyMs.p99),
      max: over((result) => result.latencyMs.max),
    },
    rounds,
  }
}
