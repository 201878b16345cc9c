import type { Figures } from '../figures.ts'
import { regional, zipf } from './popularity.ts'
import type { Scenario } from './scenario.ts'
import { predictWarm, type WarmPrediction } from './warm-model.ts'

export const gigabyte = 1_000_000_000

export interface LocationPrediction extends WarmPrediction {
  readonly requestsPerSecond: number
}

export interface ClusterPrediction {
  readonly warmShare: number
  readonly coldPerSecond: number
  /** Isolates everywhere. */
  readonly resident: number
  /** Cores that are busy with requests, and with making isolates. */
  readonly requestCores: number
  readonly coldCores: number
  /** Of all locations, the one with most requests first. */
  readonly locations: readonly LocationPrediction[]
}

/** The whole cluster, each location by itself: they share nothing but the control plane. */
export function predictCluster(scenario: Scenario, { isolates, warm }: Pick<Figures, 'isolates' | 'warm'>): ClusterPrediction {
  const { functions, exponent, homeShare, regions, idleSeconds, nodesPerLocation, within } = scenario
  const world = zipf(functions, exponent)
  const popularity = homeShare === 0 ? world : regional(world, { regions, homeShare })
  const isolatesPerNode = Math.floor((scenario.isolateGbPerNode * gigabyte) / isolates.isolateBytes)
  // Nodes that share functions out are one larger cache; nodes that each may get any request are several small ones with the same in them.
  const [caches, capacity] = within === 'sharded' ? [1, isolatesPerNode * nodesPerLocation] : [nodesPerLocation, isolatesPerNode]
  const locations = zipf(scenario.locations, scenario.locationExponent).map(({ share }): LocationPrediction => {
    const requestsPerSecond = share * scenario.requestsPerSecond
    const one = predictWarm(popularity, requestsPerSecond / caches, { capacity, idleSeconds })
    return { ...one, requestsPerSecond, coldPerSecond: one.coldPerSecond * caches, resident: one.resident * caches }
  })
  const sum = (read: (location: LocationPrediction) => number): number => locations.reduce((total, location) => total + read(location), 0)
  const coldPerSecond = sum((location) => location.coldPerSecond)
  return {
    warmShare: 1 - coldPerSecond / scenario.requestsPerSecond, coldPerSecond, resident: sum((location) => location.resident), locations,
    requestCores: (scenario.requestsPerSecond * (warm.nodeCpuMs + warm.cellCpuMs)) / 1_000,
    coldCores: (coldPerSecond * isolates.coldCpuMs) / 1_000,
  }
}
