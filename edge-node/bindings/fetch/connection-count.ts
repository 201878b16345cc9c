import { SkerryError } from '../../../errors/index.ts'

/** Connections that functions of a node may have open together, idle ones among them. */
const connectionsMaxDefault = 4_096

export type ConnectionEntry = { readonly refusal: SkerryError } | { readonly refusal?: undefined; readonly leave: () => void }

/**
 * Counts the connections that functions of a node have open.
 *
 * Invariant: an account has no more than there are left for others, so that a single one takes half of all, two take a third each, and
 * whoever comes next always finds room.
 */
export class ConnectionCount {
  readonly #max: number
  readonly #byAccount = new Map<string, number>()
  #total = 0

  constructor(max: number = connectionsMaxDefault) {
    this.#max = max
  }

  /** Counts one more until `leave` is called; or tells by `overloaded` that there is no room. */
  enter(account: string): ConnectionEntry {
    const before = this.#byAccount.get(account) ?? 0
    if (before >= this.#max - this.#total) {
      return { refusal: new SkerryError('overloaded', `The account has ${before} connections open, and the node has room for no more.`) }
    }
    this.#byAccount.set(account, before + 1)
    this.#total += 1
    let isOver = false
    return {
      leave: () => {
        if (isOver) return
        isOver = true
        this.#total -= 1
        const left = (this.#byAccount.get(account) ?? 1) - 1
        if (left === 0) this.#byAccount.delete(account)
        else this.#byAccount.set(account, left)
      },
    }
  }
}
