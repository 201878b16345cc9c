import { request } from 'undici'

/** How often, how patient, and how wary after a failure. */
export const healthTiming = {
  intervalMs: 500,
  timeoutMs: 1_000,
  /** Checks that have to fail in a row: one slow answer is no outage. A refused connection counts at once. */
  failuresToFall: 2,
  /** Checks that have to succeed in a row after a fall; doubled for each fall within `calmMs` of the last, up to the maximum. */
  successesToRise: 2,
  successesToRiseMax: 32,
  calmMs: 30_000,
  /** A node that refuses many requests is not asked for each of them how it is. */
  suspicionIntervalMs: 50,
} as const

export type NodeCondition = 'unknown' | 'up' | 'draining' | 'down'

export interface NodeHealthOptions {
  /** Base URL of the node's admin port. */
  readonly adminUrl: string
  /** Called when the condition changes. */
  readonly onChange: (condition: NodeCondition) => void
  readonly timing?: { readonly intervalMs: number; readonly timeoutMs: number } | undefined
}

/**
 * One node's health: asks its `/readyz` again and again and takes hints from the traffic.
 *
 * Invariants: down at once where a connection fails, up again only after several good checks in a row, more of them the more often
 * it fell (a flapping node would otherwise take and lose requests at every flap). One check at a time.
 */
export class NodeHealth {
  readonly #options: NodeHealthOptions
  readonly #url: string
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #checking: Promise<void> | undefined
  #condition: NodeCondition = 'unknown'
  #failures = 0
  #successes = 0
  #successesNeeded = 1
  #fellAtMs = Number.NEGATIVE_INFINITY
  #latencyMs: number | undefined
  #checkedAtMs = Number.NEGATIVE_INFINITY

  constructor(options: NodeHealthOptions) {
    this.#options = options
    this.#url = new URL('/readyz', options.adminUrl).href
  }

  get condition(): NodeCondition {
    return this.#condition
  }

  /** Smoothed round trip of the checks. */
  get latencyMs(): number | undefined {
    return this.#latencyMs
  }

  /** Checks now, and from now on at the interval. Resolves after the first check. */
  start(): Promise<void> {
    return this.#checkAndSchedule()
  }

  close(): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
  }

  /** A connection to the node failed: nothing to wait for. */
  reportUnreachable(): void {
    this.#fall()
  }

  /** Something went wrong that may or may not be the node's end: looks at once instead of at the next interval. */
  reportSuspicion(): void {
    if (performance.now() - this.#checkedAtMs < healthTiming.suspicionIntervalMs) return
    clearTimeout(this.#timer)
    void this.#checkAndSchedule()
  }

  async #checkAndSchedule(): Promise<void> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
    if (this.#stop.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#checkAndSchedule(), this.#options.timing?.intervalMs ?? healthTiming.intervalMs)
    this.#timer.unref()
  }

  async #check(): Promise<void> {
    const startedMs = performance.now()
    this.#checkedAtMs = startedMs
    try {
      const timeoutMs = this.#options.timing?.timeoutMs ?? healthTiming.timeoutMs
      const { statusCode, body } = await request(this.#url, {
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]),
      })
      await body.dump()
      if (statusCode === 200) this.#succeed(performance.now() - startedMs)
      else this.#drain()
    } catch (error) {
      if (this.#stop.signal.aborted) return
      this.#failures += 1
      this.#successes = 0
      if (isRefused(error) || this.#failures >= healthTiming.failuresToFall || this.#condition === 'unknown') this.#fall()
    }
  }

  #succeed(tookMs: number): void {
    this.#latencyMs = this.#latencyMs === undefined ? tookMs : this.#latencyMs * 0.8 + tookMs * 0.2
    this.#failures = 0
    this.#successes += 1
    if (this.#successes >= this.#successesNeeded) this.#change('up')
  }

  /** It lives and says that it takes nothing new; when it is ready again one good check is enough. */
  #drain(): void {
    this.#failures = 0
    this.#successes = 0
    this.#successesNeeded = 1
    this.#change('draining')
  }

  #fall(): void {
    this.#successes = 0
    if (this.#condition === 'down') return
    const nowMs = performance.now()
    const calm = nowMs - this.#fellAtMs > healthTiming.calmMs
    this.#successesNeeded = calm
      ? healthTiming.successesToRise
      : Math.min(healthTiming.successesToRiseMax, this.#successesNeeded * 2)
    this.#fellAtMs = nowMs
    this.#change('down')
  }

  #change(condition: NodeCondition): void {
    if (condition === this.#condition) return
    this.#condition = condition
    this.#options.onChange(condition)
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}
