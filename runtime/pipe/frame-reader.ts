import { Buffer } from 'node:buffer'
import { frameHeaderBytes, FrameType, maximumFrameBytes } from '../bridge/index.ts'
import { freeBytes, type ReadMemory } from './spent-bytes.ts'

/** `memory`: what the payload is a view of, to be asked for more time than the call takes; undefined where that can not be had. */
export type FrameListener = (type: number, id: number, payload: Buffer, memory: ReadMemory | undefined) => void

/**
 * Cuts the bytes of the pipe into frames. The payload handed to the listener is a view of what was read: copy what outlives the call, or have
 * its memory lent or kept; and copy exactly that before it enters an isolate (the memory around it belongs to other requests).
 *
 * The bytes of a body are cut anywhere, so a `chunk` that comes in pieces is handed on in pieces: nothing is joined, or waits for the rest.
 */
export class FrameReader {
  readonly #listener: FrameListener
  readonly #copiesPending: boolean
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Bytes needed before anything can be cut, so that a large frame is joined once and not at each chunk. */
  #neededBytes = frameHeaderBytes
  /** Of a `chunk` whose header was read: whose, and how many bytes are still to come. */
  #chunkId = 0
  #chunkBytesLeft = 0

  /** `copiesPending`: the memory behind a pushed chunk is written to again after `push` returns. What payloads are views of is gone then, too. */
  constructor(listener: FrameListener, copiesPending = false) {
    this.#listener = listener
    this.#copiesPending = copiesPending
  }

  /** Throws a RangeError at a length that no frame has: the other side can not be trusted further. */
  push(chunk: Buffer, memory?: ReadMemory): void {
    let bytes = chunk
    if (this.#pendingBytes > 0) {
      this.#pending.push(this.#copiesPending ? Buffer.from(chunk) : chunk)
      memory?.keep()
      this.#pendingBytes += chunk.length
      if (this.#pendingBytes < this.#neededBytes) return
      bytes = Buffer.concat(this.#pending, this.#pendingBytes)
      if (this.#copiesPending) for (const piece of this.#pending) freeBytes(piece)
      this.#pending = []
      this.#pendingBytes = 0
    }
    let at = this.#passChunk(bytes, 0, memory)
    this.#neededBytes = frameHeaderBytes
    while (bytes.length - at >= frameHeaderBytes) {
      const length = bytes.readUInt32LE(at)
      if (length < frameHeaderBytes - 4 || length > maximumFrameBytes) throw new RangeError(`frame of ${length} bytes`)
      const type = bytes[at + 4] ?? 0
      const id = bytes.readUInt32LE(at + 5)
      if (bytes.length - at < length + 4) {
        if (type === FrameType.chunk) {
          this.#chunkId = id
          this.#chunkBytesLeft = length + 4 - frameHeaderBytes
          at = this.#passChunk(bytes, at + frameHeaderBytes, memory)
        } else {
          this.#neededBytes = length + 4
        }
        break
      }
      this.#listener(type, id, bytes.subarray(at + frameHeaderBytes, at + 4 + length), memory)
      at += length + 4
    }
    if (at < bytes.length) {
      memory?.keep()
      const rest = bytes.subarray(at)
      this.#pending = [this.#copiesPending ? Buffer.from(rest) : rest]
      this.#pendingBytes = bytes.length - at
    }
    if (this.#copiesPending && bytes !== chunk) freeBytes(bytes)
  }

  /** Hands on what is there of a chunk under way. Answers with where it ends. */
  #passChunk(bytes: Buffer, at: number, memory: ReadMemory | undefined): number {
    const end = Math.min(bytes.length, at + this.#chunkBytesLeft)
    if (end === at) return at
    this.#chunkBytesLeft -= end - at
    this.#listener(FrameType.chunk, this.#chunkId, bytes.subarray(at, end), memory)
    return end
  }
}

/** Reads the fields of one payload in order. Throws a RangeError beyond its end. */
export class PayloadReader {
  readonly #payload: Buffer
  #at = 0

  constructor(payload: Buffer) {
    this.#payload = payload
  }

  uint8(): number {
    return this.#payload.readUInt8(this.#advance(1))
  }

  uint32(): number {
    return this.#payload.readUInt32LE(this.#advance(4))
  }

  sizedLatin1(): string {
    const length = this.uint32()
    const start = this.#advance(length)
    return this.#payload.toString('latin1', start, start + length)
  }

  sizedUtf8(): string {
    const length = this.uint32()
    const start = this.#advance(length)
    return this.#payload.toString('utf8', start, start + length)
  }

  /** A view of the next bytes. */
  sizedBytes(): Buffer {
    const length = this.uint32()
    const start = this.#advance(length)
    return this.#payload.subarray(start, start + length)
  }

  /** A view of what is left. */
  rest(): Buffer {
    return this.#payload.subarray(this.#at)
  }

  #advance(bytes: number): number {
    const start = this.#at
    if (start + bytes > this.#payload.length) throw new RangeError('frame is shorter than its fields')
    this.#at += bytes
    return start
  }
}

/** A copy whose buffer holds these bytes and nothing else, fit to enter an isolate. */
export function exactCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
