import { type ErrorCode, SkerryError } from '../../errors/index.ts'
import type { Clock } from '../clock.ts'

const checkIntervalMs = 2_000
const refusals: ReadonlySet<ErrorCode> = new Set(['unauthorized', 'forbidden', 'not_found', 'account_suspended'])

interface Watched {
  readonly check: () => Promise<unknown>
  readonly listeners: Set<() => void>
}

/**
 * Looks every 2 s whether those whose connections stand (feed, tail) would still be let in. What is checked once for all connections of one
 * kind and token; a store that does not answer cuts nobody off.
 */
export class StandingAccess {
  readonly #clock: Clock
  readonly #watched = new Map<string, Watched>()
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Calls back once when access has ended, unless the returned function is called before.
   * @param key the same for connections of which the same check decides
   * @param check rejects with a refusal (`unauthorized`, `forbidden`, `not_found`, `account_suspended`) where access has ended
   */
  watch(key: string, check: () => Promise<unknown>, onEnd: () => void): () => void {
    const watched = this.#watched.get(key) ?? { check, listeners: new Set() }
    this.#watched.set(key, watched)
    // Each connection is an entry of its own, also where callers pass one function twice.
    const listener = (): void => onEnd()
    watched.listeners.add(listener)
    this.#schedule()
    return () => {
      watched.listeners.delete(listener)
      if (watched.listeners.size === 0 && this.#watched.get(key) === watched) this.#watched.delete(key)
      if (this.#watched.size > 0) return
      this.#cancelTimer?.()
      this.#cancelTimer = undefined
    }
  }

  #schedule(): void {
    this.#cancelTimer ??= this.#clock.after(checkIntervalMs, () => void this.#checkAll())
  }

  async #checkAll(): Promise<void> {
    for (const [key, { check, listeners }] of [...this.#watched]) {
      const isEnded = await check().then(() => false, isRefusal)
      if (!isEnded) continue
      this.#watched.delete(key)
      for (const listener of [...listeners]) listener()
    }
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#watched.size > 0) this.#schedule()
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof SkerryError && refusals.has(error.code)
}
