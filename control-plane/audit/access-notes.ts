import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/index.ts'
import type { Actor } from './actor.ts'
import { auditWrite } from './audit-log.ts'

const hourMs = 60 * 60 * 1_000
const remembered = 10_000

/** Tells an account that an operator reads what it has: the first request of an hour, for each token and replica. */
export class AccessNotes {
  readonly #store: Store
  readonly #clock: Clock
  readonly #noted = new LRUCache<string, number>({ max: remembered })

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Resolves when it is written. Where the store refuses, the reading goes on: that is when an operator has to see. */
  async note(actor: Actor, method: string, path: string): Promise<void> {
    const { account, homeAccount, tokenId } = actor
    if (homeAccount === undefined || homeAccount === account) return
    const key = `${tokenId} ${account}`
    const timeMs = this.#clock.nowMs()
    if (timeMs - (this.#noted.get(key) ?? Number.NEGATIVE_INFINITY) < hourMs) return
    this.#noted.set(key, timeMs)
    try {
      await this.#store.commit({ writes: [auditWrite(actor, 'operator.access', account, { method, path }, timeMs)], timeMs })
    } catch {
      this.#noted.delete(key)
    }
  }
}
