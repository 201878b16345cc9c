import type { HostFunction, HostOperation, Transfer } from '../bridge/index.ts'

/**
 * The way out of the isolate, and the request that the running turn belongs to.
 *
 * This is the one mutable cell that a module of the guest may keep at its top: the host function exists only after the
 * snapshot is restored, and the isolate belongs to a single version, so nothing is shared with another tenant.
 *
 * Invariants: the cell enters by one timed call a turn and promise jobs run before it returns, so whoever handles an event
 * sets the current request first, and it holds for the whole turn. Timers, subrequests and console lines made in the turn
 * are charged to it. 0 stands for code that runs outside any request (evaluation of the module).
 */
const isolate: { host: HostFunction | undefined; requestId: number } = { host: undefined, requestId: 0 }

export function connectHost(host: HostFunction): void {
  isolate.host = host
}

/**
 * Calls the host. Never throws but for arguments that are not `Transfer`s. A view is cut out of its buffer first: the
 * boundary copies whole buffers.
 */
export function callHost(operation: HostOperation, id: number, first?: Transfer, second?: Transfer, third?: Transfer): Transfer {
  const host = isolate.host
  if (host === undefined) throw new TypeError('this can not be used while the runtime starts')
  return host(operation, id, cutOut(first), cutOut(second), cutOut(third))
}

/** The request that the running turn is charged to; 0 outside any. */
export function currentRequestId(): number {
  return isolate.requestId
}

/** Called at the start of a turn by whoever knows to which request the event belongs (timers, subrequests, results). */
export function setCurrentRequestId(id: number): void {
  isolate.requestId = id
}

function cutOut(value: Transfer): Transfer {
  if (typeof value !== 'object') return value
  return value.byteLength === value.buffer.byteLength ? value : value.slice()
}
