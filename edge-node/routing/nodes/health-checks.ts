import { request } from 'undici'
import { pressureHeader } from '../../../control-plane/protocol/index.ts'
import type { NodeHealth } from './node-health.ts'

export interface CheckTiming {
  readonly intervalMs: number
  readonly timeoutMs: number
}

export const checkTiming: CheckTiming = { intervalMs: 500, timeoutMs: 1_000 }

/** A node that seems silent is given so many of its usual round trips and so many ms, and no less than `suspicionMsMin`. */
const suspicionRoundTrips = 1.5
const suspicionMarginMs = 50
const suspicionMsMin = 150
/** A node that many requests complain of is not asked for each of them how it is. */
const suspicionIntervalMs = 50

/** What a node used to need follows each check by so much: a day's change counts, and a minute's does not. */
const usualShare = 0.002
/** So many times as long as usual, and so many ms longer, is no noise. */
const sluggishFactor = 5
const sluggishMs = 250
/** As the list of nodes has it. */
const pressureMsMax = 1_000

export interface HealthChecksOptions {
  /** Base URL of the node's admin port. */
  readonly adminUrl: string
  readonly health: NodeHealth
  readonly timing: CheckTiming
  /** Counts whatever else comes from the node. */
  readonly heard: () => number
  /** Told when the node's pressure is another. */
  readonly onPressure?: () => void
  /** After each check. */
  readonly onChecked?: () => void
}

/** Asks a node's `/readyz` again and again, one check at a time, and tells its `NodeHealth`. */
export class HealthChecks {
  readonly #options: HealthChecksOptions
  readonly #url: string
  #isClosed = false
  #timer: NodeJS.Timeout | undefined
  #checking: Promise<void> | undefined
  #checkedAtMs = Number.NEGATIVE_INFINITY
  #latencyMs: number | undefined
  #usualMs: number | undefined
  #pressureMs: number | undefined
  /** Of the check that is under way. */
  #giveUpWithin: ((ms: number) => void) | undefined

  constructor(options: HealthChecksOptions) {
    this.#options = options
    this.#url = new URL('/readyz', options.adminUrl).href
  }

  /** Smoothed round trip of the checks. */
  get latencyMs(): number | undefined {
    return this.#latencyMs
  }

  /** By what the node asked its clients to go elsewhere when it was checked last, in ms; undefined where it does not tell. */
  get pressureMs(): number | undefined {
    return this.#pressureMs
  }

  /** Whether it answers far later than it used to, function or no function. */
  get isSluggish(): boolean {
    const [latencyMs, usualMs] = [this.#latencyMs ?? 0, this.#usualMs ?? 0]
    return latencyMs > usualMs * sluggishFactor && latencyMs > usualMs + sluggishMs
  }

  /** Checks now, and from now on at the interval. Resolves after the first check. */
  start(): Promise<void> {
    return this.#checkAndSchedule(this.#options.timing.timeoutMs)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#giveUpWithin?.(0)
  }

  /** Something seems wrong that may or may not be the node's doing: looks at once, and waits no longer than its usual answer may take. */
  hurry(): void {
    const withinMs = this.#hurriedMs
    if (this.#giveUpWithin !== undefined) return this.#giveUpWithin(withinMs)
    if (performance.now() - this.#checkedAtMs < suspicionIntervalMs) return
    void this.#checkAndSchedule(withinMs)
  }

  #readPressure(told: string | string[] | undefined): void {
    const pressureMs = Number(told)
    if (told === undefined || !(pressureMs >= 0) || pressureMs === this.#pressureMs) return
    this.#pressureMs = Math.min(pressureMs, pressureMsMax)
    this.#options.onPressure?.()
  }

  #measure(tookMs: number): void {
    this.#latencyMs = this.#latencyMs === undefined ? tookMs : this.#latencyMs * 0.8 + tookMs * 0.2
    this.#usualMs = this.#usualMs === undefined || tookMs < this.#usualMs ? tookMs : this.#usualMs + (tookMs - this.#usualMs) * usualShare
  }

  /** How long a node that seems silent may take. */
  get #hurriedMs(): number {
    return Math.min(this.#options.timing.timeoutMs, Math.max(suspicionMsMin, suspicionRoundTrips * (this.#latencyMs ?? 0) + suspicionMarginMs))
  }

  async #checkAndSchedule(withinMs: number): Promise<void> {
    clearTimeout(this.#timer)
    this.#checking ??= this.#checkTwice(withinMs).finally(() => {
      this.#checking = undefined
    })
    await this.#checking
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#checkAndSchedule(this.#options.timing.timeoutMs), this.#options.timing.intervalMs)
    this.#timer.unref()
  }

  /** Where nothing at all came from the node, the second check follows at once. */
  async #checkTwice(withinMs: number): Promise<void> {
    const { health, heard } = this.#options
    const heardBefore = heard()
    const isAnswered = await this.#check(withinMs)
    if (!isAnswered && heard() === heardBefore && health.isHealthy && !this.#isClosed) await this.#check(this.#hurriedMs)
  }

  /** Whether it was answered. */
  async #check(withinMs: number): Promise<boolean> {
    const { health, onChecked } = this.#options
    const startedMs = performance.now()
    let isAnswered = false
    this.#checkedAtMs = startedMs
    const patience = new Patience(withinMs)
    this.#giveUpWithin = (ms) => patience.shorten(ms)
    try {
      const { statusCode, headers, body } = await request(this.#url, { signal: patience.signal })
      await body.dump()
      this.#readPressure(headers[pressureHeader])
      const nowMs = performance.now()
      if (statusCode === 200) this.#measure(nowMs - startedMs)
      health.checked(statusCode === 200, nowMs, this.isSluggish)
      isAnswered = true
    } catch (error) {
      if (this.#isClosed) return false
      if (isNobody(error)) health.unreachable(performance.now())
      else health.checkSilent(performance.now())
    } finally {
      patience.end()
      this.#giveUpWithin = undefined
    }
    onChecked?.()
    return isAnswered
  }
}

/**
 * A time-out that is not deceived by the process's own pauses: where its timer comes late, what arrived meanwhile is read before it counts.
 */
class Patience {
  readonly #abort = new AbortController()
  #dueMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number) {
    this.shorten(ms)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  shorten(ms: number): void {
    const dueMs = performance.now() + ms
    if (dueMs >= this.#dueMs) return
    this.#dueMs = dueMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#onDue(), ms)
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #onDue(): void {
    const lateMs = performance.now() - this.#dueMs
    // A loop that stood still has much to read, of which the answer may be a part.
    this.#timer = setTimeout(() => this.#abort.abort(), Math.min(Math.max(0, lateMs), 250))
  }
}

const nobody: ReadonlySet<string> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'])

/** The system says that nobody is there. Other errors may be those of one connection. */
function isNobody(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && nobody.has(error.code)
}
