interface Party {
  use: number
  readonly members: Map<string, number>
}

/** A use fades to a third in this time: what counts is about the last second. */
const memoryMs = 1_000
/** Of the heaviest use, at each step. */
const tightenBy = 0.85
const easeBy = { little: 1.1, much: 1.5 } as const
/** Where so many are refused for each that is let in, it is not those let in that are too many. */
const refusedPerAdmittedMax = 9
/** A smaller share tells nobody apart: any request is beyond it. */
const shareMin = 1
/** Uses below are forgotten, and so do not count as a member to share with. */
const useMin = 0.5
/** Parties, and members of one, that are told apart; all beyond share one entry. */
const keysMax = 10_000
const others = ''

/**
 * Shares what there is among parties (accounts), and each one's share among its members (functions), where it is not enough for all: one water
 * level for everybody, so that who asks most is held back first and who asks less than the level is never refused.
 *
 * While nobody complains the level is infinite. `tighten` lowers it from the heaviest use, `ease` raises it until it limits nobody.
 */
export class FairAdmission {
  readonly #levelMin: number
  readonly #parties = new Map<string, Party>()
  #level = Number.POSITIVE_INFINITY
  #fadedMs: number | undefined
  #admitted = 0
  #refused = 0

  /** @param levelMin requests in a second to which a party is held at the least: who asks more rarely is not what overloads */
  constructor(levelMin: number) {
    this.#levelMin = levelMin
  }

  /** Whether anybody may be refused. */
  get isLimiting(): boolean {
    return this.#level !== Number.POSITIVE_INFINITY
  }

  /** Counts one request and says whether it may begin. */
  admit(party: string, member: string): boolean {
    const of = this.#party(party)
    const key = of.members.has(member) || of.members.size < keysMax ? member : others
    const use = of.members.get(key) ?? 0
    // Of members so many each is always below its share: then who comes first is served.
    const share = this.#level / Math.max(1, of.members.size)
    if (of.use >= this.#level && (use >= share || share < shareMin)) {
      this.#refused += 1
      return false
    }
    of.use += 1
    of.members.set(key, use + 1)
    this.#admitted += 1
    return true
  }

  /** Lets what was used fade. Call it now and then, before `tighten` and `ease`. */
  fade(nowMs: number): void {
    const kept = Math.exp(-(nowMs - (this.#fadedMs ?? nowMs)) / memoryMs)
    this.#fadedMs = nowMs
    for (const [name, party] of this.#parties) {
      party.use = 0
      for (const [member, before] of party.members) {
        const use = before * kept
        if (use < useMin) party.members.delete(member)
        else party.members.set(member, use)
        party.use += use < useMin ? 0 : use
      }
      if (party.members.size === 0) this.#parties.delete(name)
    }
  }

  /** There is too much: holds the heaviest to less than they had, unless it is refusing that takes the time. */
  tighten(): void {
    const isSpentRefusing = this.#refused > refusedPerAdmittedMax * this.#admitted
    const level = this.isLimiting ? this.#level : this.#heaviest()
    if (!isSpentRefusing) this.#level = Math.max(this.#levelMin, level * tightenBy)
    this.#count()
  }

  /** There is room: lets everybody have more. */
  ease(room: keyof typeof easeBy): void {
    this.#level *= easeBy[room]
    if (this.#refused === 0 && this.#level > 2 * this.#heaviest()) this.#level = Number.POSITIVE_INFINITY
    this.#count()
  }

  /** Neither. */
  hold(): void {
    this.#count()
  }

  #count(): void {
    this.#admitted = 0
    this.#refused = 0
  }

  #party(name: string): Party {
    const key = this.#parties.has(name) || this.#parties.size < keysMax ? name : others
    let party = this.#parties.get(key)
    if (party === undefined) {
      party = { use: 0, members: new Map() }
      this.#parties.set(key, party)
    }
    return party
  }

  #heaviest(): number {
    let heaviest = 0
    for (const { use } of this.#parties.values()) heaviest = Math.max(heaviest, use)
    return heaviest
  }
}
