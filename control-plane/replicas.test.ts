import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NatsCluster } from '../test/helpers/nats-cluster.ts'
import { until } from '../test/helpers/until.ts'
import { type ControlPlane, startControlPlane } from './index.ts'
import { NatsLink } from './nats/link-nats.ts'
import { functionListSchema, nodeListSchema } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { done } from './testing/harness.ts'
import { ScriptedNode } from './testing/scripted-node.ts'

let cluster: NatsCluster
let directory: string
let planes: ControlPlane[]
let clients: ApiClient[]
const nodes: ScriptedNode[] = []

beforeAll(async () => {
  cluster = await NatsCluster.start()
  directory = await mkdtemp(join(tmpdir(), 'skerry-replicas-'))
  planes = [await start(0), ...(await Promise.all([start(1), start(2)]))]
  clients = planes.map(({ url, adminToken }) => new ApiClient(url, adminToken))
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  await Promise.all(planes.map((plane) => plane.close()))
  await cluster.stop()
  await rm(directory, { recursive: true })
})

function start(index: number): Promise<ControlPlane> {
  return startControlPlane({
    port: 0, dataDirectory: join(directory, String(index)), keyFile: join(directory, 'key'), nats: { servers: [cluster.url] },
    gatewayUrl: 'http://127.0.0.1:8080', log: () => {},
  })
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index]
  if (found === undefined) throw new Error(`there is no ${index}`)
  return found
}

async function startNode(name: string, index: number): Promise<ScriptedNode> {
  const { url, nodeToken } = at(planes, index)
  const node = await ScriptedNode.start({ url, token: nodeToken, name, region: name.slice(0, 3) })
  nodes.push(node)
  return node
}

async function connectedAt(client: ApiClient): Promise<string[]> {
  const list = nodeListSchema.parse(await client.json('GET', '/v1/nodes'))
  return list.nodes.filter(({ connected }) => connected).map(({ name }) => name)
}

test('replicas have the same tokens and keys, and know each other\'s nodes', async () => {
  expect(new Set(planes.map(({ adminToken }) => adminToken)).size).toBe(1)
  await startNode('fra-1', 0)
  await startNode('iad-1', 1)
  for (const client of clients) await expect.poll(() => connectedAt(client)).toEqual(['fra-1', 'iad-1'])
})

test('a deployment at any replica is acknowledged by nodes at every replica, which follow one feed', async () => {
  for (const [index, client] of clients.entries()) {
    const result = done(await client.deploy(`hello-${index}`, 'export default {}'))
    expect(result.nodes.map(({ node }) => node).toSorted()).toEqual(['fra-1', 'iad-1'])
    expect(result.missing).toEqual([])
  }
  const [first, second] = nodes.map(({ records }) => records.filter(({ type }) => type === 'revision'))
  expect(first?.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6])
  expect(second).toEqual(first)
  for (const client of clients) {
    const list = functionListSchema.parse(await client.json('GET', '/v1/functions'))
    expect(list.functions.map(({ name }) => name)).toEqual(['hello-0', 'hello-1', 'hello-2'])
  }
})

test('many deployments of one function at all replicas at once end in one state', async () => {
  const results = await Promise.all(
    Array.from({ length: 9 }, (_, index) => at(clients, index % 3).deploy('shared', `export default { /* ${index} */ }`)),
  )
  const versions = results.flatMap((events) => done(events).functions.map(({ version }) => version))
  expect(new Set(versions).size).toBe(9)
  const active = await Promise.all(
    clients.map(async (client) => functionListSchema.parse(await client.json('GET', '/v1/functions')).functions.find(({ name }) => name === 'shared')?.active),
  )
  expect(versions).toContain(active[0]?.[0]?.version)
  expect(active[1]).toEqual(active[0])
  expect(active[2]).toEqual(active[0])
})

test('a hundred functions with much in their environment are released as one, though one message does not hold them', async () => {
  const artifactHash = await at(clients, 0).upload('export default {}')
  const env = Object.fromEntries(Array.from({ length: 4 }, (_, index) => [`VALUE_${index}`, 'x'.repeat(2_400)]))
  const functions = Array.from({ length: 100 }, (_, index) => ({ name: `many-${index}`, artifactHash, config: { env }, routes: [] }))
  const result = done(await at(clients, 1).events('/v1/deployments', { functions }))
  expect([result.functions.length, result.missing]).toEqual([100, []])
  for (const client of clients) {
    const version = await client.json('GET', '/v1/functions/many-99/versions')
    expect(version).toMatchObject({ versions: [{ version: result.functions[99]?.version, status: 'active' }] })
  }
  const link = new NatsLink({ servers: [cluster.url] })
  const { manager } = await link.whenConnected(5_000)
  const { config, state } = await manager.streams.info('OBJ_skerry-objects')
  expect([config.num_replicas, state.bytes > 1_000_000]).toEqual([1, true])
  await link.close()
})

test('what a function logs at a node of one replica is read at another', async () => {
  const response = await at(clients, 2).call('GET', '/v1/functions/hello-0/tail')
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader()
  const { versions } = (await at(clients, 0).json('GET', '/v1/functions/hello-0/versions')) as { versions: { version: string }[] }
  const event = {
    timeMs: 1, node: 'fra-1', region: 'fra', account: 'default', function: 'hello-0', version: versions[0]?.version, kind: 'console', level: 'log', text: 'here',
  }
  const read = reader.read()
  await until('the event is read', async () => {
    await (await at(nodes, 0).post('/v1/nodes/fra-1/logs', 'POST', { events: [event] })).text()
    return Promise.race([read.then(() => true), new Promise<false>((resolve) => setTimeout(() => resolve(false), 50))])
  })
  expect(JSON.parse(String((await read).value).split('\n')[0] ?? '')).toMatchObject({ text: 'here', node: 'fra-1' })
  await reader.cancel()
})

test('a node goes on at another replica where it was, and its leaving is known everywhere', async () => {
  const fra = at(nodes, 0)
  const last = fra.records.findLast(({ type }) => type === 'revision')
  await fra.stop()
  for (const client of clients) await expect.poll(() => connectedAt(client)).toEqual(['iad-1'])
  const { url, nodeToken } = at(planes, 2)
  const position = { epoch: String(last?.epoch), after: Number(last?.sequence) }
  const again = await ScriptedNode.start({ url, token: nodeToken, name: 'fra-1', region: 'fra', position })
  nodes.push(again)
  for (const client of clients) await expect.poll(() => connectedAt(client)).toEqual(['fra-1', 'iad-1'])
  const result = done(await at(clients, 0).deploy('hello-0', 'export default { /* new */ }'))
  expect(result.nodes.map(({ node }) => node).toSorted()).toEqual(['fra-1', 'iad-1'])
  expect(again.records.filter(({ type }) => type !== 'heartbeat').map(({ sequence }) => sequence)).toEqual([position.after + 1, position.after + 2])
})

test('while the servers are away feeds stand and lists are answered, changes are refused with a time to come again, and all goes on', async () => {
  await cluster.server(0).kill()
  expect(await connectedAt(at(clients, 1))).toContain('iad-1')
  const refused = await at(clients, 1).call('PUT', '/v1/functions/hello-0/secrets/KEY', { value: 'x' })
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, expect.stringMatching(/^(?:storage_unreachable|outcome_unknown)$/)])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  await cluster.server(0).start()
  await until('changes are made again', async () => (await at(clients, 1).call('PUT', '/v1/functions/hello-0/secrets/KEY', { value: 'x' })).ok)
  const result = done(await at(clients, 2).deploy('hello-1', 'export default { /* after */ }'))
  expect(result.nodes.map(({ node }) => node).toSorted()).toEqual(['fra-1', 'iad-1'])
})

test('what a node reports is counted once at every replica, and a roll-out is taken back once, by whichever sees it first', async () => {
  const deployed = async (index: number, script: string, more: Record<string, unknown> = {}): Promise<string> =>
    done(await at(clients, index).deploy('judged', script, {}, more)).functions[0]?.version ?? ''
  const old = await deployed(0, 'export default {} // old')
  const fresh = await deployed(1, 'export default {} // new', { rollout: { steps: [50, 100], everySeconds: 3_600 } })
  const entry = (version: string, errors: number): Record<string, unknown> =>
    ({ account: 'default', function: 'judged', version, requests: 200, errors, answered5xx: 0, refused: 0, cpuMs: 1, latency: [[10, 200]] })
  const report = async (index: number, sequence: number): Promise<void> => {
    const { url, nodeToken } = at(planes, index)
    const body = { start: 'one', sequence, intervalMs: 2_000, entries: [entry(old, 0), entry(fresh, 100)] }
    expect((await new ApiClient(url, nodeToken).call('POST', '/v1/nodes/fra-1/usage', body)).status).toBe(200)
  }
  await report(0, 1)
  await report(1, 1)
  await report(2, 2)
  await report(0, 2)
  for (const client of clients) await expect.poll(() => client.json('GET', '/v1/usage')).toMatchObject({ days: [{ requests: 800, errors: 200 }] })
  const rollout = (client: ApiClient): Promise<unknown> => client.json('GET', '/v1/functions/judged/rollout')
  for (const client of clients) await expect.poll(() => rollout(client), { timeout: 15_000 }).toMatchObject({ state: 'rolled-back' })
  const [told, ...others] = await Promise.all(clients.map(rollout))
  expect(told).toMatchObject({ history: [{ event: 'started' }, { event: 'rolled-back', detail: expect.stringContaining('50.0 % of 400 requests failed') as string }] })
  for (const other of others) expect(other).toEqual(told)
  expect(await at(clients, 2).json('GET', '/v1/functions/judged/releases')).toMatchObject({ releases: [{ kind: 'deploy', shares: [{ version: old, percent: 100 }] }] })
}, 30_000)
