import type { Machine } from './machine.ts'
import type { PeerName } from './peers/peer.ts'
import type { Failure } from './rounds.ts'
import type { CaseRound, FigureName } from './rows/index.ts'
import type { RowName, Settings } from './settings.ts'
import { median, medianOfSummaries, summarize, summarizeCurve, type Summary } from './statistics.ts'

/** A peer's figures for one case, and the raw rounds that they are the medians of. */
export interface PeerResult {
  readonly peer: PeerName
  readonly title: string
  /** How it was done, where that differs between peers. */
  readonly method?: string
  /** Milliseconds; the median over the rounds of each statistic. */
  readonly times?: Summary
  readonly figures: Readonly<Partial<Record<FigureName, number>>>
  readonly rounds: readonly CaseRound[]
}

export interface CaseResult {
  readonly name: string
  readonly title: string
  readonly peers: readonly PeerResult[]
}

export interface RowResult {
  readonly name: RowName
  readonly title: string
  readonly about: string
  readonly decides: 'times' | FigureName
  /** How long it took to measure. */
  readonly seconds: number
  readonly cases: readonly CaseResult[]
}

/** What a run's figures say of one aim, with both of its sides. */
export interface Judgement {
  readonly row: RowName
  readonly case: string
  readonly title: string
  readonly reached: boolean
  /** What was measured, and the bound that it is judged by, in words. */
  readonly measured: string
  readonly bound: string
  /** In the unit of the row, for its plot; `percent` where it is a time at that percentage. */
  readonly limit: number
  readonly percent?: number
}

/** The whole outcome of a run, as it stands in the results file. */
export interface BenchmarkReport {
  readonly format: 2
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
  readonly rows: readonly RowResult[]
  /** What Skerry has set itself to reach, as far as both sides were measured. */
  readonly targets: readonly Judgement[]
  /** What must hold on any machine, likewise. */
  readonly guards: readonly Judgement[]
  readonly failures: readonly Failure[]
}

/** Gathers a peer's rounds of one case. */
export function peerResult(peer: { readonly name: PeerName; readonly title: string }, rounds: readonly CaseRound[], method?: string): PeerResult {
  const summaries = rounds.flatMap((round) => {
    if (round.samplesMs !== undefined && round.samplesMs.length > 0) return [summarize(round.samplesMs)]
    return round.curveMs === undefined ? [] : [summarizeCurve(round.curveMs, round.raw?.['requests']?.[0] ?? 0)]
  })
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round.figures ?? {}) as FigureName[]))]
  const figures = Object.fromEntries(names.map((name) => [name, median(rounds.flatMap((round) => round.figures?.[name] ?? []))]))
  return {
    peer: peer.name,
    title: peer.title,
    ...(method === undefined || method === '' ? {} : { method }),
    ...(summaries.length === 0 ? {} : { times: medianOfSummaries(summaries) }),
    figures,
    rounds,
  }
}

/** One peer's result, where it was measured. */
export function find(rows: readonly RowResult[], row: RowName, caseName: string, peer: PeerName): PeerResult | undefined {
  return rows.find(({ name }) => name === row)?.cases.find(({ name }) => name === caseName)?.peers.find((each) => each.peer === peer)
}
