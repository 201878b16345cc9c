import type { Figures } from '../figures.ts'
import { gigabyte } from './cluster.ts'
import { regional, zipf } from './popularity.ts'
import type { Scenario } from './scenario.ts'
import { predictWarm } from './warm-model.ts'

export interface Sizing {
  /** Of all locations; two each at least. */
  readonly nodes: number
  /** Of the location with most requests. */
  readonly mostInALocation: number
  readonly warmShare: number
  readonly coldPerSecond: number
}

/** Of its cores a node is to be busy with no more on average, so that peaks and the loss of a neighbour find room. */
const busyMost = 0.5
const nodesLeast = 2
const nodesMost = 1_000

/** The nodes that each location needs, where more of them also hold more isolates, so that fewer have to be made. */
export function sizeCluster(scenario: Scenario, { isolates, warm }: Pick<Figures, 'isolates' | 'warm'>): Sizing {
  const world = zipf(scenario.functions, scenario.exponent)
  const popularity = scenario.homeShare === 0 ? world : regional(world, scenario)
  const isolatesPerNode = Math.floor((scenario.isolateGbPerNode * gigabyte) / isolates.isolateBytes)
  const locations = zipf(scenario.locations, scenario.locationExponent).map(({ share }) => {
    const requestsPerSecond = share * scenario.requestsPerSecond
    const predict = (nodes: number) => {
      const [caches, capacity] = scenario.within === 'sharded' ? [1, isolatesPerNode * nodes] : [nodes, isolatesPerNode]
      const coldPerSecond = predictWarm(popularity, requestsPerSecond / caches, { capacity, idleSeconds: scenario.idleSeconds }).coldPerSecond * caches
      const busyCores = (requestsPerSecond * (warm.nodeCpuMs + warm.cellCpuMs) + coldPerSecond * isolates.coldCpuMs) / 1_000
      return { coldPerSecond, isEnough: busyCores <= busyMost * scenario.coresPerNode * nodes }
    }
    let nodes = nodesLeast
    let predicted = predict(nodes)
    while (!predicted.isEnough && nodes < nodesMost) predicted = predict(++nodes)
    return { nodes, coldPerSecond: predicted.coldPerSecond }
  })
  const coldPerSecond = locations.reduce((sum, each) => sum + each.coldPerSecond, 0)
  return {
    nodes: locations.reduce((sum, { nodes }) => sum + nodes, 0), mostInALocation: Math.max(...locations.map(({ nodes }) => nodes)),
    warmShare: 1 - coldPerSecond / scenario.requestsPerSecond, coldPerSecond,
  }
}
