import { Buffer } from 'node:buffer'
import { exactCopy } from '../pipe/index.ts'

/** More is not handed over at once, whatever its length. */
const pieceBytesMax = 8 * 1024 * 1024
/** A body of unknown length begins with so much. */
const firstBytes = 256 * 1024

interface Gathered {
  readonly expectedBytes: number
  memory: Uint8Array
  length: number
}

/**
 * Bodies that code of an isolate wants whole: the cell gathers what comes of them, so that they enter the isolate in one turn and one piece.
 *
 * Invariant: memory is taken here only where it and that of the isolate stay below the isolate's limit together, and leave room for what is
 * gathered to be copied once inside. What there is no room for is handed over as it comes. What the isolate takes afterwards is its own: together
 * they can come to one and a half of the limit.
 */
export class GatheredBodies {
  readonly #roomBytes: () => number
  readonly #bodies = new Map<number, Gathered>()
  #heldBytes = 0

  /** `roomBytes`: what the isolate's limit leaves it. */
  constructor(roomBytes: () => number) {
    this.#roomBytes = roomBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  has(exchange: number): boolean {
    return this.#bodies.has(exchange)
  }

  /** What comes on the exchange from now on is wanted whole. `expectedBytes`: how much that may be, as far as anybody knows. */
  start(exchange: number, expectedBytes: number): void {
    if (!this.#bodies.has(exchange)) this.#bodies.set(exchange, { expectedBytes, memory: new Uint8Array(), length: 0 })
  }

  /** Takes a copy of what came. Answers with what is to be handed over now, in a buffer of its own, where there is no room to keep it. */
  add(exchange: number, payload: Buffer): Uint8Array | undefined {
    const body = this.#bodies.get(exchange)
    if (body === undefined) return undefined
    const length = body.length + payload.length
    if (length > body.memory.length && !this.#enlarge(body, length)) {
      const piece = new Uint8Array(length)
      piece.set(body.memory.subarray(0, body.length))
      piece.set(payload, body.length)
      this.#release(body)
      return piece
    }
    body.memory.set(payload, body.length)
    body.length = length
    return undefined
  }

  /** Nothing more comes. Answers with what is left, in a buffer of its own; undefined for nothing. */
  finish(exchange: number): Uint8Array | undefined {
    const body = this.#bodies.get(exchange)
    this.drop(exchange)
    if (body === undefined || body.length === 0) return undefined
    return body.length === body.memory.length ? body.memory : exactCopy(body.memory.subarray(0, body.length))
  }

  /** Nobody wants it any more. */
  drop(exchange: number): void {
    const body = this.#bodies.get(exchange)
    if (body === undefined) return
    this.#bodies.delete(exchange)
    this.#heldBytes -= body.memory.length
  }

  /** False where there is no room. */
  #enlarge(body: Gathered, length: number): boolean {
    if (length > pieceBytesMax) return false
    const known = body.expectedBytes >= length ? body.expectedBytes : Math.max(firstBytes, body.memory.length * 2, length)
    const bytes = Math.min(known, pieceBytesMax)
    const heldBytes = this.#heldBytes - body.memory.length + bytes
    if (heldBytes * 2 > this.#roomBytes()) return false
    // All of what is handed over is written before, so that nothing has to be cleared.
    const memory = Buffer.allocUnsafeSlow(bytes)
    memory.set(body.memory.subarray(0, body.length))
    body.memory = memory
    this.#heldBytes = heldBytes
    return true
  }

  #release(body: Gathered): void {
    this.#heldBytes -= body.memory.length
    body.memory = new Uint8Array()
    body.length = 0
  }
}
