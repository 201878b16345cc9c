import type { NodeCondition } from './node-health.ts'

/** At most this share of the nodes, though one, is out at a time for what the traffic says. */
const ejectedShareMax = 0.34
/** The faults of who is ejected are so many times as frequent as those of the others: what all have is no node's. */
const peersFactor = 3

/** What is known of a node where one is to be ejected. */
export interface NodeRecord {
  readonly condition: NodeCondition
  /** Answers its checks far later than it used to. */
  readonly isSluggish: boolean
  readonly requests: number
  readonly faults: number
}

/** Whether one node may be taken out for what the traffic says: others serve and do clearly better, and not too many are out already. */
export function mayEject(own: NodeRecord, others: readonly NodeRecord[]): boolean {
  const serving = others.filter(({ condition }) => condition === 'up' || condition === 'trial')
  const ejected = others.filter(({ condition }) => condition === 'ejected').length
  const ejectedMax = Math.max(1, Math.floor((others.length + 1) * ejectedShareMax))
  if (serving.length === 0 || ejected >= ejectedMax) return false
  if (serving.filter(({ isSluggish }) => isSluggish).length > serving.length / 2) return false
  const requests = serving.reduce((sum, record) => sum + record.requests, 0)
  const faults = serving.reduce((sum, record) => sum + record.faults, 0)
  return own.faults * (requests + 1) >= faults * own.requests * peersFactor
}
