import { latencyBucketOf, latencyBuckets, type Margins, marginsSchema } from '../../control-plane/protocol/index.ts'
import { findFault, type Sample } from '../../control-plane/releases/judge.ts'
import { createRandom, type Random } from '../../test/helpers/random.ts'

/** How one side behaves. */
export interface Behaviour {
  /** Share of the requests that fail, 0 to 1. */
  readonly failing: number
  /** Median latency in ms; latencies are log-normal with a sigma of 0.6. */
  readonly medianMs: number
  /** Share of the requests that take 500 ms more. */
  readonly stalling?: number
}

export interface Scenario {
  readonly requestsPerSecond: number
  readonly old: Behaviour
  readonly fresh: Behaviour
  /** Clients that send the same amount each and stay on their side; absent: every request is of another. */
  readonly clients?: { readonly count: number; readonly alwaysFailing: number }
}

export interface Outcome {
  readonly isRolledBack: boolean
  /** When it was, in seconds, and the share that the new version had by then. */
  readonly seconds: number
  readonly percent: number
  /** Requests that failed for being answered by the new version and not the old one, at least. */
  readonly harmed: number
}

type Judge = (fresh: Sample, old: Sample, margins: Margins) => boolean

/** Condemns by what was measured, without asking how certain it is. */
export const judgeRaw: Judge = (fresh, old, { errorPoints, minimumRequests }) =>
  Math.min(fresh.requests, old.requests) >= minimumRequests && (fresh.failures / fresh.requests - old.failures / old.requests) * 100 > errorPoints

export const judgeBy = (evidence: number): Judge => (fresh, old, margins) => findFault(fresh, old, margins, evidence) !== undefined

const steps = [1, 10, 50]
const stepSeconds = 300
const lookSeconds = 5
const recentLooks = 12
const longestSeconds = 4 * 3_600

interface Counts {
  requests: number
  failures: number
  latency: Uint32Array
}

/** One roll-out over 1, 10 and 50 % of five minutes each, looked at every five seconds as the control plane does. */
export function simulate(scenario: Scenario, judge: Judge, random: Random): Outcome {
  const margins = marginsSchema.parse({})
  const draw = { fresh: createLatency(scenario.fresh, random), old: createLatency(scenario.old, random) }
  const luck = Array.from({ length: scenario.clients?.count ?? 0 }, () => random.next() * 100)
  let seconds = 0
  let harmed = 0
  for (const percent of steps) {
    const step = [empty(), empty()] as const
    const recent: (readonly [Counts, Counts])[] = []
    for (let held = 0; ; held += lookSeconds) {
      const isEnough = Math.min(step[0].requests, step[1].requests) >= margins.minimumRequests
      if ((held >= stepSeconds && isEnough) || seconds > longestSeconds) break
      const look = [empty(), empty()] as const
      for (let count = scenario.requestsPerSecond * lookSeconds; count > 0; count -= 1) {
        const client = luck.length === 0 ? undefined : random.between(0, luck.length - 1)
        const isFresh = (client === undefined ? random.next() * 100 : (luck[client] ?? 0)) < percent
        const side = isFresh ? look[0] : look[1]
        const behaviour = isFresh ? scenario.fresh : scenario.old
        const fails = (client !== undefined && client < (scenario.clients?.alwaysFailing ?? 0)) || random.next() < behaviour.failing
        side.requests += 1
        if (fails) side.failures += 1
        const bucket = isFresh ? draw.fresh() : draw.old()
        side.latency[bucket] = (side.latency[bucket] ?? 0) + 1
      }
      harmed += Math.max(0, look[0].failures - look[0].requests * scenario.old.failing)
      seconds += lookSeconds
      recent.push(look)
      if (recent.length > recentLooks) recent.shift()
      for (const side of [0, 1] as const) add(step[side], look[side])
      const last = [empty(), empty()] as const
      for (const one of recent) for (const side of [0, 1] as const) add(last[side], one[side])
      if (judge(step[0], step[1], margins) || judge(last[0], last[1], margins)) return { isRolledBack: true, seconds, percent, harmed }
    }
  }
  return { isRolledBack: false, seconds, percent: 100, harmed }
}

/** Many roll-outs of one scenario. */
export function repeat(scenario: Scenario, judge: Judge, times: number, seed: number): { readonly rolledBack: number; readonly medianSeconds: number; readonly medianPercent: number; readonly medianHarmed: number } {
  const random = createRandom(seed)
  const outcomes = Array.from({ length: times }, () => simulate(scenario, judge, random.fork()))
  const ended = outcomes.filter(({ isRolledBack }) => isRolledBack)
  const median = (of: (outcome: Outcome) => number): number => ended.map(of).toSorted((first, second) => first - second)[Math.floor(ended.length / 2)] ?? Number.NaN
  return {
    rolledBack: ended.length / times, medianSeconds: median(({ seconds }) => seconds), medianPercent: median(({ percent }) => percent),
    medianHarmed: Math.round(median(({ harmed }) => harmed)),
  }
}

function createLatency({ medianMs, stalling = 0 }: Behaviour, random: Random): () => number {
  // A table of drawn latencies is as good as drawing each anew, and quicker.
  const table = Uint8Array.from({ length: 8_192 }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
    return latencyBucketOf(medianMs * Math.exp(0.6 * normal) + (random.next() < stalling ? 500 : 0))
  })
  return () => table[random.between(0, table.length - 1)] ?? 0
}

function empty(): Counts {
  return { requests: 0, failures: 0, latency: new Uint32Array(latencyBuckets) }
}

function add(sum: Counts, counts: Counts): void {
  sum.requests += counts.requests
  sum.failures += counts.failures
  for (let bucket = 0; bucket < latencyBuckets; bucket += 1) sum.latency[bucket] = (sum.latency[bucket] ?? 0) + (counts.latency[bucket] ?? 0)
}
