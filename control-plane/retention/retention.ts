import type { Clock } from '../clock.ts'

/** What somebody keeps for a while only, and takes away himself when he is asked to. */
export interface RetentionRule {
  /** For the log. */
  readonly name: string
  /** Takes away what is over, in steps that let other commits through. Answers with how much. May run at several replicas at once. */
  readonly run: (nowMs: number) => Promise<number>
}

export interface RetentionOptions {
  readonly rules: readonly RetentionRule[]
  readonly clock: Clock
  readonly log: (entry: Readonly<Record<string, unknown>>) => void
}

const firstAfterMs = 10_000
const everyMs = 10 * 60 * 1_000

/** Asks everybody who keeps something for a while, one after another, soon after the start and every ten minutes. */
export class Retention {
  readonly #options: RetentionOptions
  #cancel: () => void
  #running: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: RetentionOptions) {
    this.#options = options
    this.#cancel = options.clock.after(firstAfterMs, () => this.#begin())
  }

  /** Resolves when the rule that is being carried out has come to its end. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel()
    await this.#running
  }

  #begin(): void {
    this.#running = this.#run().finally(() => {
      if (!this.#isClosed) this.#cancel = this.#options.clock.after(everyMs, () => this.#begin())
    })
  }

  async #run(): Promise<void> {
    const { rules, clock, log } = this.#options
    for (const { name, run } of rules) {
      if (this.#isClosed) return
      try {
        const removed = await run(clock.nowMs())
        if (removed > 0) log({ level: 'info', message: 'took away what is over', rule: name, removed })
      } catch (error) {
        // Tried again next time; the other rules do not wait for it.
        log({ level: 'error', message: 'could not take away what is over', rule: name, stack: error instanceof Error ? error.stack : String(error) })
      }
    }
  }
}
