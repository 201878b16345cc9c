import { SkerryError } from '../../errors/index.ts'
import { fixedLimits, SerialMap } from '../bridge/index.ts'
import type { IsolateRecord } from './isolate-record.ts'
import type { RequestExchange } from './request-exchange.ts'

/** Requests of one cell whose answer is over while the function goes on; above it the one that lingers longest is cut. */
const lingeringMax = 5_000

/** What took requests with it. */
export interface Loss {
  readonly affects: (exchange: RequestExchange) => boolean
  readonly isOffender: (exchange: RequestExchange) => boolean
  /** Whether it waited for an isolate whose start may be what did it. */
  readonly isSuspect?: (exchange: RequestExchange) => boolean
  /** What offenders and suspects are told. */
  readonly offence: SkerryError
  /** Requests above this id had not begun. */
  readonly highestBegun: number
}

/**
 * The requests of one cell, by exchange id.
 *
 * Invariants: a request is in the table from its `open` until it is settled, forgotten or lost, once; when it leaves, its subrequests are
 * aborted and its timer is stopped.
 */
export class RequestTable {
  readonly #requests = new SerialMap<RequestExchange>()
  /** Requests whose answer is over while the function goes on (`waitUntil`), with the timer that ends them. */
  readonly #lingering = new Map<number, NodeJS.Timeout>()
  readonly #forget: (exchange: RequestExchange) => void
  #nextId = 2

  /** `forget` has the cell drop a request whose time is up, and settles it. */
  constructor(forget: (exchange: RequestExchange) => void) {
    this.#forget = forget
  }

  get size(): number {
    return this.#requests.size
  }

  get(id: number): RequestExchange | undefined {
    return this.#requests.get(id)
  }

  has(exchange: RequestExchange): boolean {
    return this.#requests.get(exchange.id) === exchange
  }

  of(isolate: IsolateRecord): RequestExchange[] {
    return this.#requests.values().filter((exchange) => exchange.isolate === isolate)
  }

  /** Gives the request its id. */
  add(exchange: RequestExchange): void {
    exchange.id = this.#nextId
    // 0 stands for no request.
    this.#nextId = (this.#nextId + 2) >>> 0 || 2
    this.#requests.set(exchange.id, exchange)
  }

  /** False where it had left before. */
  remove(exchange: RequestExchange): boolean {
    if (!this.#requests.delete(exchange.id)) return false
    clearTimeout(this.#lingering.get(exchange.id))
    this.#lingering.delete(exchange.id)
    exchange.abortSubrequests()
    exchange.onLeft()
    return true
  }

  /** The answer is over: what goes on may do so for the time of `waitUntil`. */
  linger(exchange: RequestExchange): void {
    if (this.#lingering.has(exchange.id)) return
    const [longest] = this.#lingering.keys()
    const cut = longest === undefined || this.#lingering.size < lingeringMax ? undefined : this.#requests.get(longest)
    if (cut !== undefined) this.#forget(cut)
    this.#lingering.set(
      exchange.id,
      setTimeout(() => {
        this.#forget(exchange)
      }, fixedLimits.waitUntilMs),
    )
  }

  /** Takes out what the loss affects, then has each request deal with it: none sees the table half done. Answers whether an offender was told. */
  lose({ affects, isOffender, isSuspect, offence, highestBegun }: Loss): boolean {
    const bystander = new SkerryError('isolate_crashed', 'The function was ended by what another request did')
    const lost = this.#requests.values().filter(affects)
    for (const exchange of lost) this.remove(exchange)
    let isTold = false
    for (const exchange of lost) {
      const begun = exchange.id <= highestBegun
      const part = begun && isOffender(exchange) ? 'offender' : !begun && isSuspect?.(exchange) === true ? 'suspect' : 'bystander'
      if (part === 'offender') isTold = true
      exchange.onLost(begun, part === 'bystander' ? bystander : offence, part)
    }
    return isTold
  }
}
