import type { Comparison, Rollout, UsageEntry } from '../protocol/index.ts'
import { type Usage, type UsageKey, UsageSum } from '../usage/index.ts'
import { findFault, type Sample } from './judge.ts'

interface Tally {
  readonly name: string
  readonly newVersion: string
  readonly fresh: UsageSum
  readonly old: UsageSum
}

interface Watch {
  readonly step: number
  readonly startedMs: number
  readonly tallies: readonly Tally[]
}

/** What has been seen of a roll-out's step. */
export interface Observation {
  readonly comparisons: readonly Comparison[]
  /** Why the new versions are to be taken back. */
  readonly fault: string | undefined
  /** The function of which one side has answered least, and how much that is. */
  readonly fewest: { readonly name: string; readonly requests: number }
}

/** The new version is judged by all of a step, and by its last minutes alone, so that what breaks late is not hidden by what went well before. */
const recentMs = 60_000

/**
 * Counts what the new and the other versions of roll-outs were asked since their step began, from the reports of all nodes. Previews do
 * not count. It is in memory: a replica that starts counts from then on, and the roll-out waits until it has seen enough.
 */
export class GradualTallies {
  readonly #usage: Usage
  readonly #watches = new Map<string, Watch>()
  readonly #byFunction = new Map<string, Tally>()
  readonly #stopListening: () => void

  constructor(usage: Usage) {
    this.#usage = usage
    this.#stopListening = usage.onReport((entries) => this.#count(entries))
  }

  /** Counts for these roll-outs and no others; what was counted for a step that goes on stays. */
  watch(active: ReadonlyArray<{ readonly account: string; readonly rollout: Rollout }>): void {
    const before = new Map(this.#watches)
    this.#watches.clear()
    this.#byFunction.clear()
    for (const { account, rollout } of active) {
      const { id, step, stepStartedMs: startedMs, functions } = rollout
      const known = before.get(id)
      const goesOn = known?.step === step && known.startedMs === startedMs
      const watch: Watch = goesOn ? known : { step, startedMs, tallies: functions.map(({ name, version }) => ({ name, newVersion: version, fresh: new UsageSum(), old: new UsageSum() })) }
      this.#watches.set(id, watch)
      for (const tally of watch.tallies) this.#byFunction.set(`${account}/${tally.name}`, tally)
    }
  }

  /** @param nowMs of the same clock as the roll-out's times */
  observe(account: string, rollout: Rollout, nowMs: number): Observation {
    const watch = this.#watches.get(rollout.id)
    const tallies = watch !== undefined && watch.step === rollout.step && watch.startedMs === rollout.stepStartedMs ? watch.tallies : []
    const windowMs = Math.min(recentMs, Math.max(0, nowMs - rollout.stepStartedMs))
    let fault: string | undefined
    for (const tally of tallies) {
      const recent = findFault(...this.#recent(account, rollout, tally.name, windowMs), rollout.margins)
      const found = findFault(toSample(tally.fresh), toSample(tally.old), rollout.margins) ?? (recent === undefined ? undefined : `in the last minute ${recent}`)
      if (found !== undefined) fault ??= `${tally.name}: ${found}`
    }
    const sides = tallies.map(({ name, fresh, old }) => ({ name, requests: Math.min(fresh.requests, old.requests) }))
    const fewest = sides.toSorted((first, second) => first.requests - second.requests)[0] ?? { name: rollout.functions[0]?.name ?? '', requests: 0 }
    return { comparisons: tallies.map(compare), fault, fewest }
  }

  close(): void {
    this.#stopListening()
  }

  #recent(account: string, rollout: Rollout, name: string, windowMs: number): readonly [Sample, Sample] {
    const one = rollout.functions.find((candidate) => candidate.name === name)
    const key = (version: string): UsageKey => ({ account, function: name, version, preview: false })
    const old = new UsageSum()
    for (const { version } of one?.previous ?? []) if (version !== one?.version) old.add(this.#usage.recent(key(version), windowMs))
    return [toSample(this.#usage.recent(key(one?.version ?? ''), windowMs)), toSample(old)]
  }

  #count(entries: readonly UsageEntry[]): void {
    if (this.#byFunction.size === 0) return
    for (const entry of entries) {
      if (entry.preview) continue
      const tally = this.#byFunction.get(`${entry.account}/${entry.function}`)
      if (tally === undefined) continue
      if (entry.version === tally.newVersion) tally.fresh.addEntry(entry)
      else tally.old.addEntry(entry)
    }
  }
}

function toSample(sum: UsageSum): Sample {
  return { requests: sum.requests, failures: sum.errors + sum.answered5xx, latency: sum.latency }
}

function compare({ name, fresh, old }: Tally): Comparison {
  const rate = (sum: UsageSum): number => (sum.requests === 0 ? 0 : Math.round(((sum.errors + sum.answered5xx) / sum.requests) * 10_000) / 100)
  const [newP99Ms, oldP99Ms] = [fresh.latencyMs(0.99), old.latencyMs(0.99)]
  return {
    function: name, newRequests: fresh.requests, oldRequests: old.requests, newErrorPercent: rate(fresh), oldErrorPercent: rate(old),
    ...(newP99Ms === undefined ? {} : { newP99Ms }), ...(oldP99Ms === undefined ? {} : { oldP99Ms }),
  }
}
