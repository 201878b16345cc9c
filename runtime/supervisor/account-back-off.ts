import { LRUCache } from 'lru-cache'
import { nextBackOffMs, recentTimes } from './back-off.ts'

/** Functions of an account may end so many cells within the window before the account waits for new ones. */
const endsMax = 20
const windowMs = 60_000
const backOffBounds = { minMs: 1_000, maxMs: 30_000 }
const entriesMax = 10_000

interface Entry {
  /** When cells ended, the last of them, within the window. */
  endsMs: number[]
  backOffMs: number
  refusedUntilMs: number
}

/**
 * Accounts whose functions end cell after cell: each function may do so before it is in quarantine, and an account may have any number of them. Every
 * end costs the node the start of a process, so that an account gets a new cell only after a time that doubles. What runs goes on.
 */
export class AccountBackOff {
  readonly #nowMs: () => number
  readonly #entries = new LRUCache<string, Entry>({ max: entriesMax })

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** A cell ended by the doing of one of its functions. */
  note(account: string): void {
    const nowMs = this.#nowMs()
    const entry = this.#entries.get(account) ?? { endsMs: [], backOffMs: 0, refusedUntilMs: 0 }
    this.#entries.set(account, entry)
    entry.endsMs = recentTimes(entry.endsMs, nowMs, { windowMs, count: endsMax })
    if (entry.endsMs.length < endsMax) {
      entry.backOffMs = 0
      return
    }
    entry.backOffMs = nextBackOffMs(entry.backOffMs, backOffBounds)
    entry.refusedUntilMs = nowMs + entry.backOffMs
  }

  /** How long the account gets nothing new, in milliseconds; 0 where it may. */
  refusalMs(account: string): number {
    return Math.max(0, (this.#entries.get(account)?.refusedUntilMs ?? 0) - this.#nowMs())
  }
}
