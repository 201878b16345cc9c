/** Who holds bytes that a client has yet to take. */
export interface UnreadHolder {
  /** Whom it is held for: an account, or a host where accounts are not known. */
  readonly party: string
  /** The process has no room for them: the connection ends. */
  giveUp(): void
}

interface PartyBytes {
  /** In the order in which they began to hold. */
  readonly byHolder: Map<UnreadHolder, number>
  bytes: number
}

/**
 * Counts what a process holds of answers because clients read slowly, all together. Where it is too much, the party that holds most gives up the
 * one of its clients that it has held for longest: the slowest. Whoever takes what was held begins anew.
 */
export class UnreadBytes {
  readonly #bytesMax: number
  readonly #byParty = new Map<string, PartyBytes>()
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

  add(holder: UnreadHolder, bytes: number): void {
    let party = this.#byParty.get(holder.party)
    if (party === undefined) {
      party = { byHolder: new Map(), bytes: 0 }
      this.#byParty.set(holder.party, party)
    }
    party.byHolder.set(holder, (party.byHolder.get(holder) ?? 0) + bytes)
    party.bytes += bytes
    this.#bytes += bytes
    while (this.#bytes > this.#bytesMax) {
      const [longest] = this.#largestParty()?.byHolder.keys() ?? []
      if (longest === undefined) return
      this.clear(longest)
      this.#givenUp += 1
      longest.giveUp()
    }
  }

  /** They are taken, or nobody will take them any more. */
  clear(holder: UnreadHolder): void {
    const party = this.#byParty.get(holder.party)
    const bytes = party?.byHolder.get(holder)
    if (party === undefined || bytes === undefined) return
    party.byHolder.delete(holder)
    party.bytes -= bytes
    this.#bytes -= bytes
    if (party.byHolder.size === 0) this.#byParty.delete(holder.party)
  }

  #largestParty(): PartyBytes | undefined {
    let largest: PartyBytes | undefined
    for (const party of this.#byParty.values()) if (largest === undefined || party.bytes > largest.bytes) largest = party
    return largest
  }
}
