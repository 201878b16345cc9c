import type { KeyPair } from './key-pair.ts'

/** Certificates by the host names that they are for. */
export class CertificateSet {
  readonly pairs: readonly KeyPair[]
  /** Shown to who asks for a name that none is for, or for none. */
  readonly fallback: KeyPair | undefined
  /** How many could not be read. */
  readonly refused: number
  readonly #byName = new Map<string, KeyPair>()

  constructor(pairs: readonly KeyPair[], fallback: KeyPair | undefined, refused = 0) {
    this.pairs = pairs
    this.fallback = fallback
    this.refused = refused
    // Of several for one name, that which is valid for longest.
    for (const pair of pairs) {
      for (const name of pair.names) if (pair.validToMs > (this.#byName.get(name)?.validToMs ?? Number.NEGATIVE_INFINITY)) this.#byName.set(name, pair)
    }
  }

  /** The one for a host name: by the name itself, then by `*` in place of its first label. @see https://www.rfc-editor.org/rfc/rfc9525#section-6.3 */
  select(hostName: string): KeyPair | undefined {
    const name = hostName.toLowerCase()
    const dot = name.indexOf('.')
    return this.#byName.get(name) ?? (dot > 0 ? this.#byName.get(`*${name.slice(dot)}`) : undefined) ?? this.fallback
  }
}
