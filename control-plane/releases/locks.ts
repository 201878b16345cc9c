import { SkerryError } from '../../errors/index.ts'
import type { Clock } from '../clock.ts'

const waitersPerKeyMax = 32

/** One holder at a time for each key; who waits is served in order, for a bounded time and in a bounded line. */
export class KeyedLocks {
  readonly #clock: Clock
  readonly #lines = new Map<string, Array<() => void>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes all keys (in one order, so that nobody waits in a circle). Rejects with `conflict` where it takes too long. */
  async acquire(keys: readonly string[], timeoutMs: number): Promise<() => void> {
    const held: Array<() => void> = []
    const releaseAll = (): void => {
      for (const release of held.toReversed()) release()
    }
    try {
      for (const key of [...new Set(keys)].toSorted()) held.push(await this.#acquireOne(key, timeoutMs))
    } catch (error) {
      releaseAll()
      throw error
    }
    return releaseAll
  }

  #acquireOne(key: string, timeoutMs: number): Promise<() => void> {
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, [])
      return Promise.resolve(() => this.#release(key))
    }
    const busy = (): SkerryError =>
      new SkerryError('conflict', `Another change of ${key} is still being rolled out. Repeat when it is done.`)
    if (line.length >= waitersPerKeyMax) return Promise.reject(busy())
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        cancelTimer()
        resolve(() => this.#release(key))
      }
      const cancelTimer = this.#clock.after(timeoutMs, () => {
        const index = line.indexOf(enter)
        if (index >= 0) line.splice(index, 1)
        reject(busy())
      })
      line.push(enter)
    })
  }

  #release(key: string): void {
    const next = this.#lines.get(key)?.shift()
    if (next === undefined) this.#lines.delete(key)
    else next()
  }
}
