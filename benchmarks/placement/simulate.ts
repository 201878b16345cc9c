import { Peers, VersionPlacement } from '../../edge-node/placement/index.ts'
import type { RoutableNode } from '../../geography/index.ts'
import { createRandom, type Random } from '../../test/helpers/random.ts'
import { nodeRegions, region, roundTripMs, sampleRoundTripMs } from './world.ts'

export interface Scenario {
  /** Where the back end answers from; the nearest of several, as with anycast. */
  readonly backEnds: readonly string[]
  /** Where it answers from after half of the time. */
  readonly movesTo?: readonly string[]
  /** Rounds of subrequests of a request, one after another: one of these by lot. */
  readonly rounds: readonly number[]
  /** What the back end takes for each on average, in ms. */
  readonly serviceMs: number
  readonly requestsPerSecond: number
  readonly minutes: number
  /** A node that is slow and quick by turns, whatever it is asked; where it stands. */
  readonly noisy?: string
  /** In the second third of the time the back end answers 502 after no time, or the node nearest to it refuses connections. */
  readonly outage?: 'back end' | 'runner'
}

/** Who says where a request is run. */
export interface Strategy {
  choose(nowMs: number): { readonly node: string; readonly isTrial: boolean; readonly answered: (ms: number, status: number, waits: Waited, nowMs: number) => void; readonly failed: (nowMs: number) => void }
  readonly moves: number
}

export interface Waited {
  readonly rounds: number
  readonly waitedMs: number
}

export type MakeStrategy = (door: string, nodes: readonly RoutableNode[], scenario: Scenario, random: Random) => Strategy

export interface Outcome {
  readonly meanMs: number
  readonly p95Ms: number
  /** Share of the requests that were tried elsewhere. */
  readonly trialShare: number
  /** Of those in the last third of each half that were not tried: run where another place is clearly better on average, by the world's own distances. */
  readonly wrongShare: number
  readonly moves: number
  readonly errors: number
}

interface Connections {
  readonly usedMs: Map<string, number>
}

const toBackEndIdleMs = 4_000
const toNodeIdleMs = 10_000
const coldAfterMs = 5 * 60_000

/** What a request takes on average at a node once connections are open, in ms. */
export function expectedMs(door: string, node: string, backEnds: readonly string[], { rounds, serviceMs }: Scenario): number {
  const mean = rounds.reduce((sum, each) => sum + each, 0) / rounds.length
  const nearest = Math.min(...backEnds.map((backEnd) => roundTripMs(node, backEnd)))
  return workMs + (node === door ? 0 : roundTripMs(door, node)) + mean * (nearest * 1.03 + 0.5 + serviceMs)
}

const workMs = 3

/** Runs one function's requests through one door. */
export function simulate(scenario: Scenario, door: string, make: MakeStrategy, seed: number): Outcome {
  const random = createRandom(seed)
  const [arrivals, chance, lots] = [random.fork(), random.fork(), random.fork()]
  const nodes: RoutableNode[] = nodeRegions.filter((code) => code !== door).map((code) => ({ ...region(code), name: code, region: code, draining: false, healthy: true }))
  const strategy = make(door, nodes, scenario, lots)
  const connections: Connections = { usedMs: new Map() }
  const [times, pending]: [number[], Array<{ readonly atMs: number; readonly run: () => void }>] = [[], []]
  let [trials, wrong, judged, errors] = [0, 0, 0, 0]
  const endMs = scenario.minutes * 60_000
  const bestNode = best(door, scenario.backEnds, scenario)
  const better = new Map<string, boolean>()
  for (let nowMs = arrivals.exponential(1_000 / scenario.requestsPerSecond); nowMs < endMs; nowMs += arrivals.exponential(1_000 / scenario.requestsPerSecond)) {
    pending.sort((a, b) => a.atMs - b.atMs)
    while ((pending[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) pending.shift()?.run()
    const isSecondHalf = nowMs >= endMs / 2
    const backEnds = isSecondHalf ? (scenario.movesTo ?? scenario.backEnds) : scenario.backEnds
    const isOut = scenario.outage !== undefined && nowMs >= endMs / 3 && nowMs < (2 * endMs) / 3
    const choice = strategy.choose(nowMs)
    let { node } = choice
    let lostMs = 0
    if (isOut && scenario.outage === 'runner' && node === bestNode && node !== door) {
      lostMs = roundTripMs(door, node)
      choice.failed(nowMs + lostMs)
      node = door
    }
    const { ms, waits } = serve(scenario, { door, node, backEnds, isBackEndOut: isOut && scenario.outage === 'back end' }, connections, chance, nowMs)
    const status = isOut && scenario.outage === 'back end' ? 502 : 200
    if (status !== 200) errors += 1
    else times.push(lostMs + ms)
    if (choice.isTrial) trials += 1
    else if (nowMs % (endMs / 2) > endMs / 3 && !isOut) {
      judged += 1
      const key = `${node} ${isSecondHalf}`
      if (!better.has(key)) better.set(key, isWrong(door, node, backEnds, scenario))
      if (better.get(key) === true) wrong += 1
    }
    if (node === choice.node) {
      const atMs = nowMs + ms
      pending.push({ atMs, run: () => choice.answered(ms, status, waits, atMs) })
    }
  }
  const sorted = times.toSorted((a, b) => a - b)
  const count = times.length + errors
  return {
    meanMs: times.reduce((sum, ms) => sum + ms, 0) / times.length, p95Ms: sorted[Math.floor(sorted.length * 0.95)] ?? 0, trialShare: trials / count,
    wrongShare: wrong / Math.max(1, judged), moves: strategy.moves, errors,
  }
}

/** The place where a request takes least. */
function best(door: string, backEnds: readonly string[], scenario: Scenario): string {
  return nodeRegions.toSorted((a, b) => expectedMs(door, a, backEnds, scenario) - expectedMs(door, b, backEnds, scenario))[0] ?? door
}

/** Clearly slower than where the requests come in, or than the best by as much as moving has to save, and a fifth of what can be saved. */
function isWrong(door: string, node: string, backEnds: readonly string[], scenario: Scenario): boolean {
  const hereMs = expectedMs(door, door, backEnds, scenario)
  const ownMs = expectedMs(door, node, backEnds, scenario)
  const bestMs = Math.min(...nodeRegions.map((code) => expectedMs(door, code, backEnds, scenario)))
  return ownMs > hereMs + 5 || ownMs - bestMs > Math.max(5, 0.1 * hereMs, 0.2 * (hereMs - bestMs))
}

function serve(
  scenario: Scenario, at: { readonly door: string; readonly node: string; readonly backEnds: readonly string[]; readonly isBackEndOut: boolean },
  { usedMs }: Connections, random: Random, nowMs: number,
): { readonly ms: number; readonly waits: Waited } {
  const { door, node, backEnds } = at
  const idleMs = (key: string): number => {
    const before = usedMs.get(key) ?? Number.NEGATIVE_INFINITY
    usedMs.set(key, nowMs)
    return nowMs - before
  }
  let ms = random.exponential(workMs) + (idleMs(`run ${node}`) > coldAfterMs ? 15 : 0)
  if (node !== door) ms += sampleRoundTripMs(door, node, random) * (idleMs(`hop ${node}`) > toNodeIdleMs ? 2 : 1)
  if (node === scenario.noisy) return { ms: ms + (random.next() < 0.7 ? 0 : random.exponential(1_500)), waits: { rounds: 0, waitedMs: 0 } }
  if (at.isBackEndOut) return { ms, waits: { rounds: 1, waitedMs: 0 } }
  const backEnd = backEnds.toSorted((a, b) => roundTripMs(node, a) - roundTripMs(node, b))[0] ?? node
  const rounds = scenario.rounds[Math.floor(random.next() * scenario.rounds.length)] ?? 0
  let waitedMs = rounds > 0 && idleMs(`back end ${node} ${backEnd}`) > toBackEndIdleMs ? 2 * sampleRoundTripMs(node, backEnd, random) : 0
  for (let round = 0; round < rounds; round += 1) waitedMs += sampleRoundTripMs(node, backEnd, random) + random.exponential(scenario.serviceMs)
  return { ms: ms + waitedMs, waits: { rounds, waitedMs } }
}

/** As nodes do it. */
export const byTrial: MakeStrategy = (door, nodes, _scenario, random) => {
  const placement = new VersionPlacement({ ...region(door), name: door, peers: new Peers(() => nodes), random: () => random.next() })
  return {
    choose: (nowMs) => {
      const assignment = placement.choose({ isComparable: true, clientKey: 'client', regions: ['*'] }, nowMs)
      return {
        node: assignment.node, isTrial: assignment.side === 'challenger',
        answered: (ms, status, waits, atMs) => placement.answered(assignment, ms, status, assignment.node === door ? waits : undefined, atMs),
        failed: (atMs) => placement.failed(assignment, atMs),
      }
    },
    get moves() {
      return placement.moves
    },
  }
}

const stay = (node: string): Strategy => ({ choose: () => ({ node, isTrial: false, answered: () => undefined, failed: () => undefined }), moves: 0 })

/** Where the requests come in. */
export const here: MakeStrategy = (door) => stay(door)

/** Where a database of addresses says that the back end is: what anybody could do without measuring. */
export const byMap: MakeStrategy = (door, nodes, { backEnds }) => {
  const [first = door] = backEnds
  return stay([door, ...nodes.map(({ name }) => name)].toSorted((a, b) => roundTripMs(a, first) - roundTripMs(b, first))[0] ?? door)
}

/** Whoever knows the world: the best place of each half of the time. */
export const byOracle: MakeStrategy = (door, _nodes, scenario) => {
  const [before, after] = [best(door, scenario.backEnds, scenario), best(door, scenario.movesTo ?? scenario.backEnds, scenario)]
  return { ...stay(before), choose: (nowMs) => stay(nowMs >= scenario.minutes * 30_000 ? after : before).choose(nowMs) }
}

/** One request of a hundred goes to any other node, and all go where the mean of the last is least: what was tried first. */
export const sprinkled: MakeStrategy = (door, nodes, _scenario, random) => {
  const means = new Map<string, { count: number; mean: number }>()
  let present = door
  let moves = 0
  return {
    choose: () => {
      const isTrial = random.next() < 0.01
      const node = isTrial ? ([door, ...nodes.map(({ name }) => name)][Math.floor(random.next() * (nodes.length + 1))] ?? door) : present
      return {
        node, isTrial,
        answered: (ms, status) => {
          if (status >= 400) return
          const of = means.get(node) ?? { count: 0, mean: 0 }
          of.count += 1
          of.mean += (ms - of.mean) / Math.min(of.count, 64)
          means.set(node, of)
          const [best] = [...means].filter(([, { count }]) => count >= 5).toSorted(([, a], [, b]) => a.mean - b.mean)
          if (best === undefined || best[0] === present || best[1].mean > (means.get(present)?.mean ?? 0) - Math.max(5, 0.1 * of.mean)) return
          present = best[0]
          moves += 1
        },
        failed: () => {
          present = door
        },
      }
    },
    get moves() {
      return moves
    },
  }
}
