import { describe, expect, it } from 'vitest'
import { predictCluster } from './cluster.ts'
import { baseScenario, type Scenario } from './scenario.ts'
import { sizeCluster } from './sizing.ts'

const figures = {
  isolates: { isolateBytes: 1_000_000, called: 1, kept: 1, coldCpuMs: 10, idleNodeBytes: 0, idleCellBytes: 0 },
  warm: { nodeCpuMs: 0.03, cellCpuMs: 0.02 },
}
const small: Scenario = { ...baseScenario, functions: 10_000, locations: 10, requestsPerSecond: 1_000, isolateGbPerNode: 0.5, nodesPerLocation: 2 }

describe('predictCluster', () => {
  it('shares all requests out over the locations, the largest first', () => {
    const { locations } = predictCluster(small, figures)
    expect(locations).toHaveLength(10)
    expect(locations.reduce((sum, { requestsPerSecond }) => sum + requestsPerSecond, 0)).toBeCloseTo(1_000, 6)
    expect(locations[0]?.requestsPerSecond).toBeGreaterThan(locations[9]?.requestsPerSecond ?? Infinity)
  })

  it('counts the cores that its figures come to', () => {
    const { requestCores, coldCores, coldPerSecond, warmShare } = predictCluster(small, figures)
    expect(requestCores).toBeCloseTo(0.05, 9)
    expect(coldCores).toBeCloseTo(coldPerSecond / 100, 9)
    expect(warmShare).toBeCloseTo(1 - coldPerSecond / 1_000, 9)
  })

  it('holds no more isolates than there is memory for', () => {
    const { resident } = predictCluster(small, figures)
    expect(resident).toBeGreaterThan(0)
    expect(resident).toBeLessThanOrEqual(10 * 2 * 500)
  })

  it('is warmer where nodes share functions out, and as warm where there is but one', () => {
    const warm = (change: Partial<Scenario>): number => predictCluster({ ...small, ...change }, figures).warmShare
    expect(warm({ within: 'sharded' })).toBeGreaterThan(warm({ within: 'spread' }))
    expect(warm({ within: 'sharded', nodesPerLocation: 1 })).toBeCloseTo(warm({ within: 'spread', nodesPerLocation: 1 }), 9)
  })

  it('is warmer where functions have a home', () => {
    expect(predictCluster({ ...small, homeShare: 0.8 }, figures).warmShare).toBeGreaterThan(predictCluster(small, figures).warmShare)
  })
})

describe('sizeCluster', () => {
  it('has two nodes in each location at least', () => {
    expect(sizeCluster({ ...small, requestsPerSecond: 10 }, figures)).toMatchObject({ nodes: 20, mostInALocation: 2 })
  })

  it('has as many nodes as keep half of their cores free', () => {
    const scenario = { ...small, requestsPerSecond: 200_000 }
    const { nodes, mostInALocation, coldPerSecond } = sizeCluster(scenario, figures)
    expect(mostInALocation).toBeGreaterThan(2)
    const busyCores = scenario.requestsPerSecond * 0.000_05 + coldPerSecond * 0.01
    expect(busyCores).toBeLessThanOrEqual(nodes * scenario.coresPerNode * 0.5)
  })
})
