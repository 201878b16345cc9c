import type { ColdStartRow, LoadRow } from './report/rows.ts'

/** What Skerry has set itself to reach beside workerd, in one run on one machine. */
export interface Target {
  readonly title: string
  readonly reached: boolean
  readonly detail: string
}

/** The targets that this run measured both sides of. */
export function judgeTargets(cold: readonly ColdStartRow[], load: readonly LoadRow[]): readonly Target[] {
  const targets: Target[] = []
  const ours = cold.find((row) => row.peer === 'skerry')?.summary
  const theirs = cold.find((row) => row.peer === 'workerd')?.summary
  if (ours !== undefined && theirs !== undefined) {
    targets.push({
      title: "cold start p50 at most 1/4 of workerd's",
      reached: ours.p50 <= theirs.p50 / 4,
      detail: `${ours.p50.toFixed(2)} ms to ${theirs.p50.toFixed(2)} ms, 1/${(theirs.p50 / ours.p50).toFixed(1)}`,
    }, {
      title: "cold start p99 at most workerd's p50",
      reached: ours.p99 <= theirs.p50,
      detail: `${ours.p99.toFixed(2)} ms to ${theirs.p50.toFixed(2)} ms`,
    })
  }
  for (const row of load) {
    const peer = load.find((other) => other.peer === 'workerd' && other.question === row.question && other.connections === row.connections)
    if (row.peer !== 'skerry' || row.question !== 'throughput' || peer === undefined) continue
    targets.push({
      title: `throughput at ${row.connections} connections above workerd's`,
      reached: row.requestsPerSecond > peer.requestsPerSecond,
      detail: `${Math.round(row.requestsPerSecond)} to ${Math.round(peer.requestsPerSecond)} requests/s, `
        + `${(row.requestsPerSecond / peer.requestsPerSecond).toFixed(2)}x`,
    })
  }
  return targets
}
