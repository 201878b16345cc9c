import { randomUUID } from 'node:crypto'
import { type UsageAnswer, usageEntriesMax, usageIntervalMs, type UsageReport } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { UsageTable } from './usage-table.ts'

export interface UsageReporterOptions {
  readonly table: UsageTable
  /** Hands one report in. Rejects with a SkerryError where it may not have arrived. */
  readonly post: (report: UsageReport) => Promise<UsageAnswer>
  /** What the control plane answered. */
  readonly onAnswer?: (answer: UsageAnswer) => void
  readonly intervalMs?: number
  /** For durations, in ms. */
  readonly now?: () => number
}

/**
 * Hands in what functions used, every two seconds, also where that is nothing.
 *
 * Invariants: one report is under way at a time; what was not answered is sent again as it was, while what comes about meanwhile is
 * summed up in the table, so that an outage costs no memory; serving never waits for it.
 */
export class UsageReporter {
  readonly #options: UsageReporterOptions
  readonly #start: string = randomUUID()
  readonly #now: () => number
  #unanswered: UsageReport[] = []
  #sequence = 0
  #takenMs: number
  #refused = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #isClosed = false

  constructor(options: UsageReporterOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#takenMs = this.#now()
  }

  /** Reports that the control plane did not want. */
  get refused(): number {
    return this.#refused
  }

  start(): void {
    this.#timer = setInterval(() => void this.send(), this.#options.intervalMs ?? usageIntervalMs)
    this.#timer.unref()
  }

  /** Sends what there is now; resolves when it is answered, or was not. Never rejects. */
  send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  /** Sends what is left, once. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#sending
    await this.send()
  }

  async #sendAll(): Promise<void> {
    if (this.#unanswered.length === 0) this.#unanswered = this.#makeReports()
    for (let report = this.#unanswered[0]; report !== undefined; report = this.#unanswered[0]) {
      let answer: UsageAnswer | undefined
      try {
        answer = await this.#options.post(report)
      } catch (error) {
        // What it refuses once it refuses for ever; whatever else happened, it may come to want the report yet.
        const isRefused = error instanceof SkerryError && (error.code === 'invalid_request' || error.code === 'request_too_large')
        if (!isRefused) return
        this.#refused += 1
      }
      this.#unanswered.shift()
      if (answer !== undefined) this.#options.onAnswer?.(answer)
    }
  }

  #makeReports(): UsageReport[] {
    const nowMs = this.#now()
    const intervalMs = nowMs - this.#takenMs
    this.#takenMs = nowMs
    const { entries, rest } = this.#options.table.take()
    const reports: UsageReport[] = []
    for (let from = 0; from === 0 || from < entries.length; from += usageEntriesMax) {
      this.#sequence += 1
      reports.push({
        start: this.#start, sequence: this.#sequence, intervalMs, entries: entries.slice(from, from + usageEntriesMax),
        ...(from === 0 && rest !== undefined ? { rest } : {}),
      })
    }
    return reports
  }
}
