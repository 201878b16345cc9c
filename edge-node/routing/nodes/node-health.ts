/** How wary. Times in ms. */
export const healthRules = {
  /** Checks without an answer in a row that make a node down: one slow answer is no outage. */
  silentChecksToFall: 2,
  /** How long all must be well after a first fall; doubled for each further fall within `calmMs`, up to the maximum. */
  outMs: 1_000,
  outMsMax: 60_000,
  /** So many times longer where the traffic and not the checks found it: the checks prove nothing then. */
  ejectedFactor: 5,
  /** So long without a fall, and a fall counts as the first again. */
  calmMs: 60_000,
  /** Requests at a time to a node that has just come back; doubled whenever as many were answered, and unlimited from the maximum on. */
  trialRequests: 4,
  trialRequestsMax: 128,
  /** Without traffic that would show it, a node is tried for no longer. */
  trialMs: 10_000,
  /** Faults in a row, without an answer between them. */
  faultsInARow: 5,
  /** Or this share of what it was asked, where it was asked so much, within about `windowMs`. */
  faultShare: 0.2,
  requestsMin: 20,
  windowMs: 10_000,
} as const

/**
 * - `unknown`: not checked yet.
 * - `up`: takes all.
 * - `trial`: was out and takes a few requests at a time, more as they are answered.
 * - `draining`: says that it takes nothing new.
 * - `ejected`: answers its checks, but not its requests, or not as it used to.
 * - `down`: does not answer its checks, or takes no connection.
 */
export type NodeCondition = 'unknown' | 'up' | 'trial' | 'draining' | 'ejected' | 'down'

export interface NodeHealthOptions {
  readonly onChange: (condition: NodeCondition) => void
  /** Whether the node may be taken out for what the traffic says: others have to be left, and do better. Asked when it would be. */
  readonly mayEject?: () => boolean
}

/**
 * One node's health: what active checks and the traffic say of it, in one machine. Pure: time is an argument, nothing is sent.
 *
 *     unknown ──> up <──────────────── trial <── all well for so long ── down, ejected
 *                 │ draining <──────────┘ │                                 ^
 *                 └───────────────────────┴── a fall ───────────────────────┘
 *
 * A fall is, from `up`, `trial` or `draining`: a refused connection or check; two checks in a row without an answer; and, where `mayEject`, answers to checks that come far later than they used to, and faults of its
 * own in the traffic: five in a row, or a fifth of what it was asked. Functions' own errors are no faults of the node.
 *
 * Invariants: after its n-th fall within `calmMs` a node is out for at least `outMs` · 2^(n-1), by which a flapping node is out most
 * of the time; after it no node is out for more than `outMsMax` once all is well; who comes back is tried before it takes all.
 */
export class NodeHealth {
  readonly #options: NodeHealthOptions
  #condition: NodeCondition = 'unknown'
  #falls = 0
  #fellAtMs = Number.NEGATIVE_INFINITY
  /** Since when every check was good; undefined while the last was not. */
  #wellSinceMs: number | undefined
  #silentChecks = 0
  #faultsInARow = 0
  #requests = 0
  #faults = 0
  #countedAtMs = 0
  #trialSinceMs = 0
  #trialRequests = 0
  #trialAnswers = 0

  constructor(options: NodeHealthOptions) {
    this.#options = options
  }

  get condition(): NodeCondition {
    return this.#condition
  }

  /** Whether requests may be sent to it. */
  get isHealthy(): boolean {
    return this.#condition === 'up' || this.#condition === 'trial' || this.#condition === 'draining'
  }

  /** Requests at a time that it may have while it is tried; undefined for no bound. */
  get trialMax(): number | undefined {
    return this.#condition === 'trial' ? this.#trialRequests : undefined
  }

  /** What it was asked, and what of that was its own fault, within about `windowMs`. */
  recent(nowMs: number): { readonly requests: number; readonly faults: number } {
    this.#decay(nowMs)
    return { requests: this.#requests, faults: this.#faults }
  }

  /** A check was answered: `isReady`, or the node lives and wants nothing new. `isSluggish` where that took far longer than it used to. */
  checked(isReady: boolean, nowMs: number, isSluggish = false): void {
    this.#silentChecks = 0
    if (!isReady || isSluggish) this.#wellSinceMs = undefined
    else this.#wellSinceMs ??= nowMs
    // Whoever fell and is starting again is not draining: it comes back by the way of those who fell.
    if (!isReady) return this.isHealthy || this.#condition === 'unknown' ? this.#change('draining') : undefined
    if (isSluggish && (this.#condition === 'up' || this.#condition === 'trial') && this.#mayEject) return this.#fall('ejected', nowMs)
    if (this.#wellSinceMs === undefined && !this.isHealthy && this.#condition !== 'unknown') return
    switch (this.#condition) {
      case 'unknown': case 'draining':
        return this.#change('up')
      case 'down': case 'ejected':
        if (nowMs - Math.max(this.#wellSinceMs ?? nowMs, this.#fellAtMs) >= this.#outMs) this.#try(nowMs)
        return
      case 'trial':
        if (nowMs - this.#trialSinceMs >= healthRules.trialMs) this.#change('up')
        return
      default:
    }
  }

  /** A check was not answered in time. */
  checkSilent(nowMs: number): void {
    this.#wellSinceMs = undefined
    this.#silentChecks += 1
    if (this.#condition === 'unknown' || this.#silentChecks >= healthRules.silentChecksToFall) this.#fall('down', nowMs)
  }

  /** A check failed, or a connection: nobody is there. */
  unreachable(nowMs: number): void {
    this.#wellSinceMs = undefined
    this.#fall('down', nowMs)
  }

  /** It answered a request, whatever the function said. */
  answered(nowMs: number): void {
    this.#decay(nowMs)
    this.#requests += 1
    this.#faultsInARow = 0
    if (this.#condition !== 'trial') return
    this.#trialAnswers += 1
    if (this.#trialAnswers < this.#trialRequests) return
    this.#trialAnswers = 0
    this.#trialRequests *= 2
    if (this.#trialRequests >= healthRules.trialRequestsMax) this.#change('up')
  }

  /** It failed a request by a fault of its own. */
  fault(nowMs: number): void {
    this.#decay(nowMs)
    this.#requests += 1
    this.#faults += 1
    this.#faultsInARow += 1
    const { faultsInARow, faultShare, requestsMin } = healthRules
    const isOutlier = this.#requests >= requestsMin && this.#faults >= this.#requests * faultShare
    const isOut = this.#condition === 'trial' || this.#faultsInARow >= faultsInARow || isOutlier
    if (!isOut || (this.#condition !== 'up' && this.#condition !== 'trial')) return
    if (this.#mayEject) this.#fall('ejected', nowMs)
  }

  get #mayEject(): boolean {
    return this.#options.mayEject?.() ?? true
  }

  get #outMs(): number {
    const { outMs, outMsMax, ejectedFactor } = healthRules
    return Math.min(outMsMax, outMs * 2 ** (this.#falls - 1) * (this.#condition === 'ejected' ? ejectedFactor : 1))
  }

  #fall(to: 'down' | 'ejected', nowMs: number): void {
    if (this.#condition === 'down' || (this.#condition === 'ejected' && to === 'ejected')) return
    if (this.#condition !== 'ejected') {
      const isCalm = nowMs - this.#fellAtMs > healthRules.calmMs + this.#outMs
      // A node that said before that it would go has not failed.
      const isOrderly = this.#condition === 'draining'
      this.#falls = isCalm || this.#falls === 0 ? 1 : this.#falls + (isOrderly ? 0 : 1)
      this.#fellAtMs = nowMs
    }
    this.#faultsInARow = 0
    this.#requests = 0
    this.#faults = 0
    this.#change(to)
  }

  #try(nowMs: number): void {
    this.#trialSinceMs = nowMs
    this.#trialRequests = healthRules.trialRequests
    this.#trialAnswers = 0
    this.#change('trial')
  }

  #decay(nowMs: number): void {
    const kept = Math.exp((this.#countedAtMs - nowMs) / healthRules.windowMs)
    this.#countedAtMs = nowMs
    this.#requests *= kept
    this.#faults *= kept
  }

  #change(condition: NodeCondition): void {
    if (condition === this.#condition) return
    this.#condition = condition
    this.#options.onChange(condition)
  }
}
