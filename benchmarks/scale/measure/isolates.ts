import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import { runClient } from '../../load/client.ts'
import { sendChecked } from '../../load/request.ts'
import type { PeerContext } from '../../peers/peer.ts'
import { skerry } from '../../peers/skerry.ts'
import { childrenOf, usageOf } from '../../process-tree.ts'
import { median } from '../../statistics.ts'
import { type CheckedRequest, countedAnswer, countingFunctions } from '../../workload.ts'

export interface IsolateCost {
  /** What each idle isolate adds to the memory of node and cells. */
  readonly isolateBytes: number
  readonly called: number
  /** How many of those called were still there: of those that were given up `isolateBytes` would tell nothing. */
  readonly kept: number
  /** CPU time of node and cells for a first request, until the blank isolate is made up for. */
  readonly coldCpuMs: number
  /** Of a node and its spare cells, before anybody called a function. */
  readonly idleNodeBytes: number
  /** Of one cell without functions, with its blank isolates. */
  readonly idleCellBytes: number
}

const warmUps = 20
const called = 300
const restMs = 5_000
const gapMs = 10
const timeoutMs = 15_000

/** An edge node, started by its command, of which few enough functions are called that no cell comes near its bound of memory. */
export async function measureIsolates(context: PeerContext): Promise<IsolateCost> {
  if (skerry.deploy === undefined) throw new Error('Skerry deploys several functions.')
  const { requests, processId } = await skerry.deploy(context, countingFunctions(warmUps + called))
  const usage = () => {
    const of = usageOf(processId)
    if (of === null) throw new Error('This system does not tell what processes hold.')
    return of
  }
  const idle = usage()
  const idleCellBytes = median(childrenOf(processId).map((id) => usageOf(id)?.memoryBytes ?? 0))
  await call(requests.slice(0, warmUps))
  const before = usage()
  await call(requests.slice(warmUps))
  const after = usage()
  return {
    isolateBytes: (after.memoryBytes - before.memoryBytes) / called, called, kept: await countKept(requests, warmUps),
    coldCpuMs: (after.cpuMs - before.cpuMs) / called, idleNodeBytes: idle.memoryBytes, idleCellBytes,
  }
}

async function call(requests: readonly CheckedRequest[]): Promise<void> {
  await runClient({ kind: 'requests', warmUp: { requests: [], repeats: 0 }, requests, pace: { kind: 'closed', gapMs }, timeoutMs })
  await delay(restMs)
}

async function countKept(requests: readonly CheckedRequest[], from: number): Promise<number> {
  const agent = new Agent({ connections: 1 })
  let kept = 0
  for (const [index, request] of requests.entries()) {
    if (index < from) continue
    await sendChecked({ ...request, expectedBody: countedAnswer(index, 2) }, agent, timeoutMs).then(() => (kept += 1), () => undefined)
  }
  await agent.close()
  return kept
}
