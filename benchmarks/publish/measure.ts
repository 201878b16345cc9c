import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import { createClient } from '../../sdk/index.ts'
import type { Processes } from '../processes.ts'
import { type PublishClusterOptions, startPublishCluster } from './cluster.ts'
import { publishOnce, type PublishedVersion } from './publish-once.ts'

export interface PublishOptions extends PublishClusterOptions {
  /** Versions that are published and timed, one after the other. */
  readonly publishes: number
  /** Before those; they bring every node its cell on probation and its two serving cells, the machine comes to rest after each. */
  readonly warmUps: number
  /** Between the end of one and the next: what nodes make ready again meanwhile is not to be measured with the next. */
  readonly pauseMs: number
  /** Between questions at a node that does not serve the version yet. */
  readonly pollMs: number
}

export interface PublishMeasurement {
  readonly options: PublishOptions
  readonly warmUps: readonly PublishedVersion[]
  readonly versions: readonly PublishedVersion[]
}

/** Three nodes as they are run in earnest: a process each, the runtime's defaults. */
export const threeNodes: PublishOptions = { nodes: 3, nodesPerProcess: 1, publishes: 60, warmUps: 3, pauseMs: 100, pollMs: 10 }

/**
 * Fifty on one machine: ten to a process, each with one cell held ready of two blank isolates, so that memory is enough. They are asked
 * rarely, and at once when they acknowledge, for the questions take the cores that the nodes need; and each publish is given the time that
 * fifty nodes take to make 100 blank isolates on the cores of one machine.
 */
export const fiftyNodes: PublishOptions = {
  nodes: 50, nodesPerProcess: 10, spareCells: 1, blankIsolates: 2, publishes: 30, warmUps: 3, pauseMs: 2_000, pollMs: 250,
}

const timeoutMs = 30_000
const restMsMax = 60_000

/** Starts a cluster of real processes, publishes version after version of one function, and times each until every node serves it. */
export async function measurePublish(
  options: PublishOptions,
  context: { readonly directory: string; readonly processes: Processes; readonly progress: (text: string) => void },
): Promise<PublishMeasurement> {
  const cluster = await startPublishCluster(options, context)
  await untilIdle(restMsMax)
  const client = createClient({ url: cluster.controlPlaneUrl, token: cluster.token })
  const dispatcher = new Agent({ connections: 1 })
  const publish = async (marker: string): Promise<PublishedVersion> => {
    const version = await publishOnce(cluster, client, { name: 'published', marker, pollMs: options.pollMs, timeoutMs, dispatcher })
    await delay(options.pauseMs)
    return version
  }
  try {
    const warmUps: PublishedVersion[] = []
    for (let index = 0; index < options.warmUps; index += 1) {
      warmUps.push(await publish(`warm-up ${index}`))
      // Cells that were taken are replaced in the background, and only one that is up is taken by the next.
      await untilIdle(restMsMax)
    }
    const versions: PublishedVersion[] = []
    for (let index = 0; index < options.publishes; index += 1) {
      versions.push(await publish(`version ${index}`))
      if ((index + 1) % 10 === 0) context.progress(`publish: ${index + 1} of ${options.publishes} versions are on ${options.nodes} nodes`)
    }
    return { options, warmUps, versions }
  } finally {
    await dispatcher.destroy()
    await client.close()
  }
}

const lookMs = 1_000
const idleShare = 0.75

/** Waits until the machine was idle for a second, but no longer than so: what nodes do after their start must not be measured with the rest. */
async function untilIdle(longestMs: number): Promise<void> {
  const idleMs = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0)
  const endMs = performance.now() + longestMs
  for (let before = idleMs(); performance.now() < endMs;) {
    await delay(lookMs)
    const now = idleMs()
    if (now - before > idleShare * lookMs * cpus().length) return
    before = now
  }
}
