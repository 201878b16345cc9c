/** Why a target is tried: the first of the call, or what became of the one before. `again` after the wait of `Retry-After`. */
export type AttemptReason = 'first' | 'failed' | 'refused' | 'silent' | 'again'

/** What happens in an invoker. Targets are names of nodes, or hosts of `baseUrl`. */
export type InvokerEvent =
  | { readonly kind: 'attempt'; readonly target: string; readonly url: string; readonly reason: AttemptReason }
  /** A head came; `headMs` since the attempt began. */
  | { readonly kind: 'answer'; readonly target: string; readonly url: string; readonly status: number; readonly headMs: number }
  | { readonly kind: 'failure'; readonly target: string; readonly url: string; readonly error: unknown }
  /** Refused for load: goes on in so many ms. */
  | { readonly kind: 'wait'; readonly ms: number }
  /** A node is left out, or taken again. */
  | { readonly kind: 'down' | 'up'; readonly target: string }
  | { readonly kind: 'nodes'; readonly from: string; readonly count: number }
  /** The list could not be had; the last one stays in use. */
  | { readonly kind: 'nodes_failed'; readonly error: unknown }
