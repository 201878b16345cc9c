import { Buffer } from 'node:buffer'
import { frameHeaderBytes, type FrameType } from '../bridge/index.ts'

const initialCapacityBytes = 16 * 1024

/**
 * Collects the frames of one event loop turn into one buffer.
 *
 * Use: `begin`, any number of `write*`, `finish`, and in the end `take`, which hands the bytes over (they are never reused, since
 * a socket may hold them) and starts anew.
 */
export class FrameBatch {
  #buffer = Buffer.allocUnsafeSlow(initialCapacityBytes)
  #length = 0
  #frameStart = 0

  get length(): number {
    return this.#length
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
    const at = this.#length
    this.writeUint32(0)
    this.writeUtf8(text)
    this.#buffer.writeUInt32LE(this.#length - at - 4, at)
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
    const bytes = this.#buffer.subarray(0, this.#length)
    const capacity = Math.min(Math.max(initialCapacityBytes, this.#length), 4 * initialCapacityBytes)
    this.#buffer = Buffer.allocUnsafeSlow(capacity)
    this.#length = 0
    return bytes
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
