import { quantile } from '../simulate.ts'
import { type ClientGroup, leastBy, type Site, type World } from '../world.ts'
import type { DoorKind } from './clients.ts'
import type { Call } from './traffic.ts'

/** What came of the requests of one door in one scenario. */
export interface Verdict {
  readonly door: DoorKind
  readonly calls: number
  /** Of those answered by a node, the share that the best node for its client answered, and that a node at most 1 ms further away did. */
  readonly bestShare: number
  readonly nearlyBestShare: number
  readonly meanExtraMs: number
  readonly p99ExtraMs: number
  /** Requests without a good answer: what may be repeated, and what must not be. */
  readonly lostSafe: number
  readonly lostUnsafe: number
  /** Why, by how often. */
  readonly failures: readonly (readonly [string, number])[]
}

/** Nodes that are this much further away than the best can not be told from it by measuring once or twice: less than the jitter of one path. */
export const nearlyMs = 1

export const isGood = (call: Call): boolean => call.status === 200

/** `gone` are sites that nobody can be sent to. */
export function judge(world: World, door: DoorKind, calls: readonly Call[], siteOf: (node: string) => Site | undefined, gone: ReadonlySet<Site>): Verdict {
  const its = calls.filter((call) => call.door === door)
  const bests = new Map<ClientGroup, number>()
  const bestMs = (group: ClientGroup): number => {
    const ms = bests.get(group) ?? world.latencyMs(group, leastBy(world.sites.filter((site) => !gone.has(site)), (site) => world.latencyMs(group, site)))
    bests.set(group, ms)
    return ms
  }
  const extras = its.flatMap((call) => {
    const site = call.node === undefined || !isGood(call) ? undefined : siteOf(call.node)
    return site === undefined ? [] : [world.latencyMs(call.group, site) - bestMs(call.group)]
  })
  const bad = its.filter((call) => !isGood(call))
  return {
    door, calls: its.length,
    bestShare: extras.filter((extraMs) => extraMs <= 0).length / extras.length,
    nearlyBestShare: extras.filter((extraMs) => extraMs <= nearlyMs).length / extras.length,
    meanExtraMs: extras.reduce((sum, extraMs) => sum + extraMs, 0) / extras.length,
    p99ExtraMs: quantile(extras.map((extraMs) => ({ extraMs, demand: 1 })), 0.99),
    lostSafe: bad.filter(({ method }) => method === 'GET').length,
    lostUnsafe: bad.filter(({ method }) => method === 'POST').length,
    failures: countFailures(bad),
  }
}

function countFailures(bad: readonly Call[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const { method, status, failure } of bad) {
    const what = `${method} ${failure ?? status}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].toSorted((left, right) => right[1] - left[1])
}

/**
 * How long people waited at most, in ms, for requests that were under way when it happened or begun after: until then at the latest all of them are
 * served. Those without an answer count until they were given up.
 */
export function longestWaitMs(calls: readonly Call[], door: DoorKind, people: ReadonlySet<ClientGroup>, sinceMs: number): number {
  const its = calls.filter((call) => call.door === door && call.method === 'GET' && people.has(call.group) && call.endedMs > sinceMs)
  return its.reduce((longest, { startedMs, endedMs }) => Math.max(longest, endedMs - Math.max(startedMs, sinceMs)), 0)
}

/** Seconds after which at most one request in a hundred of these people was refused, in every second from then on; undefined where it was not so at the end. */
export function reliefSeconds(calls: readonly Call[], door: DoorKind, people: ReadonlySet<ClientGroup>, sinceMs: number, untilMs: number): number | undefined {
  const seconds = Math.floor((untilMs - sinceMs) / 1_000)
  const bad = Array.from({ length: seconds }, () => 0)
  const all = Array.from({ length: seconds }, () => 0)
  for (const call of calls) {
    const second = Math.floor((call.startedMs - sinceMs) / 1_000)
    if (call.door !== door || !people.has(call.group) || second < 0 || second >= seconds) continue
    all[second] = (all[second] ?? 0) + 1
    if (!isGood(call)) bad[second] = (bad[second] ?? 0) + 1
  }
  const last = bad.findLastIndex((count, second) => count > 0.01 * (all[second] ?? 0))
  return last === seconds - 1 ? undefined : last + 1
}
