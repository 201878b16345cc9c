import { rankNodes, type RoutableNode } from '../../../geography/index.ts'
import { zipfShares } from './popularity.ts'

export interface Balance {
  /** Of all requests of a location. */
  readonly hottestFunctionShare: number
  /** What the busiest node gets, as a multiple of an equal share. */
  readonly busiestNode: number
}

/** Functions that are shared out one by one; all others are too small to matter, and are taken to be even. */
const sharedOneByOne = 50_000

/** How evenly `rankNodes` shares functions out over the nodes of one place, by their host names, as gateway, DNS and SDK ask it to. */
export function balance(functions: number, exponent: number, nodeCount: number): Balance {
  const shares = zipfShares(functions, exponent)
  const nodes = Array.from({ length: nodeCount }, (_, index): RoutableNode => {
    return { name: `fra-${index + 1}`, region: 'fra', latitude: 50.03, longitude: 8.57, draining: false, healthy: true }
  })
  const loads = new Map(nodes.map(({ name }) => [name, 0]))
  let sharedOut = 0
  for (const [index, share] of shares.subarray(0, sharedOneByOne).entries()) {
    const [first] = rankNodes(undefined, nodes, { tieKey: `function-${index}.account-${index % 997}.example.com` })
    if (first === undefined) continue
    loads.set(first.name, (loads.get(first.name) ?? 0) + share)
    sharedOut += share
  }
  const rest = (1 - sharedOut) / nodeCount
  return { hottestFunctionShare: shares[0] ?? 0, busiestNode: (Math.max(...loads.values()) + rest) * nodeCount }
}
