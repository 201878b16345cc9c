import { LRUCache } from 'lru-cache'
import { nextBackOffMs, recentTimes } from './back-off.ts'
import { type FunctionIdentity, functionKey } from './function-identity.ts'
import type { QuarantinedFunction } from './runtime.ts'

/** So many cells ended within the window put a function into quarantine. */
const endsMax = 2
const windowMs = 60_000
const backOffBounds = { minMs: 1_000, maxMs: 5 * 60_000 }
/** Without a further end for so long it is released. */
const releaseMs = 15 * 60_000
const entriesMax = 10_000
/** Of a function, versions that are known to end cells. */
const versionsMax = 32

interface Entry extends FunctionIdentity {
  /** When it ended cells, within the window. */
  endsMs: number[]
  /** Cells that it ended since it is watched. */
  ended: number
  /** Its versions that did so, the last at the end: another may be mended, and does not wait. Several may serve at a time. */
  readonly versions: Set<string>
  reason: string
  isQuarantined: boolean
  backOffMs: number
  refusedUntilMs: number
  lastMs: number
}

/**
 * Functions that end their cells. One that did it twice within a minute gets a cell of its own, and after each further end it is refused for a
 * time that doubles: others of its account go on, and the node does not spend its time on starting cells.
 */
export class Quarantine {
  readonly #nowMs: () => number
  readonly #entries = new LRUCache<string, Entry>({ max: entriesMax })

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** A cell ended by the doing of this function. True where that puts it into quarantine. */
  blame(identity: FunctionIdentity, version: string, reason: string): boolean {
    const nowMs = this.#nowMs()
    const { account, functionName } = identity
    const entry = this.#find(identity) ?? {
      account, functionName, endsMs: [], ended: 0, versions: new Set(), reason, isQuarantined: false, backOffMs: 0, refusedUntilMs: 0, lastMs: nowMs,
    }
    this.#entries.set(functionKey(identity), entry)
    entry.endsMs = recentTimes(entry.endsMs, nowMs, { windowMs, count: endsMax })
    entry.ended++
    entry.versions.delete(version)
    entry.versions.add(version)
    const [oldest] = entry.versions
    if (oldest !== undefined && entry.versions.size > versionsMax) entry.versions.delete(oldest)
    entry.reason = reason
    entry.lastMs = nowMs
    const wasQuarantined = entry.isQuarantined
    if (!wasQuarantined && entry.endsMs.length < endsMax) return false
    entry.isQuarantined = true
    entry.backOffMs = nextBackOffMs(entry.backOffMs, backOffBounds)
    entry.refusedUntilMs = nowMs + entry.backOffMs
    return !wasQuarantined
  }

  has(identity: FunctionIdentity): boolean {
    return this.#find(identity)?.isQuarantined === true
  }

  /** How long this version is refused from now on, in milliseconds; 0 where it may run. */
  refusalMs(identity: FunctionIdentity, version: string): number {
    const entry = this.#find(identity)
    if (entry?.isQuarantined !== true || !entry.versions.has(version)) return 0
    return Math.max(0, entry.refusedUntilMs - this.#nowMs())
  }

  list(): QuarantinedFunction[] {
    const nowMs = this.#nowMs()
    return [...this.#entries.values()]
      .filter((entry) => entry.isQuarantined && nowMs - entry.lastMs < releaseMs)
      .map(({ account, functionName, versions, reason, ended, refusedUntilMs }) => ({
        account, functionName, version: [...versions].at(-1) ?? '', reason, cellsEnded: ended, refusedMs: Math.max(0, refusedUntilMs - nowMs),
      }))
  }

  #find(identity: FunctionIdentity): Entry | undefined {
    const key = functionKey(identity)
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#nowMs() - entry.lastMs < releaseMs) return entry
    this.#entries.delete(key)
    return undefined
  }
}
