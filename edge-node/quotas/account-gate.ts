import type { AccountQuotas, QuotaShare } from '../../control-plane/protocol/index.ts'

type Quotas = AccountQuotas['quotas']

/** Why a request of an account is refused: what it has too much of, or that it is suspended. */
export type QuotaReason = 'rate' | 'concurrency' | 'cpu' | 'suspended'

/** Requests that come at once are let in as long as they are no more than what so long a time allows. */
const burstSeconds = 1
/** Of the account's quota, what a node goes by until it was told its share. */
const unknownShare = 0.01

/** Between requests of an account that are sent to other nodes. */
const elsewhereMs = 100

/** A function for which room is kept. */
interface Reservation {
  /** Requests at a time on this node. */
  reserved: number
  inFlight: number
}

/**
 * What one account takes on this node, and what it may.
 *
 * Invariants: nothing is allocated for a request, and no timer set; who was admitted leaves once. A function that has room reserved is
 * refused for its account's requests only where it uses that room itself, or the account has its fill.
 */
export class AccountGate {
  inFlight = 0
  refused: Record<QuotaReason, number> = { rate: 0, concurrency: 0, cpu: 0, suspended: 0 }
  /** Asked for since the last report, those that were refused too. */
  #asked = 0
  #mostAtATime = 0
  #refusedAtATime = 0
  #quotas: Quotas = {}
  #share: QuotaShare = {}
  #isShareKnown = false
  readonly #nodeConcurrency: number
  #rate = Number.POSITIVE_INFINITY
  #capacity = Number.POSITIVE_INFINITY
  #tokens = Number.POSITIVE_INFINITY
  #filledMs = 0
  #sentElsewhereMs = Number.NEGATIVE_INFINITY
  #concurrent: number
  #reservations: Map<string, Reservation> | undefined
  #reservedInAll = 0
  #reservedInUse = 0
  /** What functions want reserved, of the account's quota or of this node. */
  #wanted: ReadonlyMap<string, number> = new Map()
  /** Of today: on this node, and on all others as far as is known. */
  #cpuMs = 0
  #othersCpuMs = 0
  #cpuMsMax = Number.POSITIVE_INFINITY

  /** @param nodeConcurrency requests that the node serves at a time, for whomever */
  constructor(nodeConcurrency: number) {
    this.#nodeConcurrency = nodeConcurrency
    this.#concurrent = nodeConcurrency
  }

  get quotas(): Quotas {
    return this.#quotas
  }

  /** What is gone by now; empty where there is no limit. */
  get share(): QuotaShare {
    return this.#share
  }

  /** Whether other nodes may have room that this one has not. */
  isPart(reason: QuotaReason): boolean {
    const { requestsPerSecond, concurrentRequests } = this.#quotas
    if (reason === 'rate') return this.#rate < (requestsPerSecond ?? 0)
    return reason === 'concurrency' && (this.#share.concurrentRequests ?? 0) < (concurrentRequests ?? 0)
  }

  /**
   * Whether to say so of this request, that a gateway may take it to others. Of a few: what gateways may repeat is for all accounts, and shares follow
   * demand soon.
   */
  mayGoElsewhere(reason: QuotaReason, nowMs: number): boolean {
    if (!this.isPart(reason) || nowMs - this.#sentElsewhereMs < elsewhereMs) return false
    this.#sentElsewhereMs = nowMs
    return true
  }

  /** Sets what the account may take. A share that is known already stays the same part of it. */
  setQuotas(quotas: Quotas, nowMs: number): void {
    const before = this.#quotas
    this.#quotas = quotas
    const scaled = (name: 'requestsPerSecond' | 'concurrentRequests'): number | undefined => {
      const [limit, held, limitBefore] = [quotas[name], this.#share[name], before[name]]
      if (limit === undefined) return undefined
      if (held === undefined || !this.#isShareKnown || limitBefore === undefined || limitBefore === 0) return Math.min(limit, Math.max(1, limit * unknownShare))
      return Math.min(1, held / limitBefore) * limit
    }
    this.#apply(scaled('requestsPerSecond'), scaled('concurrentRequests'), nowMs)
    this.#cpuMsMax = quotas.cpuSecondsPerDay === undefined ? Number.POSITIVE_INFINITY : quotas.cpuSecondsPerDay * 1_000
  }

  /** From now on this is the node's part. */
  setShare(share: QuotaShare, nowMs: number): void {
    this.#isShareKnown = true
    const { requestsPerSecond, concurrentRequests } = this.#quotas
    // What is unlimited by now has no share, and what was limited meanwhile is told of next time.
    this.#apply(
      requestsPerSecond === undefined ? undefined : (share.requestsPerSecond ?? this.#share.requestsPerSecond),
      concurrentRequests === undefined ? undefined : (share.concurrentRequests ?? this.#share.concurrentRequests),
      nowMs,
    )
  }

  /** What functions of the account have reserved, where they have. */
  setReservations(wanted: ReadonlyMap<string, number>): void {
    this.#wanted = wanted
    this.#reserve()
  }

  /** CPU time of today on this node. */
  get cpuMs(): number {
    return this.#cpuMs
  }

  get othersCpuMs(): number {
    return this.#othersCpuMs
  }

  /** Functions of the account used so much more. */
  charge(cpuMs: number): void {
    this.#cpuMs += cpuMs
  }

  /** What is known of the day: on this node, and on the others. */
  setCpu(cpuMs: number, othersCpuMs: number): void {
    this.#cpuMs = cpuMs
    this.#othersCpuMs = othersCpuMs
  }

  /** Counts a request that is about to begin; answers why it must not, where it must not. */
  admit(functionName: string, nowMs: number): QuotaReason | undefined {
    if (this.#quotas.suspended === true) return this.#refuse('suspended')
    this.#asked += 1
    if (this.#cpuMs + this.#othersCpuMs >= this.#cpuMsMax) return this.#refuse('cpu')
    if (this.#rate !== Number.POSITIVE_INFINITY && !this.#hasToken(nowMs)) return this.#refuse('rate')
    const reservation = this.#reservations?.get(functionName)
    const isReserved = reservation !== undefined && reservation.inFlight < reservation.reserved
    const open = isReserved ? this.#concurrent - this.inFlight : this.#concurrent - this.#reservedInAll - (this.inFlight - this.#reservedInUse)
    if (open < 1 || this.inFlight >= this.#concurrent) {
      this.#refusedAtATime += 1
      return this.#refuse('concurrency')
    }
    this.#tokens -= 1
    this.inFlight += 1
    if (this.inFlight > this.#mostAtATime) this.#mostAtATime = this.inFlight
    if (reservation !== undefined) {
      reservation.inFlight += 1
      if (isReserved) this.#reservedInUse += 1
    }
    return undefined
  }

  /** A request that was admitted is over. */
  leave(functionName: string): void {
    this.inFlight -= 1
    const reservation = this.#reservations?.get(functionName)
    // One that began before there was a reservation is not counted in it.
    if (reservation === undefined || reservation.inFlight === 0) return
    reservation.inFlight -= 1
    if (reservation.inFlight < reservation.reserved) this.#reservedInUse -= 1
  }

  /** A request that was admitted and did not begin counts where it is repeated. */
  refund(): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + 1)
  }

  /** Whether anything was asked for since `takeDemand`, or goes on. */
  get isActive(): boolean {
    return this.#asked > 0 || this.inFlight > 0
  }

  /** What was asked for since this was called last, in `seconds`. */
  takeDemand(seconds: number): { readonly requestsPerSecond: number; readonly concurrentRequests: number } {
    // Who is refused may come again and again: it counts for no more than there could be.
    const refused = Math.min(this.#refusedAtATime, this.#quotas.concurrentRequests ?? 0)
    const demand = { requestsPerSecond: this.#asked / seconds, concurrentRequests: this.#mostAtATime + refused }
    this.#asked = 0
    this.#mostAtATime = this.inFlight
    this.#refusedAtATime = 0
    return demand
  }

  #refuse(reason: QuotaReason): QuotaReason {
    this.refused[reason] += 1
    return reason
  }

  #hasToken(nowMs: number): boolean {
    if (nowMs > this.#filledMs) {
      this.#tokens = Math.min(this.#capacity, this.#tokens + ((nowMs - this.#filledMs) / 1_000) * this.#rate)
      this.#filledMs = nowMs
    }
    return this.#tokens >= 1
  }

  #apply(requestsPerSecond: number | undefined, concurrentRequests: number | undefined, nowMs: number): void {
    const whole = concurrentRequests === undefined ? undefined : Math.floor(concurrentRequests)
    this.#share = {
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
      ...(whole === undefined ? {} : { concurrentRequests: whole }),
    }
    const wasUnlimited = this.#rate === Number.POSITIVE_INFINITY
    if (requestsPerSecond === undefined) {
      this.#rate = this.#capacity = this.#tokens = Number.POSITIVE_INFINITY
    } else {
      if (!wasUnlimited) this.#hasToken(nowMs)
      this.#rate = requestsPerSecond
      // A share below one a second still lets one request in now and then; none lets none in.
      this.#capacity = requestsPerSecond === 0 ? 0 : Math.max(1, requestsPerSecond * burstSeconds)
      this.#tokens = wasUnlimited ? this.#capacity : Math.min(this.#capacity, this.#tokens)
      this.#filledMs = nowMs
    }
    this.#concurrent = whole ?? this.#nodeConcurrency
    this.#reserve()
  }

  /** Of what is reserved in the account's quota this node keeps its part free, rounded up; without such a quota, all of it. */
  #reserve(): void {
    if (this.#wanted.size === 0) {
      this.#reservations = undefined
      this.#reservedInAll = this.#reservedInUse = 0
      return
    }
    const { concurrentRequests } = this.#quotas
    const part = concurrentRequests === undefined ? 1 : concurrentRequests === 0 ? 0 : this.#concurrent / concurrentRequests
    const before = this.#reservations
    this.#reservations = new Map()
    this.#reservedInAll = this.#reservedInUse = 0
    for (const [functionName, wanted] of this.#wanted) {
      const reservation = { reserved: Math.ceil(wanted * part), inFlight: before?.get(functionName)?.inFlight ?? 0 }
      this.#reservations.set(functionName, reservation)
      this.#reservedInAll += reservation.reserved
      this.#reservedInUse += Math.min(reservation.inFlight, reservation.reserved)
    }
  }
}
