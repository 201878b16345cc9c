import ivm from 'isolated-vm'
import type { Transfer } from '../bridge/index.ts'
import { exactCopy } from '../pipe/index.ts'

/** Fewer bytes are sooner copied. */
const movedBytesMin = 2 * 1024

/**
 * What a value becomes on its way into an isolate: many bytes are moved there rather than copied, and must not be used again here. Of a view
 * of something larger only the view goes: the memory around it may be another tenant's.
 */
export function handOver(value: Transfer): Transfer {
  // Shared memory stays shared.
  if (!(value instanceof Uint8Array) || !(value.buffer instanceof ArrayBuffer)) return value
  const bytes = value.byteLength === value.buffer.byteLength ? value : exactCopy(value)
  if (bytes.byteLength < movedBytesMin) return bytes
  // isolated-vm takes what `copyInto` answers with in the place of any value.
  return new ivm.ExternalCopy(bytes, { transferOut: true }).copyInto({ transferIn: true, release: true }) as unknown as Uint8Array
}
