/** Who holds memory of the node for somebody. */
export interface BytesHolder {
  /** The account that it is held for. */
  readonly account: string
  /** The node has no room for it: it lets go, and says so by `HeldBytes.clear`. */
  giveUp(): void
}

/** Of so many holders of an account the largest is looked for, those that hold for longest: a look at all would cost more than it gains. */
const lookedAtMax = 1_000

interface AccountBytes {
  readonly byHolder: Map<BytesHolder, number>
  bytes: number
}

/**
 * Counts what is held in memory for functions where it is outsiders who say how much: messages that are not whole yet, windows of decoders,
 * what waits to be sent.
 *
 * Invariant: no more than the bound is held. Where it would be, the account that holds most gives up the largest of what it holds: nobody
 * loses anything to an account that holds more.
 */
export class HeldBytes {
  readonly #bytesMax: number
  readonly #byAccount = new Map<string, AccountBytes>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  add(holder: BytesHolder, bytes: number): void {
    let account = this.#byAccount.get(holder.account)
    if (account === undefined) {
      account = { byHolder: new Map(), bytes: 0 }
      this.#byAccount.set(holder.account, account)
    }
    account.byHolder.set(holder, (account.byHolder.get(holder) ?? 0) + bytes)
    account.bytes += bytes
    this.#bytes += bytes
    if (this.#bytes > this.#bytesMax) largestHolder(this.#largestAccount())?.giveUp()
  }

  /** It holds nothing any more. */
  clear(holder: BytesHolder): void {
    const account = this.#byAccount.get(holder.account)
    const bytes = account?.byHolder.get(holder)
    if (account === undefined || bytes === undefined) return
    account.byHolder.delete(holder)
    account.bytes -= bytes
    this.#bytes -= bytes
    if (account.byHolder.size === 0) this.#byAccount.delete(holder.account)
  }

  #largestAccount(): AccountBytes | undefined {
    let largest: AccountBytes | undefined
    for (const account of this.#byAccount.values()) if (largest === undefined || account.bytes > largest.bytes) largest = account
    return largest
  }
}

function largestHolder(account: AccountBytes | undefined): BytesHolder | undefined {
  let largest: BytesHolder | undefined
  let most = -1
  let lookedAt = 0
  for (const [holder, bytes] of account?.byHolder ?? []) {
    if (++lookedAt > lookedAtMax) break
    if (bytes <= most) continue
    largest = holder
    most = bytes
  }
  return largest
}
