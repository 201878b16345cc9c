import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { ApiClient } from '../../../control-plane/testing/api-client.ts'
import { usageOf } from '../../process-tree.ts'
import { Processes } from '../../processes.ts'
import { register, Subscriber } from './subscriber.ts'

export interface ControlPlaneLoad {
  readonly functions: number
  /** Those that follow the feed. */
  readonly nodes: number
  /** Those that are on the list of nodes, whether they follow or not. */
  readonly listed: number
  readonly deployments: number
}

export interface ControlPlaneCost extends ControlPlaneLoad {
  readonly storeBytes: number
  /** CPU time of the whole process for one deployment, preparation and activation with the acknowledgements of all nodes. */
  readonly deploymentCpuMs: number
  /** Of the two revisions of one deployment, as they go to each node. */
  readonly revisionBytes: number
  /** One node that comes without a position: the snapshot. */
  readonly snapshotCpuMs: number
  readonly snapshotBytes: number
  readonly memoryBytes: number
  readonly registrationCpuMs: number
  readonly listCpuMs: number
  readonly listBytesPerNode: number
}

const readySchema = z.object({ url: z.url(), adminToken: z.string(), nodeToken: z.string(), storeBytes: z.number() })
const requestsTimed = 500
const source = 'export default { fetch() { return new Response("x") } }'

/** What a control plane's process uses with so many functions in its store and so many nodes on its feed, which acknowledge at once and do nothing else. */
export async function measureControlPlane(load: ControlPlaneLoad): Promise<ControlPlaneCost> {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-scale-'))
  const processes = new Processes()
  const nodes: Subscriber[] = []
  try {
    const { match, processId } = await processes.startServer(
      { file: process.execPath, arguments: [join(import.meta.dirname, 'control-plane-process.ts'), directory, String(load.functions)], environment: {}, workingDirectory: directory },
      { readyDescriptor: 1, readyPattern: /^(\{.*\})\r?\n/m, timeoutMs: 120_000 },
    )
    const { url, adminToken, nodeToken, storeBytes } = readySchema.parse(JSON.parse(match[1] ?? ''))
    const client = new ApiClient(url, adminToken)
    const of = async (work: () => Promise<void>, times: number): Promise<number> => {
      const before = usageOf(processId)?.cpuMs ?? 0
      await work()
      return ((usageOf(processId)?.cpuMs ?? 0) - before) / times
    }
    // The first pays for code that is compiled; the last is what counts.
    const start = async (index: number): Promise<void> => {
      nodes.push(await Subscriber.start({ url, token: nodeToken, name: `fra-${index}` }))
    }
    await start(0)
    const snapshotCpuMs = await of(() => start(1), 1)
    for (let index = 2; index < load.nodes; index++) await start(index)
    const [first] = nodes
    if (first === undefined) throw new Error('There is no node.')
    const { snapshotBytes } = first

    const deploy = async (index: number): Promise<void> => {
      const events = await client.deploy(`deployed-${index}`, `${source}//${index}`)
      if (events.at(-1)?.type !== 'done') throw new Error(JSON.stringify(events.at(-1)))
    }
    for (let index = 0; index < 3; index++) await deploy(index)
    const deploymentCpuMs = await of(async () => {
      for (let index = 3; index < load.deployments + 3; index++) await deploy(index)
    }, load.deployments)
    const revisionBytes = first.revisionBytes.slice(-2).reduce((sum, bytes) => sum + bytes, 0)

    const registrationCpuMs = await of(async () => {
      for (let index = 0; index < requestsTimed; index++) await register({ url, token: nodeToken, name: 'fra-0' })
    }, requestsTimed)
    for (let index = load.nodes; index < load.listed; index++) await register({ url, token: nodeToken, name: `fra-${index}` })
    let listBytes = 0
    const listCpuMs = await of(async () => {
      for (let index = 0; index < requestsTimed; index++) listBytes = (await (await client.call('GET', '/v1/nodes')).text()).length
    }, requestsTimed)
    return {
      ...load, storeBytes, deploymentCpuMs, revisionBytes, snapshotCpuMs, snapshotBytes, memoryBytes: usageOf(processId)?.memoryBytes ?? 0,
      registrationCpuMs, listCpuMs, listBytesPerNode: listBytes / load.listed,
    }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
    await processes.stopAll()
    await rm(directory, { recursive: true, force: true })
  }
}
