import { join } from 'node:path'
import { z } from 'zod'
import { ApiClient } from '../../control-plane/testing/api-client.ts'
import type { Processes } from '../processes.ts'
import { usageOf } from '../process-tree.ts'

export interface ControlPlaneLoad {
  readonly functions: number
  readonly versionsEach: number
  /** Scripted ones that acknowledge at once. */
  readonly nodes: number
  readonly nodeProcesses: number
  readonly requests: number
  readonly deployments: number
}

/** Milliseconds as a client sees them, one for each request. */
export interface ControlPlaneTimes {
  readonly rows: Readonly<Record<string, readonly number[]>>
  readonly storeBytes: number
  readonly memoryBytes: number
  /** From the start of the first to the last having caught up. */
  readonly nodesReadyMs: number
  /** CPU time of the control plane for one deployment. */
  readonly deploymentCpuMs: number
}

const readySchema = z.object({ url: z.url(), adminToken: z.string(), nodeToken: z.string(), storeBytes: z.number() })
const fillTimeoutMs = 300_000
const nodesTimeoutMs = 300_000
const warmUps = 5
const source = 'export default { fetch() { return new Response("x") } }'

/** Times what publishers call, over HTTP, at one control plane in a process of its own that holds so much and serves so many nodes. */
export async function measureControlPlane(load: ControlPlaneLoad, processes: Processes, directory: string, progress: (text: string) => void): Promise<ControlPlaneTimes> {
  const start = (file: string, parameters: readonly string[], readyPattern: RegExp, timeoutMs: number) => processes.startServer(
    { file: process.execPath, arguments: [join(import.meta.dirname, file), ...parameters], environment: {}, workingDirectory: directory },
    { readyDescriptor: 1, readyPattern, timeoutMs },
  )
  progress(`filling a store with ${load.functions} functions of ${load.versionsEach} versions`)
  const plane = await start('serve.ts', [directory, String(load.functions), String(load.versionsEach)], /^(\{.*\})\r?\n/m, fillTimeoutMs)
  const { url, adminToken, nodeToken, storeBytes } = readySchema.parse(JSON.parse(plane.match[1] ?? ''))
  progress(`starting ${load.nodes} nodes`)
  const nodesStartedMs = performance.now()
  const each = Math.ceil(load.nodes / load.nodeProcesses)
  await Promise.all(Array.from({ length: Math.ceil(load.nodes / each) }, (_, index) => {
    const first = index * each
    return start('nodes.ts', [url, nodeToken, String(first), String(Math.min(each, load.nodes - first))], /^(ready)\r?\n/m, nodesTimeoutMs)
  }))
  const nodesReadyMs = performance.now() - nodesStartedMs

  const client = new ApiClient(url, adminToken)
  const timed = async (times: number, call: (index: number) => Promise<void>): Promise<number[]> => {
    const durations: number[] = []
    for (let index = 0; index < times + warmUps; index += 1) {
      const startedMs = performance.now()
      await call(index)
      if (index >= warmUps) durations.push(performance.now() - startedMs)
    }
    return durations
  }
  const get = (path: (index: number) => string) => timed(load.requests, async (index) => {
    const response = await client.call('GET', path(index))
    if (response.status !== 200) throw new Error(await response.text())
    await response.text()
  })
  const nameOf = (index: number): string => `function-${(index * 7_919) % load.functions}`
  const deploy = async (name: string, script: string): Promise<void> => {
    const last = (await client.deploy(name, script)).at(-1)
    if (last?.type !== 'done' || last.nodes.length < load.nodes) throw new Error(JSON.stringify(last))
  }

  progress('listing')
  const rows: Record<string, readonly number[]> = {
    'list 100 functions': await get((index) => `/v1/functions?cursor=${nameOf(index)}`),
    'list 1,000 functions': await get((index) => `/v1/functions?limit=1000&cursor=${nameOf(index)}`),
    'list the versions of a function': await get((index) => `/v1/functions/${nameOf(index)}/versions`),
  }
  progress('deploying')
  rows['deploy a new function'] = await timed(load.deployments, (index) => deploy(`new-${index}`, `${source}//new ${index}`))
  const cpuBeforeMs = usageOf(plane.processId)?.cpuMs ?? 0
  rows['deploy a new version'] = await timed(load.deployments, (index) => deploy(nameOf(index), `${source}//version ${index}`))
  const deploymentCpuMs = ((usageOf(plane.processId)?.cpuMs ?? 0) - cpuBeforeMs) / (load.deployments + warmUps)
  return { rows, storeBytes, memoryBytes: usageOf(plane.processId)?.memoryBytes ?? 0, nodesReadyMs, deploymentCpuMs }
}
