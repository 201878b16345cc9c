import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/index.ts'
import { tokenIds, tokenUses } from './records.ts'
import type { Caller } from './authenticator.ts'

const hourMs = 60 * 60 * 1_000
const tokensRemembered = 20_000

/** Notes when tokens are used, to the hour: each costs one small write an hour at most. */
export class TokenUse {
  readonly #store: Store
  readonly #clock: Clock
  readonly #noted = new LRUCache<string, number>({ max: tokensRemembered })

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Does not wait for the store, and where the store refuses, the note is lost: a request does not depend on it. */
  note({ token }: Caller): void {
    const key = `${token.account}/${token.id}`
    const timeMs = this.#clock.nowMs()
    const hour = timeMs - (timeMs % hourMs)
    if (this.#noted.get(key) === hour) return
    this.#noted.set(key, hour)
    this.#store
      .commit(async () => {
        const isCurrent = (await tokenIds.read(this.#store, key)) !== undefined && (await tokenUses.read(this.#store, key)) !== hour
        return { writes: isCurrent ? [tokenUses.put(key, hour)] : [], timeMs }
      })
      .catch(() => this.#noted.delete(key))
  }
}
