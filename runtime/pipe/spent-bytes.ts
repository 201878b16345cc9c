/**
 * Memory of bytes that were sent on is given back at once, not at the next collection: V8 counts it, and begins a full collection for every
 * sixteen megabytes or so of it, which would be most of what a node does where bodies pass through.
 */

/** Comes along with bytes, and is called once nobody needs them any more. That it is never called costs a collection, no more. */
export type Release = () => void

/** The memory of fewer bytes is left to the garbage collector. */
const releasedBytesMin = 16 * 1024

/** What frees bytes that have a buffer to themselves; undefined where they are too few for it to be worth a call. */
export function releaseOf(bytes: Uint8Array): Release | undefined {
  return bytes.byteLength < releasedBytesMin ? undefined : () => freeBytes(bytes)
}

/** Frees the memory of bytes that have a buffer to themselves; of others, which may be part of a pool, none. They are empty afterwards. */
export function freeBytes({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength > 0 && byteLength === buffer.byteLength) buffer.transfer(0)
}

/** What was read from a pipe at once: it is freed when all who were handed a part of it have released theirs. */
export class ReadMemory {
  readonly #bytes: Uint8Array
  /** Whoever reads it is one. */
  #holders = 1
  #isKept = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A part is handed on: it is there until what this answers with is called. */
  readonly lend = (): Release => {
    this.#holders++
    return this.release
  }

  /** A part is handed on to whoever releases nothing. */
  keep(): void {
    this.#isKept = true
  }

  readonly release = (): void => {
    this.#holders--
    if (this.#holders === 0 && !this.#isKept) freeBytes(this.#bytes)
  }
}
