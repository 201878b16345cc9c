import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'

/** So many wrong tokens an address may send at once; then one in every `refillMs`. */
const attemptsMax = 30
const refillMs = 2_000
const addressesMax = 20_000

/**
 * Counts the wrong tokens that come from an address. A right one is never counted and never refused for others: tokens are too long to be
 * guessed, so that what the bound does is to slow down who tries, and to be seen, and it must not lock out who shares an address with him.
 */
export class AttemptLimiter {
  readonly #clock: Clock
  readonly #attempts = new LRUCache<string, { readonly spent: number; readonly atMs: number }>({ max: addressesMax })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes a wrong token. Answers with how many seconds the address has to wait; 0 while it has attempts left. */
  failed(address: string | undefined): number {
    const network = networkOf(address)
    const nowMs = this.#clock.monotonicMs()
    const before = this.#attempts.get(network)
    const spent = before === undefined ? 0 : Math.max(0, before.spent - (nowMs - before.atMs) / refillMs)
    if (spent + 1 > attemptsMax) return Math.ceil(((spent + 1 - attemptsMax) * refillMs) / 1_000)
    this.#attempts.set(network, { spent: spent + 1, atMs: nowMs })
    return 0
  }
}

/** Who has one address of IPv6 has all of its /64. */
function networkOf(address = ''): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv6' ? parsed.toNormalizedString().split(':').slice(0, 4).join(':') : parsed.toString()
}
