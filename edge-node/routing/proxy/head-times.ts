/** Buckets grow by a fourth each, from half a millisecond to about half a minute. */
const growth = 1.25
const leastMs = 0.5
const buckets = 50
/** After so many the older count half. */
const halfLifeSamples = 512
/** A quantile is looked up anew after so many. */
const renewAfter = 32
/** With fewer nothing is known. */
const samplesMin = 32

/** How long a node takes to answer's heads: a histogram that forgets. Adding costs nothing that grows. */
export class HeadTimes {
  readonly #counts = new Float64Array(buckets)
  #total = 0
  #sinceHalved = 0
  #sinceRenewed = renewAfter
  #quantile = 0
  #quantileMs: number | undefined

  add(ms: number): void {
    const bucket = ms <= leastMs ? 0 : Math.min(buckets - 1, Math.ceil(Math.log(ms / leastMs) / Math.log(growth)))
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#total += 1
    this.#sinceRenewed += 1
    this.#sinceHalved += 1
    if (this.#sinceHalved < halfLifeSamples) return
    this.#sinceHalved = 0
    for (let index = 0; index < buckets; index += 1) this.#counts[index] = (this.#counts[index] ?? 0) / 2
    this.#total /= 2
  }

  /** What a share of them (0 to 1) took at most, in ms; undefined while too few are known. */
  quantileMs(share: number): number | undefined {
    if (this.#sinceRenewed < renewAfter && share === this.#quantile) return this.#quantileMs
    this.#sinceRenewed = 0
    this.#quantile = share
    this.#quantileMs = this.#total < samplesMin ? undefined : this.#find(share * this.#total)
    return this.#quantileMs
  }

  #find(rank: number): number {
    let seen = 0
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      seen += this.#counts[bucket] ?? 0
      if (seen >= rank) return leastMs * growth ** bucket
    }
    return leastMs * growth ** (buckets - 1)
  }
}
