import type { Release } from '../pipe/index.ts'

/** A chunk that waits, with what is to be called when it is through. */
export interface WaitingChunk {
  readonly bytes: Uint8Array
  readonly release: Release | undefined
}

/** Where a passage leads. */
export interface PassageEnd {
  /** False asks to wait for `Passage.resume`. */
  write(bytes: Uint8Array, release: Release | undefined): boolean
  end(): void
}

/**
 * What is still to come of a body that a function hands on as it comes: it goes from its source to where it is to go, and not through the cell.
 *
 * What went into the cell before comes out of it first: until `open` the source waits. Invariant: at most what the source had waiting waits here,
 * and one chunk more.
 */
export class Passage {
  readonly #waiting: WaitingChunk[]
  readonly #onDrain: () => void
  #to: PassageEnd | undefined
  #isFull = false
  #hasEnded = false

  /** `onDrain`: the source may send again. */
  constructor(waiting: readonly WaitingChunk[], onDrain: () => void) {
    this.#waiting = [...waiting]
    this.#onDrain = onDrain
  }

  get isOpen(): boolean {
    return this.#to !== undefined
  }

  /** False asks the source to wait. */
  offer(bytes: Uint8Array, release: Release | undefined): boolean {
    this.#waiting.push({ bytes, release })
    return this.#pour()
  }

  /** The source has no more. */
  close(): void {
    this.#hasEnded = true
    this.#pour()
  }

  /** All that went into the cell has come out of it. `isFull`: the other end takes nothing until `resume`. */
  open(to: PassageEnd, isFull: boolean): void {
    this.#to = to
    this.#isFull = isFull
    if (this.#pour()) this.#onDrain()
  }

  /** The other end takes more. */
  resume(): void {
    if (!this.#isFull) return
    this.#isFull = false
    if (this.#pour()) this.#onDrain()
  }

  /** Whether the source may go on. */
  #pour(): boolean {
    const to = this.#to
    if (to === undefined) return false
    while (!this.#isFull) {
      const chunk = this.#waiting.shift()
      if (chunk === undefined) break
      this.#isFull = !to.write(chunk.bytes, chunk.release)
    }
    if (this.#waiting.length > 0 || !this.#hasEnded) return !this.#isFull
    this.#to = undefined
    to.end()
    return false
  }
}
