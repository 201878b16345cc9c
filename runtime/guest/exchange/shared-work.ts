import { ownsSteps } from '../compression/index.ts'
import { ownsCalls } from '../crypto/index.ts'
import { endCurrentRequest } from '../host.ts'
import { ownsTimers } from '../timers/index.ts'
import { exchanges } from './isolate-exchanges.ts'
import type { Exchange } from './table.ts'

/**
 * What one request began and another waits for: `ready ??= connect()`, awaited by each that comes meanwhile.
 *
 * Promise jobs of all requests run in the turn of whichever settled the promise, so that timers and subrequests of the one that waits belong to
 * the one whose turn it was. Those would be stopped with their owner, and the other never hear of them. So an owner whose work goes on lingers
 * after its answer (as with `waitUntil`, and for as long) where another request has nothing of its own that could wake it.
 *
 * Invariant: costs a request nothing that ends without work of its own.
 */
const lingering = new Set<LingeringRequest>()

interface LingeringRequest {
  readonly id: number
  /** The others need it no more. */
  endLingering(): void
}

/** Whether the request must not end yet, since another may wait for what it began. */
export function isAwaitedByOthers(request: { readonly id: number }): boolean {
  return hasWork(request.id) && findDormant(request.id) !== undefined
}

/** Takes note of a request that stays for the others. */
export function linger(request: LingeringRequest): void {
  lingering.add(request)
}

/** Called when a request got what it waited for, or is over. */
export function releaseLingering(): void {
  if (lingering.size === 0) return
  for (const request of [...lingering]) {
    if (isAwaitedByOthers(request)) continue
    lingering.delete(request)
    request.endLingering()
  }
}

/** A request is over. What runs in the rest of its turn belongs to others: to one that nothing else wakes. */
export function leave(request: LingeringRequest): void {
  lingering.delete(request)
  endCurrentRequest(request.id, heirOf)
}

function heirOf(requestId: number): number {
  return findDormant(requestId)?.id ?? requestId
}

/** A request that nothing of its own can wake. */
function findDormant(exceptId: number): Exchange | undefined {
  for (const exchange of exchanges.values()) {
    if (exchange.isWaiting === true && exchange.id !== exceptId && !hasWork(exchange.id)) return exchange
  }
  return undefined
}

function hasWork(requestId: number): boolean {
  return exchanges.owns(requestId) || ownsTimers(requestId) || ownsCalls(requestId) || ownsSteps(requestId)
}
