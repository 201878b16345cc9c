import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { findRegion } from '../../../geography/index.ts'
import { type ScriptedCluster, startScriptedCluster } from '../testing/scripted-cluster.ts'
import { checkTiming, type DnsServer, type DnsServerOptions, startDnsServer } from './start-dns-server.ts'
import { DnsClient, dataOf, rcodeOf } from './testing/dns-client.ts'

const addresses = { fra: '127.0.0.11', iad: '127.0.0.12', sin: '127.0.0.13', gru: '127.0.0.14', syd: '127.0.0.15', jnb: '127.0.0.16' }
/** Each test spoils a region of its own. */
type RegionOfTests = keyof typeof addresses

let cluster: ScriptedCluster
let directory: string
const servers: DnsServer[] = []

const startOf = async (of: ScriptedCluster, changes: Partial<DnsServerOptions>): Promise<DnsServer> => {
  const server = await startDnsServer({
    hosts: ['127.0.0.1'], port: 0, controlPlaneUrl: of.controlPlaneUrl, token: of.token, domain: 'edge.example',
    timing: { checkIntervalMs: 10, checkTimeoutMs: 500, refreshMs: 10 }, ...changes,
  })
  servers.push(server)
  return server
}
/** Where a client beside a region is sent, asked again and again. */
const near = async (region: RegionOfTests, changes: Partial<DnsServerOptions> = {}): Promise<() => Promise<unknown>> => {
  const client = new DnsClient((await startOf(cluster, { place: findRegion(region), ...changes })).address)
  return async () => dataOf(await client.ask('hello.edge.example'))[0]
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-dns-'))
  cluster = await startScriptedCluster(Object.keys(addresses))
  for (const [region, address] of Object.entries(addresses)) cluster.node(region).info.url = `http://${address}:8080`
})

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

afterAll(async () => {
  await cluster.close()
  await rm(directory, { recursive: true })
})

test('a node that dies is withdrawn, however little the control plane knows, and comes back', async () => {
  const asked = await near('iad')
  expect(await asked()).toBe(addresses.iad)
  // Neither the list, which does not change, nor its absence matters.
  cluster.failControlPlane(503)
  await cluster.node('iad').kill()
  await vi.waitFor(async () => expect(await asked()).not.toBe(addresses.iad), { timeout: 5_000 })
  await cluster.node('iad').revive()
  await vi.waitFor(async () => expect(await asked()).toBe(addresses.iad), { timeout: 10_000, interval: 100 })
  cluster.failControlPlane(undefined)
})

test('a node that falls silent is withdrawn when its checks have timed out', async () => {
  const mute = createServer().listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const { info } = cluster.node('sin')
  const before = info.adminUrl
  const asked = await near('sin', { timing: { checkIntervalMs: 10, checkTimeoutMs: 20, refreshMs: 10 } })
  expect(await asked()).toBe(addresses.sin)
  info.adminUrl = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`
  await vi.waitFor(async () => expect(await asked()).not.toBe(addresses.sin), { timeout: 5_000 })
  info.adminUrl = before
  mute.close()
})

test('that takes less than 5 s, also where two checks have to fail: an answer that is kept adds its TTL', () => {
  // A check may have begun just before the death, and each may be waited for a quarter of a second longer where the process itself is late.
  const { intervalMs, timeoutMs } = checkTiming
  expect(2 * (intervalMs + timeoutMs + 250)).toBeLessThan(5_000)
})

test.each([
  ['its own word', (isDraining: boolean) => (cluster.node('gru').readyStatus = isDraining ? 503 : 200)], ['the list', (isDraining: boolean) => (cluster.node('gru').info.draining = isDraining)],
])('a node that drains by %s is withdrawn, and comes back', async (_name, drain) => {
  const asked = await near('gru')
  expect(await asked()).toBe(addresses.gru)
  drain(true)
  await vi.waitFor(async () => expect(await asked()).not.toBe(addresses.gru), { timeout: 5_000 })
  drain(false)
  await vi.waitFor(async () => expect(await asked()).toBe(addresses.gru), { timeout: 5_000 })
})

test('a partition between control plane and nodes takes nobody out', async () => {
  const asked = await near('syd')
  const { info } = cluster.node('syd')
  // The control plane has not heard of it for an hour, then forgets it, as one does that has just been restored.
  Object.assign(info, { connected: false, lastSeenMs: Date.now() - 3_600_000 })
  await cluster.listRead()
  expect(await asked()).toBe(addresses.syd)
  cluster.listOnly(['fra'])
  await cluster.listRead()
  expect(await asked()).toBe(addresses.syd)
  cluster.listOnly(undefined)
  Object.assign(info, { connected: true, lastSeenMs: Date.now() })
})

test('a server that starts while the control plane is gone goes on with the list that it kept', async () => {
  const nodesFile = join(directory, 'nodes.json')
  expect(await (await near('fra', { nodesFile }))()).toBe(addresses.fra)
  await Promise.all(servers.splice(0).map((server) => server.close()))
  cluster.failControlPlane(503)
  const asked = await near('fra', { nodesFile })
  expect(await asked()).toBe(addresses.fra)
  cluster.failControlPlane(undefined)
})

test('a node that comes and goes does not come and go in the answers', async () => {
  const asked = await near('jnb')
  let [changes, last] = [0, await asked()]
  expect(last).toBe(addresses.jnb)
  for (let times = 0; times < 5; times += 1) {
    await cluster.node('jnb').kill()
    for (const isAlive of [false, true]) {
      if (isAlive) await cluster.node('jnb').revive()
      for (let asks = 0; asks < 3; asks += 1) {
        await cluster.listRead()
        const now = await asked()
        if (now !== last) changes += 1
        last = now
      }
    }
  }
  expect([changes, last === addresses.jnb]).toEqual([1, false])
})

test('with all nodes dead the nearest is answered: the checks may be what is broken', async () => {
  const asked = await near('iad')
  await Promise.all(cluster.nodes.map((node) => node.kill()))
  await vi.waitFor(async () => expect(await asked()).toBe(addresses.iad), { timeout: 5_000 })
  // Also to whoever starts only now.
  expect(await (await near('fra'))()).toBe(addresses.fra)
  await Promise.all(cluster.nodes.map((node) => node.revive()))
})

test('with no node known the answer is SERVFAIL, which nobody keeps; what does not depend on nodes is answered', async () => {
  const empty = await startScriptedCluster([])
  const server = await startOf(empty, { adminPort: 0 })
  const client = new DnsClient(server.address)
  expect(rcodeOf(await client.ask('hello.edge.example'))).toBe(2)
  expect(rcodeOf(await client.ask('edge.example', 'SOA'))).toBe(0)
  expect((await fetch(`${server.adminUrl}/readyz`)).status).toBe(503)
  await empty.close()
})
