import { SkerryError } from '../../errors/index.ts'
import { refusalOf } from './answer-hints.ts'
import type { Call } from './call.ts'
import type { AttemptReason } from './events.ts'
import { nobodyAnswered, type Tried } from './invoke-error.ts'
import { discard, type OfferOptions, type Route } from './offer-options.ts'
import { after } from './timers.ts'

/** Attempts that fail though their nodes are alive: the trouble is the function's, or the browser's rules, at every node alike. */
const livingFailuresMax = 2

/** An answer may still come from who was taken for dead, after a moment in which the network was gone. */
const abandonMs = 10_000

interface Attempt {
  readonly route: Route
  readonly abort: AbortController
  readonly startedMs: number
  /** It was handed to the transport. */
  isHandedOver: boolean
  sentAtMs: number | undefined
  outcome: Tried['outcome']
  status?: number
  error?: unknown
  isOver: boolean
  /** Another was begun, as nothing was heard of this one. */
  isPassedOver: boolean
  cancelWatch: () => void
}

/**
 * Offers one call to targets, the nearest first, until one answers.
 *
 * Invariants: what must not have its effect twice is written to one connection only. Where the transport tells when it writes, a target that can
 * not be connected to loses the call to the next, whatever its method; several may be connecting, and the first that writes has it. A target
 * that has the call and is silent is asked whether it lives; only one that does not say so loses a call that may be repeated, and may
 * still answer first. Whatever is not the answer is aborted, and the caller's signal ends everything.
 */
export class Offer {
  readonly #call: Call
  readonly #routes: readonly Route[]
  readonly #options: OfferOptions
  readonly #attempts: Attempt[] = []
  readonly #settled = new AbortController()
  #next = 0
  #livingFailures = 0
  #refusal: { readonly attempt: Attempt; readonly response: Response } | undefined
  #resolve: (response: Response) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined

  constructor(call: Call, routes: readonly Route[], options: OfferOptions) {
    this.#call = call
    this.#routes = routes
    this.#options = options
  }

  get tried(): readonly Tried[] {
    return this.#attempts.map(({ route, outcome, status, error }) => ({
      target: route.target.name, url: route.url.href, outcome, ...(status === undefined ? {} : { status }), ...(error === undefined ? {} : { error }),
    }))
  }

  /** Resolves with the answer, or the refusal of the last target; rejects with an `InvokeError`, or the signal's reason. To be called once. */
  run(): Promise<Response> {
    const { signal, reason } = this.#options
    return new Promise<Response>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const stop = (): void => this.#settle(undefined, () => reject(signal.reason as Error))
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop, { once: true, signal: this.#settled.signal })
      if (!this.#begin(reason)) this.#finish()
    })
  }

  /** Offers the call to the next target. False where there is none. */
  #begin(reason: AttemptReason): boolean {
    const route = this.#routes[this.#next]
    if (route === undefined || this.#settled.signal.aborted) return false
    this.#next += 1
    const { transport, emit } = this.#options
    const attempt: Attempt = {
      route, abort: new AbortController(), startedMs: performance.now(), isHandedOver: false, sentAtMs: undefined, outcome: 'silent', isOver: false, isPassedOver: false,
      cancelWatch: () => undefined,
    }
    this.#attempts.push(attempt)
    emit({ kind: 'attempt', target: route.target.name, url: route.url.href, reason })
    const mustAsk = !transport.tellsSent && !this.#call.mayRepeat && route.target.kind === 'node' && !this.#options.isKnownAlive(route.target)
    if (mustAsk) this.#askFirst(attempt)
    else this.#send(attempt)
    return true
  }

  /** Where nobody tells whether anything was sent, it is not sent to who may be dead. */
  #askFirst(attempt: Attempt): void {
    const { isAlive, patienceMs } = this.#options
    const { target } = attempt.route
    let isDecided = false
    const decide = (alive: boolean): void => {
      if (isDecided || this.#settled.signal.aborted) return
      isDecided = true
      if (alive) this.#send(attempt)
      else this.#fail(attempt, new SkerryError('no_healthy_node', `${target.name} did not answer a ping.`))
    }
    after(patienceMs(target), () => decide(false))
    void isAlive(target).then(decide)
  }

  #send(attempt: Attempt): void {
    const { transport, patienceMs } = this.#options
    const { target, url } = attempt.route
    attempt.isHandedOver = true
    attempt.cancelWatch = after(patienceMs(target), () => this.#lookAfter(attempt))
    // What is read of the answer's body goes on to hang on these two.
    const signal = AbortSignal.any([this.#options.signal, attempt.abort.signal])
    transport.send(this.#call, url, target, { signal, onSend: () => this.#onSend(attempt) }).then(
      (response) => this.#answer(attempt, response),
      (error: unknown) => this.#fail(attempt, error),
    )
  }

  /** The target's connection is there. Whether the call may be written to it. */
  #onSend(attempt: Attempt): boolean {
    if (attempt.isOver || this.#settled.signal.aborted) return false
    if (!this.#call.mayRepeat && this.#attempts.some((other) => other !== attempt && !other.isOver && other.sentAtMs !== undefined)) return false
    attempt.sentAtMs = performance.now()
    // Those that were passed by while they connected are not needed any more.
    for (const other of this.#attempts) if (other !== attempt && other.sentAtMs === undefined) this.#giveUp(other)
    attempt.cancelWatch()
    attempt.cancelWatch = after(this.#options.patienceMs(attempt.route.target), () => this.#lookAfter(attempt))
    return true
  }

  /** Nothing was heard of the attempt for a while. */
  #lookAfter(attempt: Attempt): void {
    const { patienceMs, isAlive, isKnownAlive } = this.#options
    const { target } = attempt.route
    if (attempt.isOver || attempt.isPassedOver || this.#settled.signal.aborted) return
    if (this.#isUnsent(attempt)) {
      if (this.#call.mayMove) this.#passOver(attempt)
      return
    }
    let isDecided = false
    const decide = (alive: boolean): void => {
      if (isDecided || attempt.isOver || this.#settled.signal.aborted) return
      isDecided = true
      if (!alive) this.#passOver(attempt)
      // A function may take its time, and its node die meanwhile.
      else attempt.cancelWatch = after(4 * patienceMs(target), () => this.#lookAfter(attempt))
    }
    // Its other answers tell as well as a ping would.
    if (isKnownAlive(target, patienceMs(target) / 3)) {
      attempt.cancelWatch = after(patienceMs(target), () => this.#lookAfter(attempt))
      return
    }
    after(patienceMs(target), () => decide(false))
    void isAlive(target).then(decide)
  }

  /** The target is taken for dead. It may still answer, but is waited for no longer. */
  #passOver(attempt: Attempt): void {
    attempt.isPassedOver = true
    attempt.cancelWatch = after(abandonMs, () => this.#abandon(attempt))
    this.#options.onFailure(attempt.route.target)
    if (this.#isUnsent(attempt) ? this.#call.mayMove : this.#call.mayRepeat) this.#begin('silent')
  }

  /** Long after it was taken for dead: it is given up, unless it lives after all. */
  #abandon(attempt: Attempt): void {
    void this.#options.isAlive(attempt.route.target).then((alive) => {
      if (attempt.isOver || this.#settled.signal.aborted) return
      if (alive) {
        attempt.cancelWatch = after(abandonMs, () => this.#abandon(attempt))
        return
      }
      this.#giveUp(attempt)
      this.#finish()
    })
  }

  /** Whether it is certain that nothing of it was sent. */
  #isUnsent({ isHandedOver, sentAtMs }: Attempt): boolean {
    return !isHandedOver || (this.#options.transport.tellsSent && sentAtMs === undefined)
  }

  #giveUp(attempt: Attempt): void {
    attempt.isOver = true
    attempt.cancelWatch()
    attempt.abort.abort()
  }

  #answer(attempt: Attempt, response: Response): void {
    attempt.cancelWatch()
    if (attempt.isOver || this.#settled.signal.aborted) return discard(response)
    const { target, url } = attempt.route
    const headMs = performance.now() - (attempt.sentAtMs ?? attempt.startedMs)
    this.#options.emit({ kind: 'answer', target: target.name, url: url.href, status: response.status, headMs })
    this.#options.onHead(target, response, headMs)
    attempt.isOver = true
    const refusal = refusalOf(this.#call, response)
    const mayGoOn = refusal === 'not begun' || (refusal === 'busy' && (this.#next === this.#routes.length || this.#options.mayBurden()))
    if (!mayGoOn) return this.#settle(attempt, () => this.#resolve(response))
    attempt.outcome = 'refused'
    attempt.status = response.status
    if (this.#refusal !== undefined) discard(this.#refusal.response)
    this.#refusal = { attempt, response }
    if (!this.#begin('refused')) this.#finish()
  }

  #fail(attempt: Attempt, error: unknown): void {
    attempt.cancelWatch()
    if (attempt.isOver || this.#settled.signal.aborted) return
    attempt.outcome = 'failed'
    attempt.error = error
    const { transport, emit, onFailure, isAlive } = this.#options
    const { target, url } = attempt.route
    emit({ kind: 'failure', target: target.name, url: url.href, error })
    const goOn = (): void => {
      // Not before: as long as it may bring another attempt, the call is not over for others that fail.
      attempt.isOver = true
      attempt.cancelWatch()
      const mayGoOn = attempt.isPassedOver ? false : this.#isUnsent(attempt) ? this.#call.mayMove : this.#call.mayRepeat && this.#livingFailures < livingFailuresMax
      if (!mayGoOn || !this.#begin('failed')) this.#finish()
    }
    if (transport.tellsSent || target.kind === 'door' || !attempt.isHandedOver) {
      onFailure(target)
      goOn()
      return
    }
    // It may as well be the function that forbids other pages to read it.
    void isAlive(target).then((alive) => {
      if (alive) this.#livingFailures += 1
      if (!this.#settled.signal.aborted) goOn()
    })
  }

  /** Nothing more can be begun: over, unless something is still under way. */
  #finish(): void {
    if (this.#attempts.some(({ isOver }) => !isOver)) return
    const refusal = this.#refusal
    this.#refusal = undefined
    if (refusal !== undefined) return this.#settle(refusal.attempt, () => this.#resolve(refusal.response))
    this.#settle(undefined, () => this.#reject(nobodyAnswered(this.#call.url.host, this.tried)))
  }

  #settle(winner: Attempt | undefined, tell: () => void): void {
    if (this.#settled.signal.aborted) return
    this.#settled.abort()
    for (const attempt of this.#attempts) if (attempt !== winner) this.#giveUp(attempt)
    if (this.#refusal !== undefined) discard(this.#refusal.response)
    tell()
  }
}
