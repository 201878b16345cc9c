import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Agent, type Dispatcher, request } from 'undici'
import type { DeploymentRequestInput } from '../../control-plane/protocol/index.ts'
import { collectDeployment, createClient, type DeploymentOutcome, lookupWithLocalhost, type SkerryClient } from '../../sdk/client/index.ts'
import { type Cluster, type ClusterNode, startCluster } from '../../sdk/cli/cluster/index.ts'

/** Long enough for a cluster to start on a machine that does other things besides. */
export const clusterTimeoutMs = 90_000

export interface TestClusterOptions {
  readonly regions: readonly string[]
  readonly allowOutbound?: readonly string[]
  readonly denyOutbound?: readonly string[]
  readonly onlyOutbound?: readonly string[]
  readonly clock?: 'io' | 'running'
  /** In place of `data` in the temporary folder. */
  readonly dataDirectory?: string
}

export type FunctionConfig = DeploymentRequestInput['functions'][number]['config'] & { readonly routes?: string[] }

export interface CallOptions {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Dispatcher.DispatchOptions['body']
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A cluster of real processes in a folder of its own. */
export interface TestCluster {
  readonly cluster: Cluster
  /** Temporary; `data` in it belongs to the cluster. */
  readonly directory: string
  readonly client: SkerryClient
  /** What the processes said, as `LABEL | LINE`. */
  readonly lines: readonly string[]
  node(name: string): ClusterNode
  /** Releases modules, as they stand, as one group. */
  deploy(functions: Readonly<Record<string, string>>, config?: Partial<FunctionConfig>): Promise<DeploymentOutcome>
  /** Uploads a module; answers with what a deployment names it by. */
  upload(name: string, script: string): Promise<DeploymentRequestInput['functions'][number]>
  /** Writes files below `directory`; answers with the path of the folder. */
  writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<string>
  /** Calls a function at a door: the URL of the gateway or of a node. */
  call(door: string, functionName: string, path?: string, options?: CallOptions): Promise<Answer>
  close(): Promise<void>
}

/** The Host that a function answers at behind this door. */
export const hostOf = (door: string, functionName: string): string => `${functionName}.localhost:${new URL(door).port}`

/** Starts control plane, gateway, DNS and a node a region, on ports that the system chooses. Close it. */
export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-integration-'))
  const lines: string[] = []
  const cluster = await startCluster({
    regions: options.regions, port: 0, dataDirectory: options.dataDirectory ?? join(directory, 'data'),
    domain: 'localhost', allowOutbound: options.allowOutbound ?? [], denyOutbound: options.denyOutbound ?? [], onlyOutbound: options.onlyOutbound ?? [], ...(options.clock === undefined ? {} : { clock: options.clock }),
    onLine: (label, line) => lines.push(`${label} | ${line}`),
  })
  const { controlPlane: url, token, nodes } = cluster.description
  const client = createClient({ url, token })
  const agent = new Agent({ connect: { lookup: lookupWithLocalhost }, connections: 64 })
  return {
    cluster, directory, client, lines,
    node(name) {
      const found = nodes.find((candidate) => candidate.name === name)
      if (found === undefined) throw new Error(`The cluster has no node ${name}`)
      return found
    },
    async deploy(functions, { routes = [], ...config } = {}) {
      const deployed = Object.entries(functions).map(([name, script]) => {
        const bytes = Buffer.from(script)
        return { name, bytes, artifactHash: createHash('sha256').update(bytes).digest('hex') }
      })
      for (const { artifactHash, bytes } of deployed) await client.putArtifact(artifactHash, bytes)
      return collectDeployment(client.deploy({ functions: deployed.map(({ name, artifactHash }) => ({ name, artifactHash, config, routes })) }))
    },
    async upload(name, script) {
      const bytes = Buffer.from(script)
      const artifactHash = createHash('sha256').update(bytes).digest('hex')
      await client.putArtifact(artifactHash, bytes)
      return { name, artifactHash, config: {} }
    },
    async writeFiles(folder, files) {
      for (const [name, text] of Object.entries(files)) {
        const path = join(directory, folder, name)
        await mkdir(dirname(path), { recursive: true })
        await writeFile(path, text)
      }
      return join(directory, folder)
    },
    async call(door, functionName, path = '/', { method = 'GET', headers = {}, body = null } = {}) {
      const answer = await request(new URL(path, door), {
        dispatcher: agent, method, body, headers: { host: hostOf(door, functionName), ...headers },
      })
      return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
    },
    async close() {
      await client.close()
      await agent.destroy()
      await cluster.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
