import type { ServerResponse } from 'node:http'
import { UpgradeResponse } from '../../ingress/index.ts'
import type { UnreadBytes, RetryBudget } from '../../protection/index.ts'
import { Attempt, type AttemptOptions } from './attempt.ts'
import type { ProxyRequest, ProxyTarget } from './proxy-request.ts'
import { UpgradeAttempt } from './upgrade-attempt.ts'
import { hopLimits } from './upstreams.ts'

/** What became of an attempt; the health checks listen. */
export type AttemptFailure =
  /** No connection: nothing was sent. */
  | 'unreachable'
  /** The connection broke before the answer's head. */
  | 'broken'
  /** The node said that no code of the function ran (`x-skerry-not-begun`). */
  | 'refused'
  /** Too many requests are on their way to it already. */
  | 'full'

export interface ProxyOptions {
  /** Whether the last target's refusal is the answer (gateway), or none is given (a node, which answers itself then). */
  readonly passLastRefusal: boolean
  /** What may be repeated of what nodes refuse because they are busy. */
  readonly retries: RetryBudget
  readonly held: UnreadBytes
  readonly onFailure?: (target: ProxyTarget, failure: AttemptFailure) => void
  /** The head of the answer came, and goes to the client; not told of upgrades. */
  readonly onHead?: ((target: ProxyTarget, status: number) => void) | undefined
}

export type ProxyOutcome =
  /** The answer's head went to the client. */
  | { readonly kind: 'answered'; readonly target: ProxyTarget; readonly status: number; readonly complete: boolean }
  /** Nobody took it; nothing was written. `busy` where a node could be reached and had too much to do. */
  | { readonly kind: 'unavailable'; readonly busy: boolean }
  /** A node took it and broke before the head, and repeating it might do things twice, or was of no use; nothing was written. */
  | { readonly kind: 'broken'; readonly target: ProxyTarget }
  /** The request can not be written as HTTP/1.1; nothing was written. */
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'client_gone' }

/** @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2 */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'])

/**
 * The one way in which a request goes from a process of ours to a node: streams both ways with back-pressure, and moves on to the
 * next target where that can not do the function's work twice.
 *
 * Invariants: a request is repeated only if nothing of it was sent, or the node vouches that no code ran, or the method is
 * idempotent and no head has come; and only while the whole body can be sent again. What nodes refuse because they are busy is repeated within
 * a budget for the whole process, so that the overload of one is not passed to all. At most one attempt is under way. The client's
 * going away ends it. Resolves when the answer is through or given up; never rejects.
 */
export function proxy(
  request: ProxyRequest,
  targets: readonly ProxyTarget[],
  response: ServerResponse,
  options: ProxyOptions,
): Promise<ProxyOutcome> {
  return new Promise((resolve) => {
    new Relay(request, targets, response, options, resolve).next()
  })
}

class Relay {
  readonly #request: ProxyRequest
  readonly #targets: readonly ProxyTarget[]
  readonly #response: ServerResponse
  readonly #options: ProxyOptions
  readonly #resolve: (outcome: ProxyOutcome) => void
  #position = 0
  #attempt: Attempt | UpgradeAttempt | undefined
  /** The last that may have begun with it, and broke. */
  #broken: ProxyTarget | undefined
  #busy = false
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
    response.on('close', this.#onClientClose)
    options.retries.deposit(performance.now())
  }

  next(): void {
    for (;;) {
      if (this.#over) return
      const target = this.#targets[this.#position]
      if (target === undefined) return this.#finish(this.#broken === undefined ? { kind: 'unavailable', busy: this.#busy } : { kind: 'broken', target: this.#broken })
      this.#position += 1
      if (target.upstream.inFlight < hopLimits.inFlightMax) return this.#try(target)
      this.#busy = true
      this.#options.onFailure?.(target, 'full')
    }
  }

  #try(target: ProxyTarget): void {
    const { method, body } = this.#request
    const { retries, held, passLastRefusal } = this.#options
    const mayMoveOn = (isBusy: boolean): boolean => {
      const hasMore = this.#position < this.#targets.length
      if (this.#over || (body !== undefined && !body.isReplayable) || (!hasMore && passLastRefusal)) return false
      if (!isBusy || !hasMore || retries.withdraw(performance.now())) return true
      if (passLastRefusal) return false
      this.#position = this.#targets.length
      return true
    }
    const response = this.#response
    const options: AttemptOptions = {
      request: this.#request, upstream: target.upstream, response, held, mayMoveOn,
      onRefused: (isBusy) => {
        this.#busy ||= isBusy
        this.#options.onFailure?.(target, 'refused')
        this.next()
      },
      onFailed: (begun, error) => {
        if (this.#over) return
        if (isInvalidArgument(error)) return this.#finish({ kind: 'invalid', reason: error.message })
        this.#options.onFailure?.(target, begun ? 'broken' : 'unreachable')
        if (begun) this.#broken = target
        const repeatable = (!begun || idempotentMethods.has(method)) && (body === undefined || body.isReplayable)
        if (repeatable) this.next()
        else this.#finish({ kind: 'broken', target })
      },
      onHead: (status) => this.#options.onHead?.(target, status),
      onOver: (status, complete) => this.#finish({ kind: 'answered', target, status, complete }),
    }
    this.#attempt = response instanceof UpgradeResponse ? new UpgradeAttempt({ ...options, response }) : new Attempt(options)
    this.#attempt.start()
  }

  readonly #onClientClose = (): void => {
    if (this.#over || this.#response.writableFinished) return
    this.#attempt?.abort()
    this.#finish({ kind: 'client_gone' })
  }

  #finish(outcome: ProxyOutcome): void {
    if (this.#over) return
    this.#over = true
    this.#response.off('close', this.#onClientClose)
    this.#request.body?.release()
    this.#resolve(outcome)
  }
}

function isInvalidArgument(error: Error): boolean {
  return 'code' in error && (error.code === 'UND_ERR_INVALID_ARG' || error.code === 'UND_ERR_NOT_SUPPORTED')
}
