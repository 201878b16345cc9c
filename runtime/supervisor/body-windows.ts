import { initialCreditBytes, maximumChunkBytes, messageCreditBytes } from '../bridge/index.ts'
import type { Release } from '../pipe/index.ts'

interface WaitingChunk {
  readonly bytes: Uint8Array
  readonly release: Release | undefined
}

/**
 * The sending half of a body under credit: what may not be sent yet is kept in order. The caller asks its source to pause when
 * `offer` answers false, so at most one source's worth of data waits here.
 */
export class SendWindow {
  readonly #send: (chunk: Uint8Array, release: Release | undefined) => void
  readonly #onDrain: () => void
  readonly #waiting: WaitingChunk[] = []
  #credit = initialCreditBytes
  #afterLast: (() => void) | undefined
  #discarding = false
  #held = false
  #perChunk = 0

  constructor(send: (chunk: Uint8Array, release: Release | undefined) => void, onDrain: () => void) {
    this.#send = send
    this.#onDrain = onDrain
  }

  /** False asks the source to wait for `onDrain`. `release` goes along with the last of the chunk that is sent. */
  offer(bytes: Uint8Array, release?: Release): boolean {
    if (this.#discarding) {
      release?.()
      return true
    }
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
  }

  /** Calls `afterLast` when everything offered was sent. */
  close(afterLast: () => void): void {
    if (this.#waiting.length === 0 && !this.#held) afterLast()
    else this.#afterLast = afterLast
  }

  /** There is no receiver yet, or no longer: what is offered is kept until `open`. Only while nothing was sent. */
  hold(): void {
    this.#held = true
    this.#credit = initialCreditBytes
  }

  /** A receiver is there that has received nothing. */
  open(): void {
    if (!this.#held) return
    this.#held = false
    if (this.#waiting.length === 0 && this.#afterLast === undefined) return
    this.#credit = 0
    this.grant(initialCreditBytes)
  }

  /** The receiver wants no more: what is offered from now on flows away. */
  discard(): void {
    if (this.#discarding) return
    this.#discarding = true
    this.#waiting.length = 0
    this.#extend(Number.MAX_SAFE_INTEGER)
  }

  /** The receiver consumed so much. It is not believed where it says that it consumed more than was sent. */
  grant(bytes: number): void {
    this.#extend(Math.min(this.#credit + bytes, initialCreditBytes))
  }

  #extend(credit: number): void {
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
    if (afterLast !== undefined) afterLast()
    else if (wasDry && this.#credit > 0) this.#onDrain()
  }

  /** Sends as much as credit allows and keeps the rest. */
  #pass({ bytes, release }: WaitingChunk): void {
    if (bytes.byteLength <= this.#credit) {
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
