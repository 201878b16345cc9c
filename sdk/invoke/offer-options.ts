import type { AttemptReason, InvokerEvent } from './events.ts'
import type { Target, Transport } from './transport.ts'

/** A target, and the URL of the call there. */
export interface Route {
  readonly target: Target
  readonly url: URL
}

/** What one call is offered by. */
export interface OfferOptions {
  readonly transport: Transport
  readonly signal: AbortSignal
  readonly reason: AttemptReason
  /** For so long a target may be silent before it is looked after. */
  readonly patienceMs: (target: Target) => number
  /** Whether the target answers anything at all. */
  readonly isAlive: (target: Target) => Promise<boolean>
  /** The target has been heard of so lately that it needs no question: within so many ms, or as long as connections are taken to be good. */
  readonly isKnownAlive: (target: Target, withinMs?: number) => boolean
  /** Whether what a busy node refused may be asked of another; counts it. */
  readonly mayBurden: () => boolean
  readonly onFailure: (target: Target) => void
  readonly onHead: (target: Target, response: Response, headMs: number) => void
  readonly emit: (event: InvokerEvent) => void
}

/** Lets go of an answer that nobody will read. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => undefined)
}
