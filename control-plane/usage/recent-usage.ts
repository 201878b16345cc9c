import type { Clock } from '../clock.ts'
import type { UsageEntry } from '../protocol/index.ts'
import { UsageSum } from './usage-sum.ts'

/** Which version of which function, and whether it was asked for by its preview's host name. */
export interface UsageKey {
  readonly account: string
  readonly function: string
  readonly version: string
  readonly preview: boolean
}

interface VersionUsage {
  readonly key: UsageKey
  readonly sum: UsageSum
}

interface Slot {
  readonly startMs: number
  /** Since the Unix epoch, when its first report came. */
  readonly timeMs: number
  readonly byVersion: Map<string, VersionUsage>
}

const slotMs = 10_000
const slotsKept = 30
/** Versions that one slot tells apart: what is beyond stands in the daily totals only. */
const versionsPerSlotMax = 5_000

/** What the versions of all functions were asked in the last five minutes, in slots of ten seconds. */
export class RecentUsage {
  static readonly windowMs = slotMs * slotsKept
  readonly #clock: Clock
  readonly #slots: Slot[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(entries: readonly UsageEntry[]): void {
    const { byVersion } = this.#slot()
    for (const entry of entries) {
      const name = nameOf(entry)
      let one = byVersion.get(name)
      if (one === undefined) {
        if (byVersion.size >= versionsPerSlotMax) continue
        const { account, function: functionName, version, preview } = entry
        one = { key: { account, function: functionName, version, preview }, sum: new UsageSum() }
        byVersion.set(name, one)
      }
      one.sum.addEntry(entry)
    }
  }

  /** What came in the last `windowMs`, to within a slot; at most five minutes. */
  sum(key: UsageKey, windowMs = RecentUsage.windowMs): UsageSum {
    const sum = new UsageSum()
    for (const { byVersion } of this.#slotsWithin(windowMs)) {
      const one = byVersion.get(nameOf(key))
      if (one !== undefined) sum.add(one.sum)
    }
    return sum
  }

  /** What an account's versions were asked, by function and version. @param sinceMs the account's creation: what one of the same name did before is not shown */
  ofAccount(account: string, sinceMs: number): readonly VersionUsage[] {
    const found = new Map<string, VersionUsage>()
    for (const { timeMs, byVersion } of this.#slotsWithin(RecentUsage.windowMs)) {
      if (timeMs < sinceMs) continue
      for (const [name, { key, sum }] of byVersion) {
        if (key.account !== account) continue
        const one = found.get(name) ?? { key, sum: new UsageSum() }
        one.sum.add(sum)
        found.set(name, one)
      }
    }
    return [...found].toSorted(([first], [second]) => (first < second ? -1 : 1)).map(([, one]) => one)
  }

  #slot(): Slot {
    const startMs = Math.floor(this.#clock.monotonicMs() / slotMs) * slotMs
    const last = this.#slots.at(-1)
    if (last?.startMs === startMs) return last
    const slot: Slot = { startMs, timeMs: this.#clock.nowMs(), byVersion: new Map() }
    this.#slots.push(slot)
    if (this.#slots.length > slotsKept) this.#slots.shift()
    return slot
  }

  #slotsWithin(windowMs: number): readonly Slot[] {
    const fromMs = this.#clock.monotonicMs() - windowMs
    return this.#slots.filter(({ startMs }) => startMs + slotMs > fromMs)
  }
}

function nameOf({ account, function: functionName, version, preview }: UsageKey): string {
  return `${account}/${functionName}/${version}${preview ? '/preview' : ''}`
}
