import { Buffer } from './buffer.ts'
import { argumentType } from './hashes.ts'

export type BinaryLike = string | ArrayBuffer | NodeJS.ArrayBufferView

/** The bytes of what Node takes as data. */
export function bytesOf(value: unknown, name: string, encoding?: BufferEncoding): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value, encoding)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  throw argumentType(name, 'string or an instance of Buffer, TypedArray, or DataView', value)
}

export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
}

/** Bytes, or text where an encoding is asked for. */
export function encodeBytes(bytes: Uint8Array, encoding?: BufferEncoding | 'buffer'): Buffer | string {
  const buffer = toBuffer(bytes)
  return encoding === undefined || encoding === 'buffer' ? buffer : buffer.toString(encoding)
}
