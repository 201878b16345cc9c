import { type AccountQuotas, type QuotaAnswer, type QuotaDemand, quotaDemandsMax, type QuotaReport, type Quotas, type QuotaShare } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { AccountGate, type QuotaReason } from './account-gate.ts'

export interface QuotaTableOptions {
  /** Requests that the node serves at a time, for whomever. */
  readonly nodeConcurrency: number
  /** By the monotonic clock, and since the Unix epoch. */
  readonly monotonicMs?: () => number
  readonly nowMs?: () => number
  /** Requests are refused for which other nodes may have room: the next report is wanted soon. */
  readonly onWanting?: () => void
}

/** What is kept of an account for a start without the control plane. */
export interface KeptQuota {
  readonly account: string
  readonly share: QuotaShare
  readonly cpuMs: number
  readonly othersCpuMs: number
}

interface Entry {
  readonly gate: AccountGate
  /** Reports in a row in which it had nothing to tell. */
  quietReports: number
  reportedCpuMs: number
  /** Whether the control plane has told, since this process began, what it knows of the node's CPU time. */
  isCpuKnown: boolean
}

const dayMs = 24 * 60 * 60 * 1_000
/** After so many reports in which nothing was asked for, the share is as low as it gets: then nothing is told until something is asked. */
const quietReportsMax = 5
const originsMax = 16

/**
 * Who may take how much on this node.
 *
 * The day is the control plane's: it tells its date and what is left of it, which counts on by the monotonic clock, so that the clocks of nodes
 * do not matter. Only a node that starts while no control plane can be reached goes by its own clock until it is told.
 */
export class QuotaTable {
  readonly #nodeConcurrency: number
  readonly #monotonicMs: () => number
  readonly #nowMs: () => number
  readonly #onWanting: () => void
  readonly #entries = new Map<string, Entry>()
  /** Processes of the control plane that have heard of every account. */
  readonly #origins = new Set<string>()
  #day: string
  #dayEndsMs: number
  #takenMs: number

  constructor(options: QuotaTableOptions) {
    this.#nodeConcurrency = options.nodeConcurrency
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now())
    this.#nowMs = options.nowMs ?? (() => Date.now())
    this.#onWanting = options.onWanting ?? (() => undefined)
    const nowMs = this.#nowMs()
    this.#day = dateOf(nowMs)
    this.#takenMs = this.#monotonicMs()
    this.#dayEndsMs = this.#takenMs + dayMs - (nowMs % dayMs)
  }

  get day(): string {
    this.#turnDay()
    return this.#day
  }

  /** What one account takes here. For each request: one look into a map. */
  gateOf(account: string): AccountGate {
    return (this.#entries.get(account) ?? this.#add(account)).gate
  }

  /** What whoever is refused is told. */
  refusal(gate: AccountGate, reason: QuotaReason): SkerryError {
    const { requestsPerSecond, concurrentRequests, cpuSecondsPerDay } = gate.quotas
    if (gate.isPart(reason)) this.#onWanting()
    if (reason === 'suspended') return new SkerryError('account_suspended', 'The account of this function is suspended.')
    if (reason === 'rate') return new SkerryError('rate_limit_exceeded', `The account may get ${requestsPerSecond} requests a second.`, limitOf(requestsPerSecond))
    if (reason === 'concurrency') {
      return new SkerryError('concurrency_limit_exceeded', 'As many requests of the account are running as may at a time.', limitOf(concurrentRequests))
    }
    this.#turnDay()
    const retryAfterSeconds = Math.max(1, Math.ceil((this.#dayEndsMs - this.#monotonicMs()) / 1_000))
    return new SkerryError('cpu_quota_exceeded', `The account's functions have used ${cpuSecondsPerDay} s of CPU today (UTC).`, { ...limitOf(cpuSecondsPerDay), retryAfterSeconds })
  }

  /** These accounts have quotas, and no others. */
  replaceAll(accounts: Iterable<AccountQuotas>): void {
    const quotas = new Map([...accounts].map((of) => [of.account, of.quotas]))
    for (const account of this.#entries.keys()) if (!quotas.has(account)) this.set(account, {})
    for (const [account, of] of quotas) this.set(account, of)
  }

  set(account: string, quotas: AccountQuotas['quotas']): void {
    const entry = this.#entries.get(account) ?? this.#add(account)
    entry.quietReports = 0
    entry.gate.setQuotas(quotas, this.#monotonicMs())
  }

  /** What functions have reserved, by account. */
  setReservations(byAccount: ReadonlyMap<string, ReadonlyMap<string, number>>): void {
    for (const [account, { gate }] of this.#entries) gate.setReservations(byAccount.get(account) ?? new Map())
    for (const [account, wanted] of byAccount) if (!this.#entries.has(account)) this.#add(account).gate.setReservations(wanted)
  }

  charge(account: string, cpuMs: number): void {
    this.#turnDay()
    this.gateOf(account).charge(cpuMs)
  }

  /** What to tell the control plane: of accounts that have quotas here, those that something was asked of lately. Undefined where nothing is. */
  takeReport(): QuotaReport | undefined {
    this.#turnDay()
    const nowMs = this.#monotonicMs()
    const seconds = Math.max(0.05, (nowMs - this.#takenMs) / 1_000)
    this.#takenMs = nowMs
    const demands: QuotaDemand[] = []
    for (const [account, entry] of this.#entries) {
      const { gate } = entry
      if (!isHeldHere(gate.quotas)) continue
      const isActive = gate.isActive || gate.cpuMs > entry.reportedCpuMs
      entry.quietReports = isActive ? 0 : entry.quietReports + 1
      if (entry.quietReports > quietReportsMax || demands.length >= quotaDemandsMax) continue
      entry.reportedCpuMs = gate.cpuMs
      demands.push({ account, ...gate.takeDemand(seconds), holds: holdsOf(gate), cpuMs: gate.cpuMs })
    }
    // Those that did not come to word are the first next time.
    if (demands.length === quotaDemandsMax) for (const { account } of demands) this.#moveToEnd(account)
    return demands.length === 0 ? undefined : { day: this.#day, demands }
  }

  /** Goes by what the control plane answered. True where the node may take less of something: others wait to hear that it does. */
  apply(answer: QuotaAnswer): boolean {
    const nowMs = this.#monotonicMs()
    if (answer.day !== this.#day) this.#beginDay(answer.day)
    if (!this.#origins.has(answer.origin)) {
      this.#origins.add(answer.origin)
      const [oldest] = this.#origins
      if (this.#origins.size > originsMax && oldest !== undefined) this.#origins.delete(oldest)
      for (const entry of this.#entries.values()) entry.quietReports = 0
    }
    this.#dayEndsMs = nowMs + answer.dayLeftMs
    let isLess = false
    for (const { account, share, cpuMs, othersCpuMs } of answer.accounts) {
      const entry = this.#entries.get(account)
      if (entry === undefined) continue
      const { gate } = entry
      const before = gate.share
      gate.setShare(share, nowMs)
      isLess ||= isBelow(gate.share.requestsPerSecond, before.requestsPerSecond) || isBelow(gate.share.concurrentRequests, before.concurrentRequests)
      // What the node used before it was started anew comes on top of what it has used since.
      const forgotten = entry.isCpuKnown ? 0 : Math.max(0, cpuMs - entry.reportedCpuMs)
      const isAhead = entry.isCpuKnown && cpuMs > gate.cpuMs
      entry.isCpuKnown = true
      gate.setCpu(isAhead ? cpuMs : gate.cpuMs + forgotten, othersCpuMs)
    }
    return isLess
  }

  /** What a node that starts without the control plane goes by. */
  keep(): { readonly day: string; readonly accounts: readonly KeptQuota[] } {
    this.#turnDay()
    const accounts = [...this.#entries].flatMap(([account, { gate }]) =>
      isHeldHere(gate.quotas) ? [{ account, share: gate.share, cpuMs: gate.cpuMs, othersCpuMs: gate.othersCpuMs }] : [],
    )
    return { day: this.#day, accounts }
  }

  /** Takes over what was kept, once quotas are set. */
  restore(kept: { readonly day: string; readonly accounts: readonly KeptQuota[] }): void {
    for (const { account, share, cpuMs, othersCpuMs } of kept.accounts) {
      const entry = this.#entries.get(account)
      if (entry === undefined || !isHeldHere(entry.gate.quotas)) continue
      entry.gate.setShare(share, this.#monotonicMs())
      if (kept.day === this.day) entry.gate.setCpu(cpuMs, othersCpuMs)
    }
  }

  /** For metrics: accounts with quotas that are held here. */
  *limited(): Generator<readonly [account: string, gate: AccountGate]> {
    for (const [account, { gate }] of this.#entries) if (isHeldHere(gate.quotas)) yield [account, gate]
  }

  #add(account: string): Entry {
    const entry: Entry = { gate: new AccountGate(this.#nodeConcurrency), quietReports: 0, reportedCpuMs: 0, isCpuKnown: false }
    this.#entries.set(account, entry)
    return entry
  }

  #moveToEnd(account: string): void {
    const entry = this.#entries.get(account)
    if (entry === undefined) return
    this.#entries.delete(account)
    this.#entries.set(account, entry)
  }

  #turnDay(): void {
    while (this.#monotonicMs() >= this.#dayEndsMs) {
      this.#dayEndsMs += dayMs
      this.#beginDay(dateOf(Date.parse(this.#day) + dayMs))
    }
  }

  #beginDay(day: string): void {
    this.#day = day
    for (const entry of this.#entries.values()) {
      entry.reportedCpuMs = 0
      entry.gate.setCpu(0, 0)
    }
  }
}

function isHeldHere({ requestsPerSecond, concurrentRequests, cpuSecondsPerDay }: Quotas): boolean {
  return requestsPerSecond !== undefined || concurrentRequests !== undefined || cpuSecondsPerDay !== undefined
}

/** What is running counts until it ends, whatever the share became meanwhile. */
function holdsOf({ share, inFlight }: AccountGate): QuotaShare {
  const { concurrentRequests } = share
  return concurrentRequests === undefined ? share : { ...share, concurrentRequests: Math.max(concurrentRequests, inFlight) }
}

function isBelow(now: number | undefined, before: number | undefined): boolean {
  return now !== undefined && before !== undefined && now < before
}

function limitOf(limit: number | undefined): { readonly limit?: number } {
  return limit === undefined ? {} : { limit }
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
