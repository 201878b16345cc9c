import { setTimeout as delay } from 'node:timers/promises'
import { type ClientSample, type Pace, runClient } from '../load/client.ts'
import type { Fleet, FleetOptions, Peer, PeerContext } from '../peers/peer.ts'
import { type TreeUsage, usageOf } from '../process-tree.ts'
import type { Settings } from '../settings.ts'
import type { FunctionSet } from '../workload.ts'
import type { CaseRound } from './row.ts'

const megabyte = 1024 * 1024

/**
 * One round of first requests to functions that are published and have never run. The first few are not timed but sent again and again,
 * so that server and client are warm. What the server's processes use from then on, until they have made up for what they held ready,
 * is counted: CPU time, and memory that they keep.
 */
export async function firstRequests(peer: Peer, context: PeerContext, functions: FunctionSet, pace: Pace, settings: Settings): Promise<CaseRound> {
  const fleet = await deploy(peer, context, functions)
  const warmUp = { requests: fleet.requests.slice(0, settings.coldWarmUps), repeats: settings.coldWarmUpRepeats }
  const requests = fleet.requests.slice(settings.coldWarmUps)
  let before: TreeUsage | null = null
  const onWarm = (): void => {
    before = usageOf(fleet.processId)
  }
  const result = await runClient({ kind: 'requests', warmUp, requests, pace, timeoutMs: settings.timeoutMs }, onWarm)
  await delay(settings.settleMs)
  const after = usageOf(fleet.processId)
  return {
    samplesMs: result.samples.map(({ elapsedMs }) => elapsedMs),
    figures: growth(before, after, requests.length),
    raw: { warmUpMs: result.warmUp.map(({ elapsedMs }) => elapsedMs), ...reportedStarts(peer, result.samples) },
  }
}

export async function deploy(peer: Peer, context: PeerContext, functions: FunctionSet, options: FleetOptions = {}): Promise<Fleet> {
  if (peer.deploy === undefined) throw new RangeError(`${peer.name} does not load several functions into one server.`)
  return await peer.deploy(context, functions, options)
}

/** The server's own account of the start-up inside each answer, where it gives one. */
export function reportedStarts(peer: Peer, samples: readonly ClientSample[]): NonNullable<CaseRound['raw']> {
  const starts = samples.flatMap(({ serverTiming }) => peer.inspectStart?.(serverTiming) ?? [])
  return starts.length === 0 ? {} : { reportedStartMs: starts }
}

/** Where the system tells. */
function growth(before: TreeUsage | null, after: TreeUsage | null, functions: number): NonNullable<CaseRound['figures']> {
  if (before === null || after === null) return {}
  return { cpuMs: (after.cpuMs - before.cpuMs) / functions, memoryMb: (after.memoryBytes - before.memoryBytes) / megabyte / functions }
}
