import { HeadTimes } from '../edge-node/routing/proxy/head-times.ts'
import { HedgeBudget } from '../edge-node/routing/proxy/hedge-budget.ts'
import { createRandom, type Random } from '../test/helpers/random.ts'

/**
 * What hedging saves, in simulation: a node 4 ms away and one 30 ms away, eight requests at a time each, that stand still now and then, and functions of
 * which some are slow everywhere. `node benchmarks/hedging.ts`, one line of JSON a case; two minutes of traffic each. The seed is fixed,
 * but hedges draw too: cases differ by chance as well.
 */
interface Case {
  readonly name: string
  readonly requestsPerSecond: number
  readonly pauseMs: number
  readonly slowShare: number
}

const horizonMs = 120_000
const pauseEveryMs = 20_000
const atATime = 8
const hedgeMsMin = 30
const cases: readonly Case[] = [
  { name: 'calm', requestsPerSecond: 400, pauseMs: 0, slowShare: 0 },
  { name: 'pauses of 100 ms', requestsPerSecond: 400, pauseMs: 100, slowShare: 0 },
  { name: 'pauses of 400 ms', requestsPerSecond: 400, pauseMs: 400, slowShare: 0 },
  { name: 'pauses of 400 ms, 5 % slow functions', requestsPerSecond: 200, pauseMs: 400, slowShare: 0.05 },
  { name: 'nearly full', requestsPerSecond: 1_250, pauseMs: 0, slowShare: 0 },
]

/** Serves in order, so many at a time, and stands still in its pauses. */
class SimulatedNode {
  readonly #roundTripMs: number
  readonly #freeAtMs = Array.from({ length: atATime }, () => 0)
  readonly #pauses: (readonly [number, number])[] = []

  constructor(roundTripMs: number, pauseMs: number, random: Random) {
    this.#roundTripMs = roundTripMs
    if (pauseMs === 0) return
    let atMs = random.exponential(pauseEveryMs)
    while (atMs < horizonMs) {
      const untilMs = atMs + pauseMs * (0.5 + random.next())
      this.#pauses.push([atMs, untilMs])
      atMs = untilMs + random.exponential(pauseEveryMs)
    }
  }

  /** When the answer's head is back. */
  answerAtMs(sentAtMs: number, workMs: number): number {
    const soonest = Math.min(...this.#freeAtMs)
    const startMs = Math.max(sentAtMs + this.#roundTripMs / 2, soonest)
    let endMs = startMs + workMs
    for (const [from, until] of this.#pauses) if (from <= endMs && until >= startMs) endMs += until - Math.max(from, startMs)
    this.#freeAtMs[this.#freeAtMs.indexOf(soonest)] = endMs
    return endMs + this.#roundTripMs / 2
  }
}

function simulate({ requestsPerSecond, pauseMs, slowShare }: Case, quantile: number | undefined): Record<string, number> {
  const random = createRandom(7)
  const [near, far] = [new SimulatedNode(4, pauseMs, random), new SimulatedNode(30, pauseMs, random)]
  const [times, budget] = [new HeadTimes(), new HedgeBudget()]
  const tookMs: number[] = []
  let underWay: { readonly endMs: number; readonly tookMs: number }[] = []
  let [hedges, won] = [0, 0]
  for (let nowMs = 0; nowMs < horizonMs; nowMs += random.exponential(1_000 / requestsPerSecond)) {
    budget.deposit()
    const isSlow = random.next() < slowShare
    const workMs = (): number => (isSlow ? 300 + random.next() * 400 : 2 + random.exponential(4))
    const firstMs = near.answerAtMs(nowMs, workMs())
    const arrived = underWay.filter(({ endMs }) => endMs <= nowMs)
    if (arrived.length > 0) underWay = underWay.filter(({ endMs }) => endMs > nowMs)
    for (const answer of arrived) times.add(answer.tookMs)
    const usualMs = quantile === undefined ? undefined : times.quantileMs(quantile)
    const dueMs = usualMs === undefined ? Number.POSITIVE_INFINITY : nowMs + Math.max(hedgeMsMin, usualMs)
    let endMs = firstMs
    if (dueMs < firstMs && budget.withdraw()) {
      endMs = Math.min(firstMs, far.answerAtMs(dueMs, workMs()))
      hedges += 1
      if (endMs < firstMs) won += 1
    }
    underWay.push({ endMs, tookMs: endMs - nowMs })
    tookMs.push(endMs - nowMs)
  }
  tookMs.sort((left, right) => left - right)
  const at = (share: number): number => Math.round(tookMs[Math.floor(tookMs.length * share)] ?? 0)
  return { requests: tookMs.length, hedges, won, p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}

for (const each of cases) {
  for (const quantile of [undefined, 0.95, 0.98, 0.99]) {
    process.stdout.write(`${JSON.stringify({ case: each.name, hedgeAfter: quantile ?? 'never', ...simulate(each, quantile) })}\n`)
  }
}
