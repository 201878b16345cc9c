import { isIPv4 } from 'node:net'
import { LRUCache } from 'lru-cache'

/** What a query over UDP gets. `truncated` has the asker come again by TCP, which nobody can do in another's name. */
export type RateVerdict = 'answer' | 'truncated' | 'silence'

export interface AnswerRateOptions {
  /** Answers a second for each network of askers (a /24 of IPv4, a /56 of IPv6). */
  readonly perSecond: number
}

interface Bucket {
  tokens: number
  filledMs: number
  over: number
}

const networksMax = 20_000
/** Of those over the rate every second one is told; silence would lock out a resolver whose network somebody else abuses. */
const truncatedEvery = 2

/**
 * Bounds the answers over UDP for each network, since the address of a query can be forged: without it the server would send its answers, larger
 * than their questions, to whomever a forger names. @see https://www.isc.org/docs/DNS-RRL-LISA14.pdf (response rate limiting)
 */
export class AnswerRate {
  readonly #perSecond: number
  readonly #buckets = new LRUCache<string, Bucket>({ max: networksMax })

  constructor({ perSecond }: AnswerRateOptions) {
    this.#perSecond = perSecond
  }

  judge(address: string, nowMs: number): RateVerdict {
    const network = networkOf(address)
    let bucket = this.#buckets.get(network)
    if (bucket === undefined) {
      bucket = { tokens: this.#perSecond, filledMs: nowMs, over: 0 }
      this.#buckets.set(network, bucket)
    }
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + ((nowMs - bucket.filledMs) / 1_000) * this.#perSecond)
    bucket.filledMs = nowMs
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1
      return 'answer'
    }
    bucket.over += 1
    return bucket.over % truncatedEvery === 0 ? 'truncated' : 'silence'
  }
}

/** Who has one address of a network can as well have the others. */
function networkOf(address: string): string {
  if (isIPv4(address)) return address.slice(0, address.lastIndexOf('.'))
  const mapped = /^::ffff:(\d+\.\d+\.\d+)\.\d+$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  const [head = '', tail] = address.split('%', 1)[0]?.split('::', 2) ?? []
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - behind.length) }, () => '0')
  const [first = '0', second = '0', third = '0', fourth = '0'] = [...groups, ...zeros, ...behind]
  const upper = (Number.parseInt(fourth, 16) >> 8) & 0xff
  return [first, second, third].map((group) => Number.parseInt(group, 16).toString(16)).join(':') + `:${upper.toString(16)}`
}
