import { Buffer, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer } from 'unenv/node/internal/buffer/buffer'
import { extendBuffer } from './buffer-encodings.ts'

/** `node:buffer`: the Buffer of the npm package `buffer`, as unenv keeps it, and what the module has beside it. */
extendBuffer()

export { Buffer, INSPECT_MAX_BYTES, kMaxLength, SlowBuffer }

export const { atob, Blob, btoa, File } = globalThis
/** What V8 allows on 64 bits. */
export const kStringMaxLength = 0x1fffffe8
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength }

type Bytes = ArrayBuffer | NodeJS.TypedArray

const bytesOf = (input: Bytes): Uint8Array =>
  input instanceof ArrayBuffer ? new Uint8Array(input) : new Uint8Array(input.buffer, input.byteOffset, input.byteLength)

export function isAscii(input: Bytes): boolean {
  return bytesOf(input).every((byte) => byte < 0x80)
}

export function isUtf8(input: Bytes): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(input))
    return true
  } catch {
    return false
  }
}

/** From one of Node's encodings to another. */
export function transcode(source: Uint8Array, from: BufferEncoding, to: BufferEncoding): Buffer {
  const text = Buffer.from(source).toString(from)
  // What the target can not hold becomes a question mark, as in Node.
  if (to === 'ascii') return Buffer.from(text.replace(/[^\0-\x7f]/gu, '?'), to)
  if (to === 'latin1' || to === 'binary') return Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), to)
  return Buffer.from(text, to)
}
