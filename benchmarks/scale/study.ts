import type { Figures } from './figures.ts'
import { type ClusterPrediction, gigabyte, predictCluster } from './model/cluster.ts'
import { type ControlPlaneLoad, loadOfNodes, modelControlPlane } from './model/control-plane.ts'
import { codeBounds, deriveLimits, type Limits } from './model/limits.ts'
import { zipf, zipfShares } from './model/popularity.ts'
import { baseScenario, type Scenario } from './model/scenario.ts'
import { type Balance, balance } from './model/sharing-out.ts'
import { type Sizing, sizeCluster } from './model/sizing.ts'
import { predictWarm } from './model/warm-model.ts'
import { IsolateCache } from './simulate/isolate-cache.ts'
import { type PlacementResult, simulatePlacement, simulateShared } from './simulate/placement.ts'
import { simulate, type SimulationResult } from './simulate/simulate.ts'

export interface SweepLine {
  readonly title: string
  readonly prediction: ClusterPrediction
}

export interface MemoryPoint {
  readonly isolateGb: number
  readonly warmShare: number
}

/** Everything that the document shows, computed once. The same figures and scenario give the same study. */
export interface Study {
  readonly figures: Figures
  readonly scenario: Scenario
  readonly limits: Limits
  readonly base: ClusterPrediction
  readonly sweep: readonly SweepLine[]
  readonly sizings: readonly { readonly exponent: number; readonly homeShare: number; readonly sizing: Sizing }[]
  /** Warm share by memory of a location, predicted, and simulated at a few. */
  readonly memoryCurves: readonly { readonly exponent: number; readonly predicted: readonly MemoryPoint[]; readonly simulated: readonly MemoryPoint[] }[]
  readonly placement: readonly PlacementResult[]
  readonly sharedPlacement: SimulationResult
  readonly balances: readonly (Balance & { readonly exponent: number; readonly nodes: number })[]
  readonly controlPlane: readonly (ControlPlaneLoad & { readonly nodes: number })[]
}

const exponents = [0.8, 1, 1.2] as const
const memoryGb = [1, 2, 4, 8, 16, 32, 64, 128, 256, 500] as const
const simulatedGb = [4, 32, 128] as const
const accounts = [1, 10, 30, 100, 300, 1_000, 10_000, 100_000] as const
const accountExponent = 0.8
/** Of a location in the middle, for what is simulated. */
const simulated = { requests: 1_200_000, warmUp: 800_000, seed: 1 } as const
/** The first as if only relays followed the feed. */
const nodeCounts = [20, 50, 300, 600, 1_200, 2_000] as const

export function study(figures: Figures, scenario: Scenario = baseScenario, progress: (text: string) => void = () => undefined): Study {
  const limits = deriveLimits(figures)
  progress('the cluster')
  const base = predictCluster(scenario, figures)
  const sweep = variations.map(([title, change]) => ({ title, prediction: predictCluster({ ...scenario, ...change }, figures) }))
  progress('nodes that are needed')
  const sizings = exponents.flatMap((exponent) => [0, 0.8].map((homeShare) => ({
    exponent, homeShare, sizing: sizeCluster({ ...scenario, exponent, homeShare }, figures),
  })))
  progress('caches, simulated')
  const memoryCurves = exponents.map((exponent) => memoryCurve(exponent, scenario, figures))
  progress('cells, simulated')
  const onNode = {
    ...simulated, functions: scenario.functions, exponent: scenario.exponent, accountExponent,
    requestsPerSecond: scenario.requestsPerSecond / scenario.locations / scenario.nodesPerLocation,
  }
  const settings = { cellsMax: codeBounds.cells, cellsPerAccount: codeBounds.cellsPerAccount, isolatesPerCell: limits.isolatesPerCell, idleSeconds: scenario.idleSeconds }
  const placement = accounts.map((count) => simulatePlacement(settings, { ...onNode, accounts: count }))
  const sharedPlacement = simulateShared(isolatesOf(scenario.isolateGbPerNode, figures), scenario.idleSeconds, { ...onNode, accounts: 1 })
  progress('sharing out')
  const balances = exponents.flatMap((exponent) => [2, 4, 8].map((nodes) => ({ exponent, nodes, ...balance(scenario.functions, exponent, nodes) })))
  const model = modelControlPlane(figures)
  const controlPlane = nodeCounts.map((nodes) => ({ nodes, ...loadOfNodes(model, { nodes, functions: 0 }) }))
  return { figures, scenario, limits, base, sweep, sizings, memoryCurves, placement, sharedPlacement, balances, controlPlane }
}

const variations: readonly (readonly [string, Partial<Scenario>])[] = [
  ['as assumed', {}],
  ['popularity: exponent 0.8', { exponent: 0.8 }],
  ['popularity: exponent 1.2', { exponent: 1.2 }],
  ['any node of a location gets any request', { within: 'spread' }],
  ['4 GB for isolates on each node', { isolateGbPerNode: 4 }],
  ['64 GB for isolates on each node', { isolateGbPerNode: 64 }],
  ['8 nodes a location', { nodesPerLocation: 8 }],
  ['8 nodes a location, any gets any request', { nodesPerLocation: 8, within: 'spread' }],
  ['10,000 requests a second', { requestsPerSecond: 10_000 }],
  ['1,000,000 requests a second', { requestsPerSecond: 1_000_000 }],
  ['idle for 60 s at most', { idleSeconds: 60 }],
  ['idle for an hour at most', { idleSeconds: 3_600 }],
  ['half of the requests from a home region', { homeShare: 0.5 }],
  ['nine tenths from a home region', { homeShare: 0.9 }],
]

function isolatesOf(gb: number, { isolates }: Pick<Figures, 'isolates'>): number {
  return Math.floor((gb * gigabyte) / isolates.isolateBytes)
}

/** One cache of a location in the middle, without idle time-out, so that memory alone decides. */
function memoryCurve(exponent: number, scenario: Scenario, figures: Figures): Study['memoryCurves'][number] {
  const { functions, locations } = scenario
  const requestsPerSecond = scenario.requestsPerSecond / locations
  const popularity = zipf(functions, exponent)
  const shares = zipfShares(functions, exponent)
  const bounds = (gb: number) => ({ capacity: isolatesOf(gb, figures), idleSeconds: Number.MAX_SAFE_INTEGER })
  return {
    exponent,
    predicted: memoryGb.map((isolateGb) => ({ isolateGb, warmShare: predictWarm(popularity, requestsPerSecond, bounds(isolateGb)).warmShare })),
    simulated: simulatedGb.map((isolateGb) => ({
      isolateGb, warmShare: simulate(new IsolateCache(functions, bounds(isolateGb)), { ...simulated, shares, requestsPerSecond }).warmShare,
    })),
  }
}
