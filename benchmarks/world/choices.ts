import { fractionOf, nextPressureMs, pressureStepMs } from '../../geography/index.ts'
import { createRandom } from '../../test/helpers/random.ts'

/**
 * How a gateway chooses among the equally near nodes of one town: those that a function prefers, until they are pressed (as it is); the less busy of its
 * first two, by the requests that this gateway has under way there; or by the load that nodes told last.
 */
const policies = ['pressure', 'two, by own requests', 'two, by told loads'] as const
export type Policy = (typeof policies)[number]

export interface ChoiceOutcome {
  readonly policy: Policy
  /** Requests a second of the one function that many call, and of all others together; each node does 1,000. */
  readonly hot: number
  readonly cold: number
  readonly waitP99Ms: number
  /** Mean over time of what the fullest node is asked, in shares of what it can do. */
  readonly fullest: number
  /** On how many nodes a function runs, and has to be loaded and kept, in the mean. */
  readonly nodesPerFunction: number
}

const town = ['a-1', 'a-2', 'a-3', 'a-4']
const gateways = 3
const wayMs = 0.75
const serviceMs = 1
const coldFunctions = 200
const clients = 1_000
const seconds = 30
const settledAfterMs = 10_000
/** As near as in `rankNodes`. */
const nearMs = 0.5

/** All policies under some loads; the same numbers in every run. */
export function compareChoices(): readonly ChoiceOutcome[] {
  const loads = [[0, 1_600], [600, 1_000], [1_500, 1_000]] as const
  return loads.flatMap(([hot, cold]) => policies.map((policy) => play(policy, hot, cold)))
}

/** A town's node in the play: a queue of one server. */
interface TownNode {
  readonly name: string
  readonly ownInFlight: number[]
  freeAtMs: number
  asked: number
  load: number
  pressureMs: number
  heardMs: number
}

function play(policy: Policy, hot: number, cold: number): ChoiceOutcome {
  const random = createRandom(7)
  const nodes = town.map((name): TownNode => ({
    name, ownInFlight: Array.from({ length: gateways }, () => 0), freeAtMs: 0, asked: 0, load: 0, pressureMs: 0, heardMs: 0,
  }))
  const answers: { readonly atMs: number; readonly end: () => void }[] = []
  const waits: number[] = []
  const fullest: number[] = []
  const used = new Set<string>()
  let stepAtMs: number = pressureStepMs
  for (let nowMs = random.exponential(1_000 / (hot + cold)); nowMs < seconds * 1_000; nowMs += random.exponential(1_000 / (hot + cold))) {
    while ((answers[0]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs) answers.shift()?.end()
    for (; stepAtMs <= nowMs; stepAtMs += pressureStepMs) {
      for (const node of nodes) step(node)
      fullest.push(Math.max(...nodes.map(({ load }) => load)))
    }
    const name = random.next() < hot / (hot + cold) ? 'hot' : `cold-${random.between(1, coldFunctions)}`
    const gateway = random.between(0, gateways - 1)
    const node = choose(policy, nodes, name, `client-${random.between(1, clients)}`, gateway)
    used.add(`${name} ${node.name}`)
    node.asked += 1
    node.ownInFlight[gateway] = (node.ownInFlight[gateway] ?? 0) + 1
    const beginsMs = Math.max(nowMs + wayMs, node.freeAtMs)
    node.freeAtMs = beginsMs + random.exponential(serviceMs)
    if (nowMs > settledAfterMs) waits.push(beginsMs - nowMs - wayMs)
    const atMs = node.freeAtMs + wayMs
    const position = answers.findLastIndex((answer) => answer.atMs <= atMs) + 1
    answers.splice(position, 0, { atMs, end: () => {
      node.ownInFlight[gateway] = (node.ownInFlight[gateway] ?? 0) - 1
    } })
  }
  waits.sort((left, right) => left - right)
  const settled = fullest.slice(settledAfterMs / pressureStepMs)
  return {
    policy, hot, cold, waitP99Ms: waits[Math.floor(waits.length * 0.99)] ?? 0, fullest: settled.reduce((sum, load) => sum + load, 0) / settled.length,
    nodesPerFunction: used.size / (coldFunctions + (hot > 0 ? 1 : 0)),
  }
}

function step(node: TownNode): void {
  node.load = (node.asked * serviceMs) / pressureStepMs
  node.asked = 0
  node.heardMs = node.pressureMs
  node.pressureMs = nextPressureMs(node.pressureMs, node.load)
}

function choose(policy: Policy, nodes: readonly TownNode[], functionName: string, client: string, gateway: number): TownNode {
  const felt = nodes.map((node) => ({ node, costMs: 2 * node.heardMs * fractionOf(client, node.name) }))
  const leastMs = Math.min(...felt.map(({ costMs }) => costMs))
  const [first, second] = felt.filter(({ costMs }) => costMs <= leastMs + nearMs).map(({ node }) => node)
    .toSorted((left, right) => fractionOf(functionName, left.name) - fractionOf(functionName, right.name))
  if (first === undefined) throw new RangeError('nobody is left')
  if (second === undefined || policy === 'pressure') return first
  const isLess = policy === 'two, by own requests' ? (second.ownInFlight[gateway] ?? 0) < (first.ownInFlight[gateway] ?? 0) : second.load < first.load
  return isLess ? second : first
}
