import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import { SkerryError } from '../../errors/index.ts'
import type { Clock } from '../clock.ts'

/** So many wrong tokens an address may send at once; then one in every `refillMs`. */
const attemptsMax = 30
const refillMs = 2_000
const addressesMax = 20_000
const knownMax = 20_000
const knownForMs = 60 * 60 * 1_000

/**
 * Bounds how many tokens that are not known here an address can try, so that guessing, and what each guess costs, stays small. A token
 * that was good within the last hour is let through from wherever it comes: who shares an address with somebody who guesses goes on working.
 */
export class AttemptLimiter {
  readonly #clock: Clock
  readonly #failures = new LRUCache<string, { spent: number; atMs: number }>({ max: addressesMax })
  readonly #known = new LRUCache<string, number>({ max: knownMax })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws `too_many_attempts` where the address has to wait before it tries a token that is not known to be good. */
  check(address: string | undefined, hash: string): void {
    const nowMs = this.#clock.monotonicMs()
    const goodMs = this.#known.get(hash)
    if (goodMs !== undefined && nowMs - goodMs < knownForMs) return
    const spent = this.#spent(networkOf(address), nowMs)
    const waitMs = (spent + 1 - attemptsMax) * refillMs
    if (waitMs <= 0) return
    const retryAfterSeconds = Math.ceil(waitMs / 1_000)
    throw new SkerryError('too_many_attempts', `Too many wrong tokens came from your address; repeat in ${retryAfterSeconds} s.`, {
      retryAfterSeconds, field: 'authorization',
    })
  }

  failed(address: string | undefined, hash: string): void {
    const network = networkOf(address)
    const nowMs = this.#clock.monotonicMs()
    this.#known.delete(hash)
    this.#failures.set(network, { spent: this.#spent(network, nowMs) + 1, atMs: nowMs })
  }

  succeeded(hash: string): void {
    this.#known.set(hash, this.#clock.monotonicMs())
  }

  #spent(network: string, nowMs: number): number {
    const failures = this.#failures.get(network)
    return failures === undefined ? 0 : Math.max(0, failures.spent - (nowMs - failures.atMs) / refillMs)
  }
}

/** Who has one address of IPv6 has all of its /64. */
function networkOf(address = ''): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv6' ? parsed.toNormalizedString().split(':').slice(0, 4).join(':') : parsed.toString()
}
