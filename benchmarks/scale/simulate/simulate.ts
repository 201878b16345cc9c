import { createRandom } from '../../../test/helpers/random.ts'
import { createSampler } from './sampler.ts'

/** What is simulated: takes a request for a function at a time, and tells whether it was warm. */
export interface SimulatedNode {
  readonly size: number
  request(id: number, nowSeconds: number): boolean
}

export interface SimulationOptions {
  /** By function. */
  readonly shares: Float64Array
  readonly requestsPerSecond: number
  readonly requests: number
  /** Of them, how many come before anything is counted. */
  readonly warmUp: number
  /** The same seed gives the same requests. */
  readonly seed: number
  /** Called when the warm-up is over. */
  readonly onWarm?: () => void
}

export interface SimulationResult {
  readonly warmShare: number
  /** Isolates that were there, on average over the requests that count. */
  readonly resident: number
}

/** Sends requests to a node as a Poisson process, each to a function by its share, whatever came before. */
export function simulate(node: SimulatedNode, { shares, requestsPerSecond, requests, warmUp, seed, onWarm }: SimulationOptions): SimulationResult {
  const generator = createRandom(seed)
  const random = (): number => generator.next()
  const sample = createSampler(shares, random)
  let nowSeconds = 0
  let warm = 0
  let resident = 0
  for (let index = 0; index < requests; index++) {
    if (index === warmUp) onWarm?.()
    nowSeconds -= Math.log(1 - random()) / requestsPerSecond
    const isWarm = node.request(sample(), nowSeconds)
    if (index < warmUp) continue
    if (isWarm) warm++
    resident += node.size
  }
  const counted = requests - warmUp
  return { warmShare: warm / counted, resident: resident / counted }
}
