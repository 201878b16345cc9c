import { findRegion, rankNodes, regionCodes, type RoutableNode } from '../../../geography/index.ts'
import { cpuMillisecondsOf } from './clock.ts'

export interface RankingCost {
  readonly nodes: number
  readonly cpuMs: number
}

/** Enough for the clock of CPU time, which ticks in milliseconds. */
const nodesRanked = 400_000

/** What a gateway computes for each request: all nodes in order of their distance from the client. */
export async function measureRanking(nodeCount: number): Promise<RankingCost> {
  const codes = regionCodes()
  const nodes = Array.from({ length: nodeCount }, (_, index): RoutableNode => {
    const { code = 'fra', latitude = 0, longitude = 0 } = findRegion(codes[index % codes.length] ?? '') ?? {}
    return { name: `${code}-${index}`, region: code, latitude, longitude, draining: false, healthy: true }
  })
  const rankings = Math.ceil(nodesRanked / nodeCount)
  const rank = (): void => {
    for (let index = 0; index < rankings; index++) {
      rankNodes({ latitude: (index % 120) - 60, longitude: (index * 7) % 360 - 180 }, nodes, { tieKey: `function-${index}.example.com` })
    }
  }
  rank()
  const { cpuMs } = await cpuMillisecondsOf(rank)
  return { nodes: nodeCount, cpuMs: cpuMs / rankings }
}
