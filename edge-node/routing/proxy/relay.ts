import type { ServerResponse } from 'node:http'
import { UpgradeResponse } from '../../ingress/index.ts'
import { Attempt, type AttemptOptions, type HowFailed } from './attempt.ts'
import { hopLimits } from './hop-limits.ts'
import { whyNoConnection } from './no-connection.ts'
import type { AttemptFailure, Extra, ProxyOptions, ProxyOutcome } from './proxy-options.ts'
import type { ProxyRequest, ProxyTarget } from './proxy-request.ts'
import { UpgradeAttempt } from './upgrade-attempt.ts'

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])
/** @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
const idempotentMethods: ReadonlySet<string> = new Set([...safeMethods, 'PUT', 'DELETE'])

/** Kept connections that may turn out to be closed, one after the other, before a node counts as out of reach. */
const staleMax = 3
/** A head that takes longer than this share of a node's is one that the next node is asked for as well. */
const hedgeQuantile = 0.98
/** So often all nodes are asked at most, where those that can be reached are overloaded. */
const roundsMax = 3
/** About so long after one another: nodes reconsider whom they take every 200 ms. */
const roundMs = 250
/** Nobody is asked for a second answer sooner: what it saves would be less than the way to the next node. */
const hedgeMsMin = 30

interface Lane {
  readonly target: ProxyTarget
  readonly attempt: Attempt | UpgradeAttempt
  readonly startedMs: number
  isHedged: boolean
  isSlow: boolean
}

/** One request on its way to its nodes: which is asked when, and whose answer counts. See `proxy`. */
export class Relay {
  readonly #request: ProxyRequest
  readonly #targets: readonly ProxyTarget[]
  readonly #response: ServerResponse
  readonly #options: ProxyOptions
  readonly #resolve: (outcome: ProxyOutcome) => void
  readonly #isSafe: boolean
  #position = 0
  #lanes: Lane[] = []
  #timer: NodeJS.Timeout | undefined
  #refusedBy: ProxyTarget[] = []
  /** Who was passed over: those that have just come back and have as much as they shall, and who was later with a connection. */
  #spared: ProxyTarget[] = []
  /** The last that may have begun with it, and broke. */
  #broken: ProxyTarget | undefined
  #rounds = 1
  #isRoundDue = false
  #isOverloaded = false
  #attempts = 0
  #stale = 0
  #busy = false
  #isAnswered = false
  #over = false

  constructor(
    request: ProxyRequest, targets: readonly ProxyTarget[], response: ServerResponse, options: ProxyOptions,
    resolve: (outcome: ProxyOutcome) => void,
  ) {
    this.#request = request
    this.#targets = targets
    this.#response = response
    this.#options = options
    this.#resolve = resolve
    this.#isSafe = request.body === undefined && safeMethods.has(request.method) && !(response instanceof UpgradeResponse)
    response.on('close', this.#onClientClose)
    options.retries.deposit(performance.now())
    options.hedges?.deposit()
  }

  /** Whether it can be sent once more, its body too. */
  get #isReplayable(): boolean {
    return this.#request.body?.isReplayable ?? true
  }

  /** Asks the next node that takes more, and ends where there is none and nobody is being asked. */
  next(): void {
    while (!this.#over) {
      const target = this.#targets[this.#position]
      if (target === undefined) return this.#onExhausted()
      this.#position += 1
      if (target.upstream.inFlight >= target.upstream.inFlightMax) this.#fail(target, 'full')
      else if (isOnTrial(target)) this.#spared.push(target)
      else return this.#try(target)
    }
  }

  #onExhausted(): void {
    if (this.#lanes.length > 0) return
    // Whoever is spared is better than nobody.
    const spared = this.#spared.shift()
    if (spared !== undefined) return this.#try(spared)
    if (this.#isRoundDue || (this.#isOverloaded && this.#mayAskAgain())) return this.#askAgain()
    this.#finish(this.#broken === undefined ? { kind: 'unavailable', busy: this.#busy } : { kind: 'broken', target: this.#broken })
  }

  /** Whether an overload of all is waited out; counts it. */
  #mayAskAgain(): boolean {
    const { retries, outlastsOverload = false } = this.#options
    if (!outlastsOverload || this.#rounds === roundsMax || !this.#isReplayable || !retries.withdraw(performance.now())) return false
    this.#isRoundDue = true
    return true
  }

  #askAgain(): void {
    this.#isRoundDue = false
    this.#isOverloaded = false
    this.#rounds += 1
    this.#timer = setTimeout(() => {
      this.#options.onAgain?.()
      this.#position = 0
      this.next()
    }, roundMs * (0.5 + Math.random()))
  }

  #try(target: ProxyTarget): void {
    const response = this.#response
    const options: AttemptOptions = {
      request: this.#request, upstream: target.upstream, response, held: this.#options.held, keepsCookie: this.#options.keepsCookie,
      mayMoveOn: (isBusy, code) => this.#mayMoveOn(isBusy, code),
      onBegin: () => this.#onBegin(lane),
      onHead: (status, code, tookMs, regions) => this.#onHead(lane, status, code, tookMs, regions),
      onNodeDown: () => this.#onNodeDown(lane),
      onRefused: (isBusy, code) => {
        this.#drop(lane)
        // A node that drains refuses whatever comes.
        if (!isBusy && code !== 'overloaded') this.#refusedBy.push(target)
        this.#fail(target, isBusy ? 'busy' : 'refused')
        if (this.#lanes.length === 0) this.next()
      },
      onFailed: (how, error) => this.#onFailed(lane, how, error),
      onOver: (status, complete) => this.#finish({ kind: 'answered', target, status, complete }),
    }
    const attempt = response instanceof UpgradeResponse ? new UpgradeAttempt({ ...options, response }) : new Attempt(options)
    const lane: Lane = { target, attempt, startedMs: performance.now(), isHedged: false, isSlow: false }
    this.#attempts += 1
    this.#lanes.push(lane)
    attempt.start()
    this.#watch()
  }

  #mayMoveOn(isBusy: boolean, code: string | undefined): boolean {
    const { retries, passLastRefusal } = this.#options
    this.#isOverloaded ||= isBusy && code === 'overloaded'
    // Somebody else still has it, and may answer.
    if (this.#over || this.#lanes.length > 1) return true
    const hasMore = this.#position < this.#targets.length || this.#spared.length > 0
    if (!this.#isReplayable) return false
    if (!hasMore && passLastRefusal) return this.#isOverloaded && this.#mayAskAgain()
    if (!isBusy || !hasMore || retries.withdraw(performance.now())) return true
    if (passLastRefusal) return false
    this.#position = this.#targets.length
    this.#spared = []
    return true
  }

  /** The first that has a connection gets what nobody has yet. Who is asked besides another that has it is asked nevertheless. */
  #onBegin(lane: Lane): void {
    if (this.#lanes.length === 1) return
    for (const other of [...this.#lanes]) {
      if (other === lane || other.attempt.isBegun) continue
      this.#abort(other)
      this.#spared.push(other.target)
    }
  }

  #onHead(lane: Lane, status: number, code: string | undefined, tookMs: number, regions: string | undefined): readonly string[] | undefined {
    if (this.#isAnswered || this.#over) return undefined
    this.#isAnswered = true
    clearTimeout(this.#timer)
    for (const other of [...this.#lanes]) if (other !== lane) this.#abort(other)
    lane.target.upstream.headTimes.add(tookMs)
    this.#options.onAnswer?.(lane.target, { status, code, regions, tookMs, refusedBy: this.#refusedBy, isUpgrade: this.#response instanceof UpgradeResponse })
    return this.#attempts > 1 ? ['x-skerry-attempts', String(this.#attempts)] : []
  }

  #onFailed(lane: Lane, how: HowFailed, error: Error): void {
    this.#drop(lane)
    if (this.#over) return
    const { target } = lane
    const { method } = this.#request
    if (isOwnFault(error)) return this.#finish({ kind: 'invalid', reason: error.message })
    if (how === 'stale' && this.#lanes.length === 0 && this.#stale < staleMax && this.#isReplayable) {
      this.#stale += 1
      this.#attempts -= 1
      return this.#try(target)
    }
    this.#fail(target, how === 'begun' ? 'broken' : whyNoConnection(error))
    if (how === 'begun') this.#broken = target
    if (this.#lanes.length > 0) return
    const isRepeatable = (how !== 'begun' || idempotentMethods.has(method)) && this.#isReplayable
    if (isRepeatable) this.next()
    else this.#finish({ kind: 'broken', target })
  }

  #onNodeDown(lane: Lane): void {
    if (this.#over || this.#lanes.length > 1) return
    if (!lane.attempt.isBegun) this.#askBesides(lane.target, 'unconnected')
    else if (this.#isSafe) this.#askBesides(lane.target, 'rescue')
  }

  /** Sets the timer for whatever is due next for the node that was asked last. */
  #watch(): void {
    clearTimeout(this.#timer)
    const lane = this.#lanes.at(-1)
    if (lane === undefined || this.#isAnswered || this.#over) return
    const dueMs = Math.min(lane.isSlow ? Number.POSITIVE_INFINITY : hopLimits.patienceMs, this.#hedgeMs(lane))
    if (!Number.isFinite(dueMs)) return
    const waitedMs = performance.now() - lane.startedMs
    this.#timer = setTimeout(() => this.#onDue(lane), Math.max(1, Math.ceil(dueMs - waitedMs)))
  }

  #onDue(lane: Lane): void {
    if (this.#lanes.at(-1) !== lane || this.#isAnswered || this.#over) return
    const waitedMs = performance.now() - lane.startedMs
    if (waitedMs >= this.#hedgeMs(lane)) {
      lane.isHedged = true
      this.#hedge(lane)
    }
    if (!lane.isSlow && waitedMs >= hopLimits.patienceMs) {
      lane.isSlow = true
      this.#options.onSlow?.(lane.target)
      if (!lane.attempt.isBegun) this.#askBesides(lane.target, 'unconnected')
    }
    this.#watch()
  }

  #hedgeMs(lane: Lane): number {
    if (this.#options.hedges === undefined || !this.#isSafe || lane.isHedged || this.#lanes.length > 1 || !lane.attempt.isBegun) return Number.POSITIVE_INFINITY
    const usualMs = lane.target.upstream.headTimes.quantileMs(hedgeQuantile)
    return usualMs === undefined ? Number.POSITIVE_INFINITY : Math.max(hedgeMsMin, usualMs)
  }

  #hedge(lane: Lane): void {
    const next = this.#targets[this.#position]
    if (next === undefined || next.isPressed === true || isOnTrial(next) || this.#options.hedges?.withdraw() !== true) return
    this.#askBesides(lane.target, 'hedge')
  }

  #askBesides(target: ProxyTarget, why: Extra): void {
    if (this.#position >= this.#targets.length) return
    this.#options.onExtra?.(target, why)
    this.next()
  }

  #abort(lane: Lane): void {
    this.#drop(lane)
    lane.attempt.abort()
  }

  #drop(lane: Lane): void {
    this.#lanes = this.#lanes.filter((other) => other !== lane)
  }

  #fail(target: ProxyTarget, failure: AttemptFailure): void {
    this.#busy ||= failure === 'busy' || failure === 'full'
    this.#options.onFailure?.(target, failure)
  }

  readonly #onClientClose = (): void => {
    if (this.#over || this.#response.writableFinished) return
    for (const lane of [...this.#lanes]) this.#abort(lane)
    this.#finish({ kind: 'client_gone' })
  }

  #finish(outcome: ProxyOutcome): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#response.off('close', this.#onClientClose)
    this.#request.body?.release()
    this.#resolve(outcome)
  }
}

function isOnTrial({ upstream, trialMax = Number.POSITIVE_INFINITY }: ProxyTarget): boolean {
  return upstream.inFlight >= trialMax
}

/** What undici refuses to send, or finds wrong while it does. */
const faultsOfRequests: ReadonlySet<unknown> = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'])

function isOwnFault(error: Error): boolean {
  return 'code' in error && faultsOfRequests.has(error.code)
}
