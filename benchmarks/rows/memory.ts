import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import { type ClientSample, runClient } from '../load/client.ts'
import { sendChecked } from '../load/request.ts'
import { innerContext } from '../peers/inner-context.ts'
import { usageOf } from '../process-tree.ts'
import { type CheckedRequest, countedAnswer, countingFunctions } from '../workload.ts'
import { deploy } from './first-requests.ts'
import type { Row } from './row.ts'

const megabyte = 1024 * 1024

/** What does a function cost that was called once, and waits for its next request? */
export const memory: Row = {
  name: 'memory',
  title: 'Memory',
  about: ({ memoryFunctions }) => `${memoryFunctions.toLocaleString('en-US')} tiny functions are deployed and each is called once, with memory enough to keep all of them loaded: what the server's processes hold more than before, for each.`,
  cases: () => [{ name: 'idle', title: 'first request' }],
  decides: 'memoryMb',
  peers: ['skerry', 'workerd'],
  rounds: ({ memoryRounds }) => memoryRounds,
  weight: 80,
  async measure(peer, context, settings) {
    const count = settings.memoryFunctions
    // What one function and everything that is started along with the first hold is no part of what the others cost.
    const alone = await deploy(peer, await innerContext(context, 'alone'), countingFunctions(1), { keepsAll: true })
    await call(alone.requests, settings.timeoutMs)
    await delay(settings.memoryRestMs)
    const before = usageOf(alone.processId)
    await context.processes.stopAll()

    const fleet = await deploy(peer, context, countingFunctions(count + 1), { keepsAll: true })
    const deployed = usageOf(fleet.processId)
    const samples = await call(fleet.requests, settings.timeoutMs)
    await delay(settings.memoryRestMs)
    const after = usageOf(fleet.processId)
    const kept = await countKept(fleet.requests, settings.timeoutMs)
    if (before === null || deployed === null || after === null) throw new Error('This system does not tell what processes hold.')
    return {
      idle: {
        samplesMs: samples.map(({ elapsedMs }) => elapsedMs),
        figures: {
          memoryMb: (after.memoryBytes - before.memoryBytes) / megabyte / count,
          deployedMb: (deployed.memoryBytes - before.memoryBytes) / megabyte / count,
          kept: (kept / fleet.requests.length) * 100,
        },
        raw: {
          memoryMb: [before, deployed, after].map(({ memoryBytes }) => memoryBytes / megabyte),
          processes: [before, deployed, after].map(({ processes }) => processes),
        },
      },
    }
  },
}

async function call(requests: readonly CheckedRequest[], timeoutMs: number): Promise<readonly ClientSample[]> {
  const { samples } = await runClient({ kind: 'requests', warmUp: { requests: [], repeats: 0 }, requests, pace: { kind: 'closed', gapMs: 0 }, timeoutMs })
  return samples
}

/** How many were still loaded: a function that was unloaded meanwhile holds no memory, and counts its calls anew. */
async function countKept(requests: readonly CheckedRequest[], timeoutMs: number): Promise<number> {
  const agent = new Agent({ connections: 1 })
  let kept = 0
  for (const [index, request] of requests.entries()) {
    await sendChecked({ ...request, expectedBody: countedAnswer(index, 2) }, agent, timeoutMs).then(() => (kept += 1), () => undefined)
  }
  await agent.close()
  return kept
}
