import { fixedLimits, HostOperation } from '../../bridge/index.ts'
import { DOMException } from '../dom-exception.ts'
import { callHost, currentRequestId, setCurrentRequestId } from '../host.ts'

/** What the cell answers: bytes, or JSON. */
export type CryptoResult = string | Uint8Array

interface PendingCall {
  readonly ownerId: number
  readonly bytes: number
  readonly resolve: (result: CryptoResult) => void
  readonly reject: (reason: unknown) => void
}

/** Calls that the cell's thread pool is working on. An isolate belongs to one version, so that nothing is shared with another tenant. */
const pendingCalls = new Map<number, PendingCall>()
const counter = { lastId: 0, pendingBytes: 0 }

/** Has the cell carry out a method of SubtleCrypto. Rejects with a DOMException or a TypeError. */
export function callCrypto(method: string, jsonArguments: string, bytes: Uint8Array): Promise<CryptoResult> {
  return new Promise((resolve, reject) => {
    if (counter.pendingBytes > 0 && counter.pendingBytes + bytes.length > fixedLimits.poolBytes) {
      // The cell would say the same, after the bytes were copied to it.
      throw new DOMException(`Operations that hold more than ${fixedLimits.poolBytes} bytes together: await some first`, 'OperationError')
    }
    counter.lastId += 1
    counter.pendingBytes += bytes.length
    pendingCalls.set(counter.lastId, { ownerId: currentRequestId(), bytes: bytes.length, resolve, reject })
    const result = callHost(HostOperation.crypto, counter.lastId, method, jsonArguments, bytes) as CryptoResult | undefined
    if (result === undefined) return
    pendingCalls.delete(counter.lastId)
    counter.pendingBytes -= bytes.length
    resolve(result)
  })
}

/** Whether calls of the request are under way. */
export function ownsCalls(requestId: number): boolean {
  for (const call of pendingCalls.values()) if (call.ownerId === requestId) return true
  return false
}

/** The event `result`. `errorName` is '' where `value` is the result; otherwise `value` is the message. */
export function receiveResult(callId: number, errorName: string, value: unknown): void {
  const call = pendingCalls.get(callId)
  if (call === undefined) return
  pendingCalls.delete(callId)
  counter.pendingBytes -= call.bytes
  setCurrentRequestId(call.ownerId)
  if (errorName === '') {
    call.resolve(value as CryptoResult)
    return
  }
  const message = typeof value === 'string' ? value : 'The operation failed'
  call.reject(errorName === 'TypeError' ? new TypeError(message) : new DOMException(message, errorName))
}
