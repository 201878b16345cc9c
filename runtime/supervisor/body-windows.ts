import { initialCreditBytes, maximumChunkBytes, messageCreditBytes } from '../bridge/index.ts'
import type { Release } from '../pipe/index.ts'
import { Passage, type WaitingChunk } from './passage.ts'

/**
 * The sending half of a body under credit: what may not be sent yet is kept in order. The caller asks its source to pause when
 * `offer` answers false, so at most one source's worth of data waits here.
 */
export class SendWindow {
  readonly #send: (chunk: Uint8Array, release: Release | undefined) => void
  readonly #onDrain: () => void
  readonly #waiting: WaitingChunk[] = []
  /** Whether of the first that waits a part was sent. */
  #isFirstCut = false
  readonly #firstBytes: number
  #credit: number
  /** Credit that is there once something was taken. */
  #reserve: number
  #afterLast: (() => void) | undefined
  #isClosed = false
  /** Where what was not sent goes, once the receiver does without. */
  #passage: Passage | undefined
  #discarding = false
  #held = false
  #perChunk = 0

  /** `firstBytes` is sent before the receiver has taken anything. */
  constructor(send: (chunk: Uint8Array, release: Release | undefined) => void, onDrain: () => void, firstBytes = initialCreditBytes) {
    this.#firstBytes = firstBytes
    this.#credit = firstBytes
    this.#reserve = initialCreditBytes - firstBytes
    this.#send = send
    this.#onDrain = onDrain
  }

  /** False asks the source to wait for `onDrain`. `release` goes along with the last of the chunk that is sent. */
  offer(bytes: Uint8Array, release?: Release): boolean {
    if (this.#discarding) {
      release?.()
      return true
    }
    if (this.#passage !== undefined) return this.#passage.offer(bytes, release)
    if (this.#waiting.length === 0 && this.#credit > 0 && !this.#held) {
      this.#pass({ bytes, release })
      return this.#credit > 0
    }
    this.#waiting.push({ bytes, release })
    return false
  }

  /** Chunks are a WebSocket's from now on, and cost by their number as well. */
  countMessages(): void {
    this.#perChunk = messageCreditBytes
    this.grant(0)
  }

  /** Calls `afterLast` when everything offered was sent. */
  close(afterLast: () => void): void {
    if (this.#passage !== undefined) this.#passage.close()
    else if (this.#waiting.length > 0 || this.#held) this.#afterLast = afterLast
    else this.#closeNow(afterLast)
  }

  /**
   * The receiver does without what was not sent: it waits in the passage that this answers with, and so does what is offered from now on.
   * Undefined where there is nothing to come.
   */
  divert(): Passage | undefined {
    if (this.#isClosed || this.#discarding || this.#held || this.#passage !== undefined) return undefined
    const waiting = this.#waiting.splice(0)
    const [first, ...rest] = waiting
    // Where it goes now it may be through before its first part is, which has the same memory.
    this.#passage = new Passage(first !== undefined && this.#isFirstCut ? [{ bytes: first.bytes, release: undefined }, ...rest] : waiting, this.#onDrain)
    if (this.#afterLast !== undefined) this.#passage.close()
    this.#afterLast = undefined
    return this.#passage
  }

  /** There is no receiver yet, or no longer: what is offered is kept until `open`. Only while nothing was sent. */
  hold(): void {
    this.#held = true
  }

  /** A receiver is there that has received nothing. */
  open(): void {
    if (!this.#held) return
    this.#held = false
    this.#credit = 0
    this.#reserve = initialCreditBytes - this.#firstBytes
    this.#extend(this.#firstBytes)
  }

  /** The receiver wants no more: what is offered from now on flows away. */
  discard(): void {
    if (this.#discarding || this.#passage !== undefined) return
    this.#discarding = true
    this.#waiting.length = 0
    this.#extend(Number.MAX_SAFE_INTEGER)
  }

  /** The receiver consumed so much. It is not believed where it says that it consumed more than was sent. */
  grant(bytes: number): void {
    const reserve = this.#reserve
    this.#reserve = 0
    this.#extend(Math.min(this.#credit + reserve + bytes, initialCreditBytes))
  }

  #extend(credit: number): void {
    if (this.#passage !== undefined) return
    const wasDry = this.#credit <= 0
    this.#credit = credit
    while (this.#credit > 0) {
      const chunk = this.#waiting.shift()
      if (chunk === undefined) break
      this.#pass(chunk)
    }
    if (this.#waiting.length > 0) return
    const afterLast = this.#afterLast
    this.#afterLast = undefined
    if (afterLast !== undefined) this.#closeNow(afterLast)
    else if (wasDry && this.#credit > 0) this.#onDrain()
  }

  #closeNow(afterLast: () => void): void {
    this.#isClosed = true
    afterLast()
  }

  /** Sends as much as credit allows and keeps the rest. */
  #pass({ bytes, release }: WaitingChunk): void {
    this.#isFirstCut = bytes.byteLength > this.#credit
    if (!this.#isFirstCut) {
      this.#spend(bytes, release)
      return
    }
    const head = bytes.subarray(0, this.#credit)
    this.#waiting.unshift({ bytes: bytes.subarray(this.#credit), release })
    this.#spend(head, undefined)
  }

  /** The last may take more than there is, by what it costs besides its bytes. */
  #spend(chunk: Uint8Array, release: Release | undefined): void {
    this.#credit -= chunk.byteLength + this.#perChunk * Math.ceil(chunk.byteLength / maximumChunkBytes)
    this.#send(chunk, release)
  }
}

/** The last that credit lets pass may be cut in so many, whose cost it does not hold up to. */
const piecesMax = initialCreditBytes / maximumChunkBytes
/** Credit is returned in portions, to save frames. */
const creditPortionBytes = initialCreditBytes / 4

/** The receiving half: checks that the sender keeps to its credit, and returns credit as the data is consumed. */
export class ReceiveWindow {
  readonly #grant: (bytes: number) => void
  #outstanding = 0
  #consumed = 0
  #perChunk = 0
  /** Bytes of chunks that are not consumed yet, where they are counted. */
  readonly #chunks: number[] = []
  #ofFirst = 0

  constructor(grant: (bytes: number) => void) {
    this.#grant = grant
  }

  /** As `SendWindow.countMessages`. */
  countMessages(): void {
    this.#perChunk = messageCreditBytes
  }

  /** False where the sender sent more than it may. */
  accept(bytes: number): boolean {
    if (this.#perChunk > 0) this.#chunks.push(bytes)
    this.#outstanding += bytes + this.#perChunk
    return this.#outstanding <= initialCreditBytes + this.#perChunk * piecesMax
  }

  consume(bytes: number): void {
    this.#consumed += bytes + this.#perChunk * this.#chunksWithin(bytes)
    if (this.#consumed < creditPortionBytes) return
    const portion = this.#consumed
    this.#consumed = 0
    this.#outstanding -= portion
    this.#grant(portion)
  }

  /** How many chunks end within the bytes that were consumed next. */
  #chunksWithin(bytes: number): number {
    if (this.#perChunk === 0) return 0
    let count = 0
    this.#ofFirst += bytes
    for (let [first] = this.#chunks; first !== undefined && first <= this.#ofFirst; [first] = this.#chunks) {
      this.#ofFirst -= first
      this.#chunks.shift()
      count += 1
    }
    return count
  }
}
