import { type HostFunction, HostOperation, sharedMemoryBytes, type Transfer } from '../bridge/index.ts'
import { arrayBufferByteLength, isArrayBuffer, reflectApply, typedArrayBuffer, typedArrayByteLength, typedArrayName } from './primordials.ts'

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
const isolate: Isolate = { host: undefined, requestId: 0, heirOf: undefined, shared: undefined }

interface Isolate {
  host: HostFunction | undefined
  requestId: number
  /** Set where the request ended within its turn: tells whose the rest of the turn is. */
  heirOf: ((requestId: number) => number) | undefined
  /** Memory that the host sees too; null where it offers none. */
  shared: ArrayBufferLike | null | undefined
}

export function connectHost(host: HostFunction): void {
  isolate.host = host
}

/**
 * Calls the host. Never throws but for arguments that are not `Transfer`s, which only patched built-ins bring here. A view is cut out of its
 * buffer first: the boundary copies whole buffers.
 *
 * Invariant: no shared memory of a function leaves its isolate, not inside an object either: the host would free it by the allocator of an
 * isolate that may be gone.
 */
export function callHost(operation: HostOperation, id: number, first?: Transfer, second?: Transfer, third?: Transfer): Transfer {
  const host = isolate.host
  if (host === undefined) throw new TypeError('this can not be used while the runtime starts')
  if (typeof id !== 'number') throw new TypeError('no value for the host')
  return host(operation, id, outgoing(first), outgoing(second), outgoing(third))
}

/** Fewer bytes are sooner copied. */
const sharedBytesMin = 4 * 1024
const OriginalUint8Array = Uint8Array
// oxlint-disable-next-line typescript/unbound-method -- applied to its receiver below
const setBytes = Uint8Array.prototype.set

/**
 * As `callHost`, for bytes that the host looks at during the call only: many of them are put into memory that both sides see, where the
 * boundary would allocate and copy.
 *
 * Invariant: no code of a function ever gets hold of that memory, nor of a view of it: it would lead to the constructor that is taken away.
 * So nothing is called on it here that can be patched, and the view is gone after the call.
 */
export function callHostWithBytes(operation: HostOperation, id: number, bytes: Uint8Array, second?: Transfer, third?: Transfer): Transfer {
  const { host } = isolate
  const length = typedArrayByteLength(bytes)
  if (host === undefined || length < sharedBytesMin || length > sharedMemoryBytes) return callHost(operation, id, bytes, second, third)
  if (isolate.shared === undefined) {
    const memory = host(HostOperation.sharedMemory, 0)
    isolate.shared = typedArrayName(memory) === undefined ? null : typedArrayBuffer(memory)
  }
  if (isolate.shared === null) return callHost(operation, id, bytes, second, third)
  const view = new OriginalUint8Array(isolate.shared, 0, length)
  reflectApply(setBytes, view, [bytes])
  return host(operation, id, view, outgoing(second), outgoing(third))
}

/** The request that the running turn is charged to; 0 outside any. */
export function currentRequestId(): number {
  const { heirOf } = isolate
  if (heirOf !== undefined) setCurrentRequestId(heirOf(isolate.requestId))
  return isolate.requestId
}

/** Called at the start of a turn by whoever knows to which request the event belongs (timers, subrequests, results). */
export function setCurrentRequestId(id: number): void {
  isolate.requestId = id
  isolate.heirOf = undefined
}

/** A request is over. Where the running turn is its own, `heirOf` is asked for another's id when somebody wants to know whose the rest is. */
export function endCurrentRequest(id: number, heirOf: (requestId: number) => number): void {
  if (isolate.requestId === id) isolate.heirOf = heirOf
}

/** The value, or the same bytes in a buffer of their own. Throws a TypeError for any other object. */
function outgoing(value: Transfer): Transfer {
  if (typeof value !== 'object') return value
  if (typedArrayName(value) !== 'Uint8Array') throw new TypeError('no value for the host')
  const length = typedArrayByteLength(value)
  // A detached buffer can not be copied; it has no bytes either.
  if (length === 0) return new OriginalUint8Array(0)
  const buffer = typedArrayBuffer(value)
  return isArrayBuffer(buffer) && arrayBufferByteLength(buffer) === length ? value : new OriginalUint8Array(value)
}
