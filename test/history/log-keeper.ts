import type { LogEntry, NodeEvent } from './history.ts'
import { Follower, type Told } from './processes/follower.ts'

/**
 * Gathers what all nodes tell, and the log itself, which it follows without anything between it and the control planes; of several control
 * planes it follows each.
 */
export class LogKeeper {
  readonly nodes = new Map<string, NodeEvent[]>()
  readonly #entries: Array<Omit<LogEntry, 'seenMs'>> = []
  readonly #seenMs = new Map<number, number>()
  #follower: Follower | undefined
  readonly #watchers: Follower[] = []
  #failure: string | undefined

  async start(urls: readonly string[], token: string): Promise<void> {
    this.#follower = new Follower({ name: 'keeper', urls, token, isObserver: true, tell: (event) => this.#keep(event) })
    await this.#follower.start()
    if (urls.length < 2) return
    for (const [index, url] of urls.entries()) {
      const name = `watcher-${index + 1}`
      const watcher = new Follower({ name, urls: [url], token, isObserver: true, tell: (event) => this.hear(name, event) })
      this.#watchers.push(watcher)
      await watcher.start()
    }
  }

  hear(node: string, event: Told): void {
    const events = this.nodes.get(node) ?? []
    events.push({ ...event, atMs: performance.now() })
    this.nodes.set(node, events)
    if (event.kind === 'received' && event.record.type === 'revision') this.#see(event.record.sequence)
  }

  /** The newest sequence of the log. */
  get sequence(): number {
    return this.#follower?.position?.sequence ?? 0
  }

  positionOf(node: string): number {
    const event = this.nodes.get(node)?.findLast((each) => each.kind === 'received' || each.kind === 'table')
    return event?.kind === 'received' ? event.record.sequence : event?.kind === 'table' ? event.position.sequence : 0
  }

  get log(): readonly LogEntry[] {
    return this.#entries.map((entry) => ({ ...entry, seenMs: this.#seenMs.get(entry.sequence) ?? 0 }))
  }

  /** Ends following. Throws where the log is not whole because this could not keep up: then the run says nothing. */
  async close(): Promise<void> {
    await Promise.all([...(this.#follower === undefined ? [] : [this.#follower]), ...this.#watchers].map((each) => each.close()))
    if (this.#failure !== undefined) throw new Error(this.#failure)
  }

  #keep(event: Told): void {
    if (event.kind !== 'received') return
    const { record } = event
    if (record.type === 'snapshot' && record.sequence > 0) this.#failure ??= `the log was lost at ${this.sequence}: a snapshot of ${record.sequence} came`
    if (record.type !== 'revision') return
    this.#see(record.sequence)
    this.#entries.push(record)
  }

  #see(sequence: number): void {
    if (!this.#seenMs.has(sequence)) this.#seenMs.set(sequence, performance.now())
  }
}
