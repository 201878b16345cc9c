import { join } from 'node:path'
import type { PeerName } from './peers/peer.ts'
import { type ReportFiles, writeReport } from './report/files.ts'
import { renderTable } from './report/table.ts'
import type { BenchmarkReport } from './results.ts'
import { run } from './run.ts'
import { fullSettings, quickSettings, type RowName, rowNames } from './settings.ts'

export type { BenchmarkReport } from './results.ts'
export type { RowName } from './settings.ts'
export { rowNames } from './settings.ts'
export { guardCount } from './targets.ts'

/** Those that are compared with Skerry; the bare `node:http` server always takes part as the reference. */
export type ComparedPeer = Extract<PeerName, 'workerd' | 'deno'>
export const comparedPeers: readonly ComparedPeer[] = ['workerd', 'deno']

export interface BenchmarkOptions {
  /** Everything when left out. */
  readonly only?: readonly RowName[]
  /** Both when left out. One that is not installed is reported as absent. */
  readonly peers?: readonly ComparedPeer[]
  /** Medians are taken over this many; 3 when left out, 1 in a quick run. */
  readonly rounds?: number
  /** Functions whose cold start is timed in each round; 200 when left out, 20 in a quick run. */
  readonly functions?: number
  /** Pause between first requests, the same for every peer; 10 when left out; 0 is back to back. */
  readonly coldGapMs?: number
  /** Under 75 s in all, to show that everything works. */
  readonly quick?: boolean
  /** Where the JSON and the page go; `benchmarks/results` when left out. */
  readonly outputDirectory?: string
  /** Takes one line for each step. */
  readonly progress?: (text: string) => void
  /** Ends the run and all its processes; `runBenchmarks` then rejects with its reason. */
  readonly signal?: AbortSignal
}

export interface BenchmarkOutcome {
  readonly report: BenchmarkReport
  /** The report as text for a terminal. */
  readonly table: string
  readonly files: ReportFiles
  /** Nothing failed, and Skerry itself was measured. Missed targets and absent peers do not count. */
  readonly succeeded: boolean
}

/**
 * Measures Skerry beside its peers: each row in rounds of fresh processes, the order reversed from round to round. Every answer's
 * status and body are checked. Rejects with `invalid_request` when the load generator is missing.
 */
export async function runBenchmarks(options: BenchmarkOptions = {}): Promise<BenchmarkOutcome> {
  const quick = options.quick ?? false
  const base = quick ? quickSettings : fullSettings
  const report = await run({
    asked: options.only ?? rowNames,
    peers: options.peers ?? comparedPeers,
    settings: {
      ...base,
      rounds: options.rounds ?? base.rounds,
      functions: options.functions ?? base.functions,
      coldGapMs: options.coldGapMs ?? base.coldGapMs,
    },
    quick,
    progress: options.progress ?? (() => {}),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const files = await writeReport(report, options.outputDirectory ?? join(import.meta.dirname, 'results', ...(quick ? ['quick'] : [])))
  const succeeded = report.failures.length === 0 && report.absent.every(({ peer }) => peer !== 'skerry')
  return { report, table: renderTable(report), files, succeeded }
}
