import { runWrk } from '../../load/wrk.ts'
import type { PeerContext } from '../../peers/peer.ts'
import { hostOf, publish, startSkerryNode } from '../../peers/skerry-node.ts'
import { childrenOf, cpuMillisecondsOf } from '../../process-tree.ts'
import { warmHello } from '../../workload.ts'

export interface WarmCost {
  /** CPU time of one warm hello world in the node's own process, which is one event loop, and in its cell, which is one more. */
  readonly nodeCpuMs: number
  readonly cellCpuMs: number
}

const connections = 32
const warmUpSeconds = 6
const loadSeconds = 6
/** `runWrk` checks so many bodies before and after. */
const checks = connections * 4

/** A node under load from 32 connections, once it has served for a while. */
export async function measureWarm(context: PeerContext): Promise<WarmCost> {
  const node = await startSkerryNode(context)
  await publish(node, [{ name: 'warm', source: warmHello.source }])
  const request = { url: node.url, host: hostOf('warm', node.url), expectedBody: warmHello.expectedBody }
  const load = async (durationSeconds: number) => await runWrk(request, { connections, durationSeconds, warmUps: [], directory: context.directory })
  await load(warmUpSeconds)
  const cells = childrenOf(node.processId)
  const cellsCpuMs = (): number => cells.reduce((sum, id) => sum + cpuMillisecondsOf(id), 0)
  const [allBefore, cellsBefore] = [cpuMillisecondsOf(node.processId), cellsCpuMs()]
  const { requests } = await load(loadSeconds)
  const [allMs, cellsMs] = [cpuMillisecondsOf(node.processId) - allBefore, cellsCpuMs() - cellsBefore]
  const served = requests + checks
  return { nodeCpuMs: (allMs - cellsMs) / served, cellCpuMs: cellsMs / served }
}
