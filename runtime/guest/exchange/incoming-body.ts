import { HostOperation } from '../../bridge/index.ts'
import type { ChunkSource } from '../fetch/index.ts'
import { callHost } from '../host.ts'

interface Waiting {
  readonly resolve: (chunk: Uint8Array | undefined) => void
  readonly reject: (reason: unknown) => void
}

/**
 * A body that flows towards the guest.
 *
 * Invariants: every byte that the host sent is given back as credit exactly once, when a reader takes it or when it is thrown
 * away; so at most the credit window is queued here. After the end no credit is given: there is no sender any more. Nor is any for what the
 * host gathers: a reader that wants all waits for it.
 */
export class IncomingBody implements ChunkSource {
  readonly #exchangeId: number
  readonly #onOver: () => void
  #queue: Uint8Array[] = []
  /** Index of the next chunk in the queue: taking it does not move the others. */
  #next = 0
  #waiting: Waiting | undefined
  #state: 'open' | 'ended' | 'failed' | 'cancelled' = 'open'
  #error: unknown
  #reportFailure: ((error: unknown) => void) | undefined
  readonly #expectedBytes: () => number
  #isGathered = false

  /** `onOver` is called once, when the host sends no more or nobody wants it. `expectedBytes` tells its length, 0 where it is not known. */
  constructor(exchangeId: number, onOver: () => void, expectedBytes: () => number) {
    this.#expectedBytes = expectedBytes
    this.#exchangeId = exchangeId
    this.#onOver = onOver
  }

  /** Whether somebody waits for its next chunk. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined
  }

  push(bytes: Uint8Array): void {
    if (this.#state === 'ended' || this.#state === 'failed') return
    if (this.#state === 'cancelled' || bytes.length === 0) {
      this.#giveCredit(bytes.length)
      return
    }
    const waiting = this.#waiting
    if (waiting === undefined) {
      this.#queue.push(bytes)
      return
    }
    this.#waiting = undefined
    this.#giveCredit(bytes.length)
    waiting.resolve(bytes)
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ended'
    this.#waiting?.resolve(undefined)
    this.#waiting = undefined
    this.#onOver()
  }

  /** The sender broke off: what is queued is lost, readers get the error. */
  fail(error: unknown): void {
    if (this.#state !== 'open') return
    this.#state = 'failed'
    this.#error = error
    this.#clear()
    this.#waiting?.reject(error)
    this.#waiting = undefined
    this.#reportFailure?.(error)
    this.#onOver()
  }

  get hasFailed(): boolean {
    return this.#state === 'failed'
  }

  onFailure(report: (error: unknown) => void): void {
    this.#reportFailure = report
  }

  read(): Promise<Uint8Array | undefined> {
    const chunk = this.#queue[this.#next]
    if (chunk !== undefined) {
      this.#next += 1
      if (this.#next === this.#queue.length) this.#clear()
      if (this.#state === 'open') this.#giveCredit(chunk.length)
      return Promise.resolve(chunk)
    }
    if (this.#state === 'failed') throw this.#error
    if (this.#state !== 'open') return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  gather(): void {
    if (this.#state !== 'open' || this.#isGathered) return
    for (const chunk of this.#queue.slice(this.#next)) this.#giveCredit(chunk.length)
    this.#isGathered = true
    callHost(HostOperation.gather, this.#exchangeId, this.#expectedBytes())
  }

  cancel(reason: unknown): void {
    const dropped = this.#queue.slice(this.#next)
    this.#clear()
    if (this.#state !== 'open') return
    this.#state = 'cancelled'
    for (const chunk of dropped) this.#giveCredit(chunk.length)
    this.#waiting?.resolve(undefined)
    this.#waiting = undefined
    callHost(HostOperation.reset, this.#exchangeId, reasonText(reason), true)
    this.#onOver()
  }

  /** All of it that is to come is sent on by the exchange: the host may do without this. */
  passOnTo(exchangeId: number): void {
    if (this.#state === 'open') callHost(HostOperation.passOn, exchangeId, this.#exchangeId)
  }

  /** The exchange is over for the host: nothing is to be told to it any more. */
  abandon(error: unknown): void {
    this.fail(error)
  }

  #clear(): void {
    this.#queue = []
    this.#next = 0
  }

  #giveCredit(bytes: number): void {
    if (bytes > 0 && !this.#isGathered) callHost(HostOperation.credit, this.#exchangeId, bytes)
  }
}

function reasonText(reason: unknown): string {
  try {
    const text = typeof reason === 'object' && reason !== null ? (reason as { message?: unknown }).message : reason
    return typeof text === 'string' ? text.slice(0, 1_024) : 'the body was cancelled'
  } catch {
    return 'the body was cancelled'
  }
}
