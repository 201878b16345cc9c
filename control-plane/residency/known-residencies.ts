import type { Store } from '../store/index.ts'
import { readResidencyRecord, type StoredResidency } from './records.ts'

const accountsMax = 10_000

/** What accounts are held to, read once for all nodes: it changes by revisions of the account. */
export class KnownResidencies {
  readonly #store: Store
  readonly #stopFollowing: () => void
  readonly #known = new Map<string, Promise<StoredResidency | undefined>>()
  /** The revision told last: where some were passed over, nothing is known of what they said. */
  #sequence: number | undefined

  constructor(store: Store) {
    this.#store = store
    this.#stopFollowing = store.onRevision(({ sequence, change }) => {
      if (sequence - 1 !== this.#sequence) this.#known.clear()
      this.#sequence = sequence
      if (change.kind === 'account') this.#known.delete(change.account)
    })
  }

  /** Undefined where the account was never held to regions in this epoch. */
  of(account: string): Promise<StoredResidency | undefined> {
    const known = this.#known.get(account)
    if (known !== undefined) return known
    if (this.#known.size >= accountsMax) this.#known.clear()
    const read = readResidencyRecord(this.#store, account)
    this.#known.set(account, read)
    read.catch(() => this.#known.delete(account))
    return read
  }

  close(): void {
    this.#stopFollowing()
  }
}
