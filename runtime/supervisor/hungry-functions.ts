import { LRUCache } from 'lru-cache'
import { type FunctionIdentity, functionKey } from './function-identity.ts'

/** Of the time in which it could have a core, what a function may use in long turns without being hungry; and how much beyond it, before it is. */
const freeShare = 0.25
const levelMaxMs = 400
/** Hungry for so long after it was found to be, so that it does not move to and fro. */
const staysMs = 60_000
const entriesMax = 10_000

interface Entry {
  levelMs: number
  seenMs: number
  hungrySinceMs: number
  hungryUntilMs: number
}

/**
 * Functions that compute for long, again and again. While one of their turns runs, whoever shares the cell waits; so they get cells that none
 * but their like share, and that give way to all others. What counts are long turns: many short ones let others in between.
 */
export class HungryFunctions {
  readonly #nowMs: () => number
  readonly #entries = new LRUCache<string, Entry>({ max: entriesMax })

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The function used so much CPU in a long turn, and waited so long for a core. True where that makes it hungry. */
  note(identity: FunctionIdentity, cpuMs: number, waitedMs: number): boolean {
    const nowMs = this.#nowMs()
    const entry = this.#entries.get(functionKey(identity)) ?? { levelMs: 0, seenMs: nowMs, hungrySinceMs: 0, hungryUntilMs: 0 }
    this.#entries.set(functionKey(identity), entry)
    // On a busy machine nobody gets much of a core: what it was kept from does not make it modest.
    const hadMs = Math.max(0, nowMs - entry.seenMs - waitedMs)
    entry.levelMs = Math.max(0, entry.levelMs - hadMs * freeShare) + cpuMs
    entry.seenMs = nowMs
    if (entry.levelMs <= levelMaxMs) return false
    entry.levelMs = levelMaxMs
    const wasHungry = entry.hungryUntilMs > nowMs
    if (!wasHungry) entry.hungrySinceMs = nowMs
    entry.hungryUntilMs = nowMs + staysMs
    return !wasHungry
  }

  has(identity: FunctionIdentity): boolean {
    return this.hungryMs(identity) !== undefined
  }

  /** For how long it is hungry by now; undefined where it is not. */
  hungryMs(identity: FunctionIdentity): number | undefined {
    const entry = this.#entries.get(functionKey(identity))
    const nowMs = this.#nowMs()
    return entry === undefined || entry.hungryUntilMs <= nowMs ? undefined : nowMs - entry.hungrySinceMs
  }

  /** How many are hungry now. */
  get count(): number {
    const nowMs = this.#nowMs()
    return [...this.#entries.values()].filter(({ hungryUntilMs }) => hungryUntilMs > nowMs).length
  }
}
