import { fractionOf } from '../../geography/index.ts'
import type { RoutedVersion } from './runnable-version.ts'

interface Share {
  readonly version: RoutedVersion
  readonly percent: number
  /** What a key is hashed with for this version. */
  readonly salt: string
}

/** Of a version's id, what the versions of one deployment have in common (`control-plane/releases/version-ids.ts`). */
const groupLength = 24

/** Half of the step between two fractions: luck is never none. */
const halfStep = 2 ** -33

/** Where a host and path lead: one version, or several by percent. */
export class Destination {
  readonly #shares: readonly Share[]
  /** Whether it leads to one version by that version's own host name. */
  readonly isPreview: boolean

  constructor(shares: readonly { readonly version: RoutedVersion; readonly percent: number }[], isPreview = false) {
    this.isPreview = isPreview
    const groups = shares.map(({ version }) => version.runnable.version.slice(0, groupLength))
    const areApart = new Set(groups).size === groups.length
    this.#shares = shares.map((share, index) => ({ ...share, salt: (areApart ? groups[index] : undefined) ?? share.version.runnable.version }))
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

  /**
   * The version for a key: the same one as long as the shares stay. Versions race, each with a speed by its share and luck by its deployment and
   * the key. So whatever the shares become, keys move to versions whose share grew against the others' and to no other, in whichever order
   * the shares stand; and functions whose versions were deployed together take a key to the same side.
   */
  choose(key: string): RoutedVersion {
    let winner = this.first
    let shortest = Number.POSITIVE_INFINITY
    for (const { version, percent, salt } of this.#shares) {
      const time = -Math.log(fractionOf(`${salt}\n`, key) + halfStep) / percent
      if (time >= shortest) continue
      shortest = time
      winner = version
    }
    return winner
  }
}
