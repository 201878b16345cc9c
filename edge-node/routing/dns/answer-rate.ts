import { LRUCache } from 'lru-cache'

/** What a query over UDP gets. `truncated` has the asker come again by TCP, which nobody can do in another's name. */
export type RateVerdict = 'answer' | 'truncated' | 'silence'

export interface AnswerRateOptions {
  /** Answers a second for each network of askers; see `clientNetworkOf`. */
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

  judge(network: string, nowMs: number): RateVerdict {
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
