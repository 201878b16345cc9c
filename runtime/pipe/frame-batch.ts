import { Buffer } from 'node:buffer'
import { frameHeaderBytes, type FrameType } from '../bridge/index.ts'
import type { Release } from './spent-bytes.ts'

/** Batches are cut from slabs of this size: a buffer for each turn would keep the garbage collector busy. */
const slabBytes = 128 * 1024
/** A slab with less than this left is given up. */
const slabRestBytes = 4 * 1024
/** From here on bytes are handed on where they lie: copying them costs more than another part of the write. */
const referredBytesMin = 8 * 1024

/** A part of the write. */
export interface BatchPart {
  readonly bytes: Buffer
  /** To be called once it is written. */
  readonly release: Release | undefined
}

/** A u32 to be filled in when it is known, by where it stands. */
interface Gap {
  readonly buffer: Buffer
  readonly at: number
  /** Bytes of the batch up to and with the gap. */
  readonly behind: number
}

/**
 * Collects the frames of one event loop turn into one run of bytes, in one or more parts.
 *
 * Use: `begin`, any number of `write*`, `finish`, and in the end `take`, which hands the parts over (they are never written again, since a
 * socket may hold them) and starts anew behind them.
 */
export class FrameBatch {
  #buffer = Buffer.allocUnsafeSlow(slabBytes)
  /** Where the part under way begins in the slab, and where the next byte goes. */
  #start = 0
  #end = 0
  #parts: BatchPart[] = []
  /** Bytes in `#parts`. */
  #partBytes = 0
  #frame: Gap | undefined

  get length(): number {
    return this.#partBytes + this.#end - this.#start
  }

  begin(type: FrameType, id: number): void {
    this.#reserve(frameHeaderBytes)
    this.#frame = this.#gap()
    this.#buffer[this.#end] = type
    this.#buffer.writeUInt32LE(id >>> 0, this.#end + 1)
    this.#end += frameHeaderBytes - 4
  }

  finish(): void {
    if (this.#frame !== undefined) this.#fill(this.#frame)
  }

  writeUint8(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#end++] = value
  }

  writeUint32(value: number): void {
    this.#reserve(4)
    this.#buffer.writeUInt32LE(value >>> 0, this.#end)
    this.#end += 4
  }

  /** Many bytes are not copied: they must not change until they are released, unless they are shared memory. */
  writeBytes(bytes: Uint8Array, release?: Release): void {
    const { byteLength, buffer, byteOffset } = bytes
    // What is to be released may have parts before it that lie where it does: a copy of the last would not tell when they are written.
    if ((byteLength >= referredBytesMin || release !== undefined) && buffer instanceof ArrayBuffer) {
      this.#closePart()
      this.#add(Buffer.from(buffer, byteOffset, byteLength), release)
      return
    }
    this.#reserve(byteLength)
    this.#buffer.set(bytes, this.#end)
    this.#end += byteLength
  }

  /** The characters' low bytes: for heads, which are byte strings. */
  writeLatin1(text: string): void {
    this.#reserve(text.length)
    this.#end += this.#buffer.write(text, this.#end, 'latin1')
  }

  writeUtf8(text: string): void {
    this.#reserve(text.length * 3)
    this.#end += this.#buffer.write(text, this.#end, 'utf8')
  }

  /** u32 length, then Latin-1: a head that something follows. */
  writeSizedLatin1(text: string): void {
    this.writeUint32(text.length)
    this.writeLatin1(text)
  }

  /** u32 length, then UTF-8. */
  writeSizedUtf8(text: string): void {
    this.#reserve(4)
    const gap = this.#gap()
    this.writeUtf8(text)
    this.#fill(gap)
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

  /** The finished frames, in parts that belong together in this order; the batch is empty afterwards. */
  take(): readonly BatchPart[] {
    this.#closePart()
    const parts = this.#parts
    this.#parts = []
    this.#partBytes = 0
    this.#frame = undefined
    // A slab that grew for one large batch is not kept for small ones.
    if (this.#buffer.length > slabBytes || this.#buffer.length - this.#end < slabRestBytes) this.#renew(slabBytes)
    return parts
  }

  #gap(): Gap {
    const at = this.#end
    this.#end += 4
    return { buffer: this.#buffer, at, behind: this.length }
  }

  #fill({ buffer, at, behind }: Gap): void {
    buffer.writeUInt32LE(this.length - behind, at)
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#buffer.length) return
    this.#closePart()
    this.#renew(Math.max(slabBytes, bytes))
  }

  #closePart(): void {
    if (this.#end === this.#start) return
    this.#add(this.#buffer.subarray(this.#start, this.#end), undefined)
    this.#start = this.#end
  }

  #add(bytes: Buffer, release: Release | undefined): void {
    this.#parts.push({ bytes, release })
    this.#partBytes += bytes.length
  }

  #renew(bytes: number): void {
    this.#buffer = Buffer.allocUnsafeSlow(bytes)
    this.#start = 0
    this.#end = 0
  }
}
