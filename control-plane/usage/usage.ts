import { z } from 'zod'
import { accounts } from '../auth/index.ts'
import type { Bus } from '../bus/index.ts'
import type { Clock } from '../clock.ts'
import { nameSchema, type Usage as UsageAnswer, type UsageEntry, type UsageReport, usageReportSchema } from '../protocol/index.ts'
import type { Store } from '../store/index.ts'
import { DailyTotals } from './daily-usage.ts'
import { RecentUsage, type UsageKey } from './recent-usage.ts'
import { SeenReports } from './seen-reports.ts'
import type { UsageSum } from './usage-sum.ts'

export interface UsageOptions {
  readonly store: Store
  readonly bus: Bus
  readonly clock: Clock
  /** One line of JSON for the operator. */
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
}

const topic = 'usage'
const messageSchema = z.strictObject({ node: nameSchema, report: usageReportSchema })
const flushIntervalMs = 20_000

export type UsageListener = (entries: readonly UsageEntry[], node: string) => void

/**
 * What functions use, merged over nodes and replicas: each replica hears of every report, over the bus, and counts it once. The last
 * minutes are in memory; daily totals are in the store, written three times a minute. A replica that is killed takes with it what no
 * other heard of: at most what came in those seconds.
 */
export class Usage {
  readonly #options: UsageOptions
  readonly #seen = new SeenReports()
  readonly #recent: RecentUsage
  readonly #totals: DailyTotals
  readonly #listeners = new Set<UsageListener>()
  readonly #stopListening: () => void
  #cancelFlush: () => void = () => {}
  #lastReportMs: number | undefined
  #reports = 0
  #isClosed = false

  constructor(options: UsageOptions) {
    this.#options = options
    this.#recent = new RecentUsage(options.clock)
    this.#totals = new DailyTotals(options.store, options.clock)
    this.#stopListening = options.bus.subscribe(topic, (message) => {
      const parsed = messageSchema.safeParse(message)
      if (parsed.success) this.#count(parsed.data.node, parsed.data.report)
    })
    this.#scheduleFlush()
  }

  /** Counts a node's report, here and at every other replica. */
  receive(node: string, report: UsageReport): void {
    if (this.#count(node, report)) this.#options.bus.publish(topic, { node, report })
  }

  /** Calls back with what each report tells, whichever replica it came to, until the returned function is called. */
  onReport(listener: UsageListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** What a version was asked in the last `windowMs`, five minutes at most. */
  recent(key: UsageKey, windowMs?: number): UsageSum {
    return this.#recent.sum(key, windowMs)
  }

  /** How long ago a node last reported, in ms; undefined where none has since this began. */
  get silentMs(): number | undefined {
    return this.#lastReportMs === undefined ? undefined : this.#options.clock.monotonicMs() - this.#lastReportMs
  }

  /** Reports counted, for metrics. */
  get reports(): number {
    return this.#reports
  }

  /** Reports that the daily totals lack since the store could not be written for too long. */
  get reportsGivenUp(): number {
    return this.#totals.givenUp
  }

  async ofAccount(account: string, dayCount: number): Promise<UsageAnswer> {
    const createdMs = (await accounts.read(this.#options.store, account))?.createdMs ?? 0
    const versions = this.#recent.ofAccount(account, createdMs).map(({ key, sum }) => {
      const [p50Ms, p99Ms] = [sum.latencyMs(0.5), sum.latencyMs(0.99)]
      return {
        function: key.function, version: key.version, preview: key.preview, ...sum.amounts,
        ...(p50Ms === undefined ? {} : { p50Ms }), ...(p99Ms === undefined ? {} : { p99Ms }),
      }
    })
    return { days: [...(await this.#totals.read(account, dayCount))], recent: { seconds: RecentUsage.windowMs / 1_000, versions } }
  }

  /** Writes the daily totals now. Rejects as the store does; what was not written goes on waiting. */
  flush(): Promise<void> {
    return this.#totals.flush()
  }

  /** Writes what waits, where the store takes it. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelFlush()
    this.#stopListening()
    await this.#flushAndTell()
  }

  #count(node: string, report: UsageReport): boolean {
    if (!this.#seen.note(node, report)) return false
    this.#lastReportMs = this.#options.clock.monotonicMs()
    this.#reports += 1
    this.#recent.add(report.entries)
    this.#totals.add(node, report)
    for (const listener of [...this.#listeners]) listener(report.entries, node)
    return true
  }

  #scheduleFlush(): void {
    this.#cancelFlush = this.#options.clock.after(flushIntervalMs, () => {
      void this.#flushAndTell().finally(() => {
        if (!this.#isClosed) this.#scheduleFlush()
      })
    })
  }

  async #flushAndTell(): Promise<void> {
    try {
      await this.flush()
    } catch (error) {
      this.#options.log({ level: 'error', what: 'usage could not be written', stack: error instanceof Error ? error.stack : String(error) })
    }
  }
}
