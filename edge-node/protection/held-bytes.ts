/** Who holds bytes that a peer has yet to take. */
export interface ByteHolder {
  /** The process has no room for them: the connection ends. */
  giveUp(): void
}

/**
 * Counts what a process holds of bodies because peers are slow, all together. Where it is too much, who has held for longest is given up:
 * the slowest reader. Whoever takes what was held begins anew.
 */
export class HeldBytes {
  readonly #bytesMax: number
  /** In the order in which they began to hold. */
  readonly #byHolder = new Map<ByteHolder, number>()
  #bytes = 0
  #givenUp = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How many were given up. */
  get givenUp(): number {
    return this.#givenUp
  }

  /** New requests would only add to it. */
  get isNearlyFull(): boolean {
    return this.#bytes > this.#bytesMax * 0.75
  }

  add(holder: ByteHolder, bytes: number): void {
    this.#byHolder.set(holder, (this.#byHolder.get(holder) ?? 0) + bytes)
    this.#bytes += bytes
    while (this.#bytes > this.#bytesMax) {
      const [longest] = this.#byHolder.keys()
      if (longest === undefined) return
      this.clear(longest)
      this.#givenUp += 1
      longest.giveUp()
    }
  }

  /** They are taken, or nobody will take them any more. */
  clear(holder: ByteHolder): void {
    const bytes = this.#byHolder.get(holder)
    if (bytes === undefined) return
    this.#byHolder.delete(holder)
    this.#bytes -= bytes
  }
}
