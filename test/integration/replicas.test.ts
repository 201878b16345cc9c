import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EdgeNode, startEdgeNode } from '../../edge-node/index.ts'
import { startGateway } from '../../edge-node/routing/index.ts'
import { collectDeployment, createClient, type DeploymentOutcome, type SkerryClient } from '../../sdk/client/index.ts'
import { createFakeRuntime } from '../helpers/fake-runtime.ts'
import { NatsCluster } from '../helpers/nats-cluster.ts'
import { until } from '../helpers/until.ts'

/** Control planes as processes on servers of NATS, which are killed under whoever calls them. */

interface Replica {
  readonly url: string
  readonly adminToken: string
  readonly nodeToken: string
  readonly child: ChildProcess
}

const command = join(import.meta.dirname, '../../bin/skerry.js')
let root: string
let cluster: NatsCluster
let replicas: Replica[]
let urls: string
let client: SkerryClient

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'skerry-replicas-'))
  cluster = await NatsCluster.start({ configuration: 'authorization { user: "skerry", password: "p ss" }' })
  replicas = [await start('a'), await start('b')]
  urls = replicas.map(({ url }) => url).join(',')
  client = createClient({ url: urls, token: replicas[0]?.adminToken ?? '' })
}, 60_000)
afterAll(async () => {
  await client.close()
  await Promise.all(replicas.map(({ child }) => kill(child)))
  await cluster.stop()
  await rm(root, { recursive: true, force: true })
})

async function start(name: string, port = 0): Promise<Replica> {
  const store = cluster.servers.map(({ url }) => url).join(',')
  const flags = ['--json', '--port', String(port), '--data', join(root, name), '--key-file', join(root, 'key'), '--store', store]
  const child = spawn(process.execPath, [command, 'control-plane', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, SKERRY_NATS_USER: 'skerry', SKERRY_NATS_PASSWORD: 'p ss' },
  })
  for await (const line of createInterface({ input: child.stdout })) return { ...(JSON.parse(line) as Omit<Replica, 'child'>), child }
  throw new Error(`the control plane ${name} ended before it was ready`)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function startNode(name: string): Promise<EdgeNode> {
  return startEdgeNode({
    name, region: name.slice(0, 3), latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: urls, token: replicas[0]?.nodeToken ?? '',
    dataDirectory: join(root, name), domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [],
    createRuntime: createFakeRuntime().create, forwarder: false, onNotice: () => {},
  })
}

async function deploy(script: string): Promise<DeploymentOutcome> {
  const bytes = Buffer.from(script)
  const artifactHash = createHash('sha256').update(bytes).digest('hex')
  await client.putArtifact(artifactHash, bytes)
  return collectDeployment(client.deploy({ functions: [{ name: 'hello', artifactHash, config: {}, routes: [] }] }))
}

test('nodes, gateways and publishers go on with whichever replica is left, one after the other', { timeout: 60_000 }, async () => {
  const nodes = [await startNode('fra-1'), await startNode('iad-1')]
  const gateway = await startGateway({
    host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: urls, token: replicas[0]?.nodeToken ?? '', domain: 'localhost',
    allowLocationHeader: false, trustedProxies: [],
  })
  try {
    await Promise.all(nodes.map((node) => node.ready()))
    await until('both nodes are connected', async () => (await client.nodes()).filter(({ connected }) => connected).length === 2)
    const acknowledgedBy = ({ nodes: by }: DeploymentOutcome): string[] => by.map(({ node }) => node).toSorted()
    expect(acknowledgedBy(await deploy('export default { /* 1 */ }'))).toEqual(['fra-1', 'iad-1'])
    for (const index of [0, 1]) {
      const replica = replicas[index]
      if (replica === undefined) throw new Error('there are two')
      await kill(replica.child)
      await until('both nodes have gone over', async () => {
        const outcome = await deploy(`export default { /* without ${index} */ }`)
        return acknowledgedBy(outcome).length === 2
      })
      await until('the gateway knows the nodes', async () => {
        const { statusCode, body } = await request(gateway.url, { headers: { host: 'hello.localhost' } })
        await body.dump()
        return statusCode === 200
      })
      replicas[index] = await start(index === 0 ? 'a' : 'b', Number(new URL(replica.url).port))
    }
  } finally {
    await gateway.close()
    await Promise.all(nodes.map((node) => node.close()))
  }
})

test('what was not sent goes to the next, what may have been done is not done again', async () => {
  const [first] = replicas
  if (first === undefined) throw new Error('there are two')
  const over = createClient({ url: `http://127.0.0.1:1,${first.url}`, token: first.adminToken })
  expect((await over.functions()).map(({ name }) => name)).toEqual(['hello'])
  await over.secrets.put('hello', 'KEY', 'value')
  expect(await over.secrets.list('hello')).toEqual(['KEY'])
  await over.close()
})
