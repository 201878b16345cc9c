import type { RoutedVersion } from './runnable-version.ts'

/** Where a host and path lead: one version, or several by percent. */
export class Destination {
  readonly #shares: readonly { readonly version: RoutedVersion; readonly upTo: number }[]
  readonly #salt: string
  /** Whether it leads to one version by that version's own host name. */
  readonly isPreview: boolean

  /** `name` makes the split of each function independent of the others'. */
  constructor(name: string, shares: readonly { readonly version: RoutedVersion; readonly percent: number }[], isPreview = false) {
    this.isPreview = isPreview
    let upTo = 0
    this.#shares = shares.map(({ version, percent }) => {
      upTo += percent
      return { version, upTo }
    })
    this.#salt = name
  }

  get isEmpty(): boolean {
    return this.#shares.length === 0
  }

  /** Whether the choice needs a key. */
  get isSplit(): boolean {
    return this.#shares.length > 1
  }

  /** The first version; the only one where there is no split. Not for an empty destination. */
  get first(): RoutedVersion {
    const share = this.#shares[0]
    if (share === undefined) throw new RangeError('a destination without versions has no first')
    return share.version
  }

  /** All that it leads to. */
  get versions(): readonly RoutedVersion[] {
    return this.#shares.map(({ version }) => version)
  }

  /** The same key leads to the same version as long as the shares stay. */
  choose(key: string): RoutedVersion {
    const last = this.#shares[this.#shares.length - 1]
    const point = hashToUnit(`${this.#salt}\n${key}`) * (last?.upTo ?? 100)
    for (const share of this.#shares) if (point < share.upTo) return share.version
    return this.first
  }
}

/** FNV-1a with a final mix (so that similar keys spread): a number from 0 to below 1. */
function hashToUnit(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000
}
