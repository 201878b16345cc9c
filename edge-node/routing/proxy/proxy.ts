import type { ServerResponse } from 'node:http'
import type { ProxyOptions, ProxyOutcome } from './proxy-options.ts'
import type { ProxyRequest, ProxyTarget } from './proxy-request.ts'
import { Relay } from './relay.ts'

/**
 * The one way in which a request goes from a process of ours to a node: streams both ways with back-pressure, and moves on to the
 * next target where that can not do the function's work twice.
 *
 * Invariants: a request is repeated only if nothing of it was sent, or the node vouches that no code ran, or the method is
 * idempotent and no head has come; and only while the whole body can be sent again. What nodes refuse because they are busy is repeated within
 * a budget for the whole process, so that the overload of one is not passed to all; so is asking all anew after an overload of all. Two nodes have a request at a time only where its method is
 * safe, it has no body, and the first is down or hedging is on; the first head wins and the other is broken off, so the client gets one answer.
 * The client's going away ends all. Resolves when the answer is through or given up; never rejects.
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
