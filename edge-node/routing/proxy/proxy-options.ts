import type { RetryBudget, UnreadBytes } from '../../protection/index.ts'
import type { HedgeBudget } from './hedge-budget.ts'
import type { ProxyTarget } from './proxy-request.ts'

/** What became of an attempt; the health of nodes listens. */
export type AttemptFailure =
  /** Nobody takes connections there: nothing was sent. */
  | 'unreachable'
  /** No connection, for a reason that may pass: no answer in time, or a reset. Nothing was sent. */
  | 'silent'
  /** The connection broke before the answer's head. */
  | 'broken'
  /** The node said that no code of the function ran (`x-skerry-not-begun`). */
  | 'refused'
  /** The same, for it has too much to do. */
  | 'busy'
  /** Too many requests are on their way to it already, or this process has no descriptor left. */
  | 'full'

/** Why a second node was asked before the first had failed. */
export type Extra =
  /** There was no connection to the first: nothing was sent. */
  | 'unconnected'
  /** The first is slower than usual, and hedging is on. */
  | 'hedge'
  /** The first does not answer its checks any more. */
  | 'rescue'

/** The head of the answer that goes to the client. */
export interface AnswerHead {
  readonly status: number
  /** `x-skerry-error`. */
  readonly code: string | undefined
  /** `x-skerry-regions`. */
  readonly regions: string | undefined
  /** Since the request began at the node that answers. */
  readonly tookMs: number
  /** Nodes that could not do what this one did, though they had the time. */
  readonly refusedBy: readonly ProxyTarget[]
  readonly isUpgrade: boolean
}

/** What a request tells of nodes. All are called in the middle of it and must not throw. */
export interface ProxyEvents {
  onFailure?(target: ProxyTarget, failure: AttemptFailure): void
  onAnswer?(target: ProxyTarget, answer: AnswerHead): void
  /** No head for `hopLimits.patienceMs`: which may be the function's doing as well as the node's. */
  onSlow?(target: ProxyTarget): void
  /** Another node is asked besides. */
  onExtra?(target: ProxyTarget, why: Extra): void
  /** All nodes are asked anew, since those that could be reached were overloaded. */
  onAgain?(): void
}

export interface ProxyOptions extends ProxyEvents {
  /** Whether the last target's refusal is the answer (gateway), or none is given (a node, which answers itself then). */
  readonly passLastRefusal: boolean
  /** What may be repeated of what nodes refuse because they are busy. */
  readonly retries: RetryBudget
  /** Whether all are asked anew in a moment where they are overloaded, twice at most and within the same budget. */
  readonly outlastsOverload?: boolean
  readonly held: UnreadBytes
  /** Which `set-cookie` of an answer goes to the client; all unless given. */
  readonly keepsCookie?: ((setCookie: string) => boolean) | undefined
  /** Lets the next node be asked as well where the first is slow; nobody is asked twice for that unless set. */
  readonly hedges?: HedgeBudget | undefined
}

export type ProxyOutcome =
  /** The answer's head went to the client. */
  | { readonly kind: 'answered'; readonly target: ProxyTarget; readonly status: number; readonly complete: boolean }
  /** Nobody took it; nothing was written. `busy` where a node could be reached and had too much to do. */
  | { readonly kind: 'unavailable'; readonly busy: boolean }
  /** A node took it and broke before the head, and repeating it might do things twice, or was of no use; nothing was written. */
  | { readonly kind: 'broken'; readonly target: ProxyTarget }
  /** The request can not be written as HTTP/1.1, or is not as long as it says; nothing was written to the client. */
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'client_gone' }
