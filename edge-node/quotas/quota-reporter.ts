import { type QuotaAnswer, quotaReportMs, type QuotaReport } from '../../control-plane/protocol/index.ts'
import type { QuotaFile } from './quota-file.ts'
import type { QuotaTable } from './quota-table.ts'

export interface QuotaReporterOptions {
  readonly table: QuotaTable
  /** Rejects where there is no answer: then what is known goes on. */
  readonly post: (report: QuotaReport) => Promise<QuotaAnswer>
  readonly file: QuotaFile
}

/** Between reports that are wanted soon. */
const hurriedMs = 250
/** The file is written so often at most. */
const keepEveryMs = 10_000

/**
 * Asks the control plane for the node's shares, every two seconds, and at once where requests are refused that others may have room for, or
 * where others wait to hear that this node goes by less.
 *
 * Invariant: one report is under way at a time, since each says what the node goes by.
 */
export class QuotaReporter {
  readonly #options: QuotaReporterOptions
  #interval: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #sentMs = Number.NEGATIVE_INFINITY
  #keptMs = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(options: QuotaReporterOptions) {
    this.#options = options
  }

  start(): void {
    this.#interval = setInterval(() => void this.send(), quotaReportMs)
    this.#interval.unref()
    void this.send()
  }

  /** Reports before its time. */
  hurry(): void {
    if (this.#soon !== undefined || this.#isClosed || this.#interval === undefined) return
    this.#soon = setTimeout(() => {
      this.#soon = undefined
      void this.send()
    }, Math.max(0, this.#sentMs + hurriedMs - performance.now()))
    this.#soon.unref()
  }

  /** Reports now. Resolves when it is answered, or was not. Never rejects. */
  send(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#interval)
    clearTimeout(this.#soon)
    await this.#sending
    await this.#options.file.write(this.#options.table.keep())
  }

  async #send(): Promise<void> {
    const { table, post, file } = this.#options
    for (let isLess = true; isLess && !this.#isClosed; ) {
      const report = table.takeReport()
      if (report === undefined) return
      this.#sentMs = performance.now()
      try {
        isLess = table.apply(await post(report))
      } catch {
        // The control plane is away, which others tell of.
        return
      }
    }
    if (performance.now() - this.#keptMs < keepEveryMs || this.#isClosed) return
    this.#keptMs = performance.now()
    await file.write(table.keep())
  }
}
