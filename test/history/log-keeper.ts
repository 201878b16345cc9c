import type { LogEntry, NodeEvent } from './history.ts'
import { Follower, type Told } from './processes/follower.ts'

const watcherPrefix = 'watcher-'

/**
 * Gathers what all nodes tell, and the log: each revision as it was first seen. It follows the feed itself, without anything between it and
 * the control planes; of several control planes it follows each.
 */
export class LogKeeper {
  readonly nodes = new Map<string, NodeEvent[]>()
  readonly #entries = new Map<number, LogEntry>()
  readonly #followers: Follower[] = []
  #newest = 0

  async start(urls: readonly string[], token: string): Promise<void> {
    const watch = async (name: string, of: readonly string[]): Promise<void> => {
      const follower = new Follower({ name, urls: of, token, isObserver: true, tell: (event) => this.hear(name, event) })
      this.#followers.push(follower)
      await follower.start()
    }
    for (const [index, url] of urls.entries()) await watch(`${watcherPrefix}${index + 1}`, [url])
  }

  hear(node: string, event: Told): void {
    const atMs = performance.now()
    const events = this.nodes.get(node) ?? []
    events.push({ ...event, atMs })
    this.nodes.set(node, events)
    if (event.kind !== 'received') return
    const { record } = event
    this.#newest = Math.max(this.#newest, record.sequence)
    if (record.type === 'revision' && !this.#entries.has(record.sequence)) this.#entries.set(record.sequence, { ...record, seenMs: atMs })
  }

  /** The newest sequence that anybody has seen. */
  get sequence(): number {
    return this.#newest
  }

  positionOf(node: string): number {
    const event = this.nodes.get(node)?.findLast((each) => each.kind === 'received' || each.kind === 'table')
    return event?.kind === 'received' ? event.record.sequence : event?.kind === 'table' ? event.position.sequence : 0
  }

  get log(): readonly LogEntry[] {
    return [...this.#entries.values()].toSorted((one, other) => one.sequence - other.sequence)
  }

  async close(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.close()))
  }

  /** Throws where revisions went by while nobody looked, so that the run says nothing. */
  requireWhole(): void {
    const missing = Array.from({ length: this.#newest }, (_, index) => index + 1).filter((sequence) => !this.#entries.has(sequence))
    const hasFallenBack = (events: readonly NodeEvent[]): boolean => events.some((event) => event.kind === 'received' && event.record.type === 'snapshot' && event.record.sequence > 0)
    const watchers = [...this.nodes].filter(([name]) => name.startsWith(watcherPrefix))
    if (missing.length > 0 && watchers.every(([, events]) => hasFallenBack(events))) throw new Error(`nobody has seen the revisions ${missing.slice(0, 10).join(', ')}: all who watch had fallen back behind those that are kept`)
  }
}
