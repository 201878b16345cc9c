import { latencyBucketOf, latencyBuckets, type UsageAmounts, type UsageEntry } from '../../control-plane/protocol/index.ts'
import type { RunnableVersion } from '../../runtime/supervisor/index.ts'
import { judgeOutcome, type RequestOutcome } from './outcome.ts'

const versionsMax = 10_000

interface Counts {
  requests: number
  errors: number
  answered5xx: number
  refused: number
  cpuMs: number
  readonly latency: Uint32Array
}

/** What came about since it was last taken. */
export interface TakenUsage {
  readonly entries: readonly UsageEntry[]
  /** Of versions for which there was no room. */
  readonly rest: UsageAmounts | undefined
}

/**
 * Counts what each version was asked and used, between one report and the next.
 *
 * Invariants: what is counted is taken exactly once; at most 10,000 versions are counted apart, the others in one sum.
 */
export class UsageTable {
  readonly #versionsMax: number
  #shares = new Map<RunnableVersion, Counts>()
  #previews = new Map<RunnableVersion, Counts>()
  #rest: Counts | undefined

  constructor(options: { readonly versionsMax?: number } = {}) {
    this.#versionsMax = options.versionsMax ?? versionsMax
  }

  /** Called for each request that was given to the runtime, when it is over. */
  count(version: RunnableVersion, outcome: RequestOutcome): void {
    const counts = this.#countsOf(outcome.isPreview ? this.#previews : this.#shares, version)
    const judgement = judgeOutcome(outcome)
    if (judgement === 'refused') {
      counts.refused += 1
      return
    }
    counts.requests += 1
    if (judgement === 'error') counts.errors += 1
    if (judgement === 'answered5xx') counts.answered5xx += 1
    const bucket = latencyBucketOf(outcome.latencyMs)
    counts.latency[bucket] = (counts.latency[bucket] ?? 0) + 1
  }

  addCpu(version: RunnableVersion, cpuMs: number): void {
    this.#countsOf(this.#shares, version).cpuMs += cpuMs
  }

  take(): TakenUsage {
    const [shares, previews, rest] = [this.#shares, this.#previews, this.#rest]
    this.#shares = new Map()
    this.#previews = new Map()
    this.#rest = undefined
    return { entries: [...toEntries(shares, false), ...toEntries(previews, true)], rest: rest === undefined ? undefined : toAmounts(rest) }
  }

  #countsOf(table: Map<RunnableVersion, Counts>, version: RunnableVersion): Counts {
    let counts = table.get(version)
    if (counts !== undefined) return counts
    if (this.#shares.size + this.#previews.size >= this.#versionsMax) return (this.#rest ??= emptyCounts())
    counts = emptyCounts()
    table.set(version, counts)
    return counts
  }
}

function emptyCounts(): Counts {
  return { requests: 0, errors: 0, answered5xx: 0, refused: 0, cpuMs: 0, latency: new Uint32Array(latencyBuckets) }
}

/** A version has several objects where its secrets changed meanwhile. */
function* toEntries(table: ReadonlyMap<RunnableVersion, Counts>, preview: boolean): Generator<UsageEntry> {
  const identity = ({ account, functionName, version }: RunnableVersion): string => `${account}/${functionName}/${version}`
  for (const group of Map.groupBy(table, ([version]) => identity(version)).values()) {
    const [first] = group
    if (first === undefined) continue
    const [{ account, functionName, version }] = first
    const sum = emptyCounts()
    for (const [, counts] of group) add(sum, counts)
    yield {
      account, function: functionName, version, preview, ...toAmounts(sum),
      latency: [...sum.latency.entries()].filter(([, count]) => count > 0),
    }
  }
}

function add(sum: Counts, counts: Counts): void {
  sum.requests += counts.requests
  sum.errors += counts.errors
  sum.answered5xx += counts.answered5xx
  sum.refused += counts.refused
  sum.cpuMs += counts.cpuMs
  for (const [bucket, count] of counts.latency.entries()) sum.latency[bucket] = (sum.latency[bucket] ?? 0) + count
}

function toAmounts({ requests, errors, answered5xx, refused, cpuMs }: Counts): UsageAmounts {
  return { requests, errors, answered5xx, refused, cpuMs: Math.round(cpuMs * 1_000) / 1_000 }
}
