import { Buffer } from 'node:buffer'
import { frameHeaderBytes, type FrameType } from '../bridge/index.ts'

/** Batches are cut from slabs of this size: a buffer for each turn would keep the garbage collector busy. */
const slabBytes = 128 * 1024
/** A slab with less than this left is given up. */
const slabRestBytes = 4 * 1024

/**
 * Collects the frames of one event loop turn into one run of bytes.
 *
 * Use: `begin`, any number of `write*`, `finish`, and in the end `take`, which hands the bytes over (they are never written again, since a
 * socket may hold them) and starts anew behind them.
 */
export class FrameBatch {
  #buffer = Buffer.allocUnsafeSlow(slabBytes)
  /** Where this batch begins in the slab, and where the next byte goes. */
  #start = 0
  #length = 0
  #frameStart = 0

  get length(): number {
    return this.#length - this.#start
  }

  begin(type: FrameType, id: number): void {
    this.#reserve(frameHeaderBytes)
    this.#frameStart = this.#length
    this.#buffer[this.#length + 4] = type
    this.#buffer.writeUInt32LE(id >>> 0, this.#length + 5)
    this.#length += frameHeaderBytes
  }

  finish(): void {
    this.#buffer.writeUInt32LE(this.#length - this.#frameStart - 4, this.#frameStart)
  }

  writeUint8(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  writeUint32(value: number): void {
    this.#reserve(4)
    this.#buffer.writeUInt32LE(value >>> 0, this.#length)
    this.#length += 4
  }

  writeBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.byteLength
  }

  /** The characters' low bytes: for heads, which are byte strings. */
  writeLatin1(text: string): void {
    this.#reserve(text.length)
    this.#length += this.#buffer.write(text, this.#length, 'latin1')
  }

  writeUtf8(text: string): void {
    this.#reserve(text.length * 3)
    this.#length += this.#buffer.write(text, this.#length, 'utf8')
  }

  /** u32 length, then Latin-1: a head that something follows. */
  writeSizedLatin1(text: string): void {
    this.writeUint32(text.length)
    this.writeLatin1(text)
  }

  /** u32 length, then UTF-8. */
  writeSizedUtf8(text: string): void {
    const at = this.length
    this.writeUint32(0)
    this.writeUtf8(text)
    this.#buffer.writeUInt32LE(this.length - at - 4, this.#start + at)
  }

  /** A whole frame with a JSON payload. */
  json(type: FrameType, id: number, value: unknown): void {
    this.begin(type, id)
    this.writeUtf8(JSON.stringify(value))
    this.finish()
  }

  /** A whole frame without payload. */
  bare(type: FrameType, id: number): void {
    this.begin(type, id)
    this.finish()
  }

  /** The finished frames; the batch is empty afterwards. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(this.#start, this.#length)
    this.#start = this.#length
    // A slab that grew for one large batch is not kept for small ones.
    if (this.#buffer.length > slabBytes || this.#buffer.length - this.#length < slabRestBytes) {
      this.#buffer = Buffer.allocUnsafeSlow(slabBytes)
      this.#start = 0
      this.#length = 0
    }
    return bytes
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(slabBytes, (this.length + bytes) * 2))
    this.#buffer.copy(grown, 0, this.#start, this.#length)
    this.#frameStart -= this.#start
    this.#length -= this.#start
    this.#start = 0
    this.#buffer = grown
  }
}
