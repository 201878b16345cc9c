import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { ApiClient } from '../../control-plane/testing/api-client.ts'
import { done } from '../../control-plane/testing/harness.ts'
import { type EdgeNode, startEdgeNode } from '../../edge-node/index.ts'
import { type Gateway, startGateway } from '../../edge-node/routing/index.ts'
import { EdgeStatistics } from '../../edge-node/statistics.ts'
import { answerByFetching, answerHead, createFakeRuntime, type FakeRuntimeControls } from '../helpers/fake-runtime.ts'
import { exchangeRaw, openSocket, readUntil } from '../helpers/raw-http.ts'
import { until } from '../helpers/until.ts'

const places = { fra: [50, 8], iad: [39, -77], sin: [1, 104] } as const
type Region = keyof typeof places

interface RunningNode {
  readonly node: EdgeNode
  readonly fake: FakeRuntimeControls
}

let directory: string
let plane: ControlPlane
let operator: ApiClient
let gateway: Gateway
let nodes: Record<Region, RunningNode>

async function startNode(region: Region, options: { readonly controlPlaneUrl?: string } = {}): Promise<RunningNode> {
  const { controls, create } = createFakeRuntime()
  const [latitude, longitude] = places[region]
  const node = await startEdgeNode({
    name: `${region}-1`, region, latitude, longitude, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: plane.nodeToken, dataDirectory: join(directory, region),
    domain: 'localhost', allowOutbound: [], allowLocationHeader: true, trustedProxies: [], socketGraceMs: 20, createRuntime: create, onNotice: () => {}, ...options,
  })
  await node.ready()
  return { node, fake: controls }
}

/** Where requests of a function ran since the test began, by region. */
const ran = (name: string): Partial<Record<Region, number>> => Object.fromEntries(Object.entries(nodes).flatMap(([region, { fake }]) => {
  const count = fake.exchanges.filter(({ version }) => version.functionName === name).length
  return count === 0 ? [] : [[region, count]]
}))

interface Answered {
  readonly status: number
  readonly code: string | undefined
  readonly node: string | undefined
  readonly head: string
}

async function call(door: string, host: string, more = '', path = '/'): Promise<Answered> {
  const text = await exchangeRaw(door, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${more}\r\n`)
  return { status: Number(text.slice(9, 12)), code: /x-skerry-error: (\w+)/.exec(text)?.[1], node: /x-skerry-node: (\S+)/.exec(text)?.[1], head: text }
}

/** Has a function of this name, wherever it runs, fetch a URL and answer with what came. */
function fetches(name: string, url: string): void {
  for (const { fake } of Object.values(nodes)) fake.functions.set(name, (exchange) => answerByFetching(fake, exchange, url))
}

const doors = (): string[] => [gateway.url, ...Object.values(nodes).map(({ node }) => node.url)]
const hold = (...regions: string[]): Promise<unknown> => operator.json('PATCH', '/v1/accounts/default/residency', { regions })

async function deploy(name: string, regions: readonly string[], more: Record<string, unknown> = {}): Promise<string> {
  const { functions } = done(await operator.deploy(name, `// ${name} ${JSON.stringify(regions)} ${JSON.stringify(more)}`, { config: { regions, ...more } }))
  return functions[0]?.version ?? ''
}

beforeAll(async () => {
  // All nodes are in this process: what else runs on the machine must not count as their load.
  vi.spyOn(EdgeStatistics.prototype, 'pressureMs', 'get').mockReturnValue(0)
  directory = await mkdtemp(join(tmpdir(), 'skerry-residency-'))
  plane = await startControlPlane({ port: 0, dataDirectory: join(directory, 'plane'), log: () => {} })
  operator = new ApiClient(plane.url, plane.adminToken)
  const [fra, iad, sin] = await Promise.all([startNode('fra'), startNode('iad'), startNode('sin')])
  nodes = { fra, iad, sin }
  gateway = await startGateway({
    host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: plane.url, token: plane.nodeToken, domain: 'localhost', allowLocationHeader: true, trustedProxies: [],
  })
  // Who has just started does not know of the others yet.
  for (const region of Object.keys(nodes)) {
    await deploy(`known-${region}`, [region])
    for (const door of doors()) await until('the door knows the others', async () => (await call(door, `known-${region}.localhost`)).node === `${region}-1`)
  }
})
afterAll(async () => {
  vi.restoreAllMocks()
  await gateway.close()
  await Promise.all(Object.values(nodes).map(({ node }) => node.close()))
  await plane.close()
  await rm(directory, { recursive: true, force: true })
})
beforeEach(() => {
  for (const { fake } of Object.values(nodes)) {
    fake.exchanges.splice(0)
    fake.functions.clear()
  }
})

it('runs a function in its regions only, whichever door a client comes to, whatever the client claims', async () => {
  const version = await deploy('european', ['fra'])
  done(await operator.deploy('routed', '// routed', { config: { regions: ['fra'] }, routes: ['walled.example/api/*'] }))
  const claims = ['x-skerry-forwarded: 1', 'x-skerry-hops: 0', 'x-skerry-regions: iad', 'x-skerry-elapsed: 29999', 'x-skerry-calls: 9', 'x-skerry-node: iad-1', ''].join('\r\n')
  for (const door of doors()) {
    expect(await call(door, 'european.localhost', claims)).toMatchObject({ status: 200, node: 'fra-1' })
    expect(await call(door, `${version.toLowerCase()}--european.localhost`)).toMatchObject({ status: 200, node: 'fra-1' })
    expect(await call(door, 'european.localhost', 'x-skerry-location: 1.3,103.8\r\n')).toMatchObject({ status: 200, node: 'fra-1' })
    await expect.poll(async () => (await call(door, 'walled.example', '', '/api/x')).node).toBe('fra-1')
  }
  expect(ran('european')).toEqual({ fra: 12 })
  expect(nodes.fra.fake.exchanges.every(({ request }) => (request.elapsedMs ?? 0) < 29_999)).toBe(true)
})

it('lets the gateway learn where a function runs, and find where it has moved', async () => {
  const place = 'x-skerry-location: 39,-77\r\n'
  const calls = async (): Promise<Answered> => call(gateway.url, 'moving.localhost', place)
  const isForwarded = ({ head }: Answered): boolean => head.includes('forward;')
  await deploy('moving', ['fra'])
  await expect.poll(async () => (await calls()).status).toBe(200)
  expect(await calls()).toSatisfy((answered: Answered) => answered.node === 'fra-1' && !isForwarded(answered))
  await deploy('moving', ['sin'])
  await expect.poll(async () => (await calls()).node).toBe('sin-1')
  expect(await calls()).toSatisfy((answered: Answered) => answered.node === 'sin-1' && !isForwarded(answered))
  await deploy('moving', ['*'])
  await expect.poll(async () => (await calls()).node).toBe('sin-1')
  // An answer that tells of no regions ends what was known.
  expect((await calls()).node).toBe('iad-1')
})

it('tells of the hop, keeps id and trace, and does not let time begin anew', async () => {
  await deploy('traced', ['fra'])
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { head } = await call(nodes.iad.node.url, 'traced.localhost', `traceparent: ${trace}\r\ntracestate: a=1\r\n`)
  const [exchange] = nodes.fra.fake.exchanges
  const id = /x-skerry-id: (\w+)/.exec(head)?.[1]
  expect(head).toMatch(/server-timing: .*total;dur=[\d.]+, forward;dur=[\d.]+;desc="iad-1"\r\n/)
  expect(head).toContain('x-skerry-regions: fra\r\n')
  expect(exchange?.request.metadata['id']).toBe(id)
  expect(exchange?.request.headers.join()).toContain(`traceparent,${trace},tracestate,a=1`)
  expect(exchange?.request.elapsedMs).toBeGreaterThan(0)
  const direct = await call(nodes.fra.node.url, 'traced.localhost')
  expect(direct.head).not.toContain('forward;')
})

it('has a call of another function leave the node where that may not run there, with its hops and calls counted', async () => {
  await deploy('european', ['fra'])
  await deploy('american', ['iad'])
  fetches('american', 'http://european.localhost/')
  expect((await call(nodes.sin.node.url, 'american.localhost')).head).toMatch(/200 [0-9A-Z]{26}$/)
  expect([ran('american'), ran('european')]).toEqual([{ iad: 1 }, { fra: 1 }])
  const called = nodes.fra.fake.exchanges[0]?.request
  expect(called?.metadata).toMatchObject({ hops: 1, node: 'fra-1' })
  expect(called?.headers.join()).not.toContain('x-forwarded-for')

  // Two that call each other end, however far apart they are.
  fetches('european', 'http://american.localhost/')
  expect((await call(gateway.url, 'american.localhost')).status).toBe(200)
  expect((ran('american').iad ?? 0) + (ran('european').fra ?? 0)).toBeLessThanOrEqual(12)
  const depths = [...nodes.fra.fake.exchanges, ...nodes.iad.fake.exchanges].map(({ request }) => Number(request.metadata['hops']))
  expect(Math.max(...depths)).toBe(8)
})

it('keeps versions of a split apart whose regions differ', async () => {
  const [first, second] = [await deploy('split', ['fra']), await deploy('split', ['iad'])]
  await operator.events('/v1/functions/split/releases', { shares: [{ version: first, percent: 50 }, { version: second, percent: 50 }] })
  // Which side a key is on, chance decides anew for each function: of so many, some are on either.
  for (let key = 0; key < 24; key += 1) for (const door of doors()) expect((await call(door, 'split.localhost', `x-skerry-affinity: ${key}\r\n`)).status).toBe(200)
  const ranIn = (region: Region): Set<string> => new Set(nodes[region].fake.exchanges.map(({ version }) => version.version))
  expect([ranIn('fra'), ranIn('iad'), ranIn('sin')]).toEqual([new Set([first]), new Set([second]), new Set()])
})

it('holds the functions of an account to its regions from one moment on, and leaves nothing of them elsewhere', async () => {
  const script = '// held'
  await operator.json('PUT', '/v1/functions/held/secrets/KEY', { value: 'of-the-account' })
  done(await operator.deploy('held', script, { config: { env: { PLAIN: 'also-of-it' } } }))
  expect(await call(nodes.iad.node.url, 'held.localhost')).toMatchObject({ status: 200, node: 'iad-1' })
  const stateOf = (region: Region): Promise<string> => readFile(join(directory, region, 'state.json'), 'utf8')
  expect(await stateOf('iad')).toContain('of-the-account')

  // What goes on after its head is broken off, also of a function with secrets and of a version that was replaced since.
  await operator.json('PUT', '/v1/functions/endless/secrets/KEY', { value: 'endless' })
  await deploy('endless', ['*'])
  nodes.iad.fake.functions.set('endless', (exchange) => answerHead(exchange, 200))
  const endless = await openSocket(nodes.iad.node.url)
  endless.write('GET / HTTP/1.1\r\nHost: endless.localhost\r\n\r\n')
  await readUntil(endless, /200 OK/)
  const brokenOff = once(endless, 'close')
  await operator.json('DELETE', '/v1/functions/endless')

  // A request that began before may end, and what it calls is already held.
  let asks: (() => void) | undefined
  nodes.iad.fake.functions.set('before', (exchange) => {
    asks = () => answerByFetching(nodes.iad.fake, exchange, 'http://held.localhost/')
  })
  await deploy('before', ['*'])
  const before = call(nodes.iad.node.url, 'before.localhost')
  await expect.poll(() => asks !== undefined).toBe(true)
  expect(await hold('fra')).toMatchObject({ cleared: ['iad-1', 'sin-1'], missing: [] })
  for (const { fake } of Object.values(nodes)) fake.exchanges.splice(0)
  asks?.()
  await brokenOff
  expect((await before).head).toMatch(/200 [0-9A-Z]{26}$/)
  for (const door of doors()) expect(await call(door, 'held.localhost')).toMatchObject({ status: 200, node: 'fra-1' })
  expect(ran('held')).toEqual({ fra: 5 })
  expect(nodes.iad.fake.retired.some((key) => key.startsWith('default/held/'))).toBe(true)
  for (const region of ['iad', 'sin'] as const) {
    expect(await stateOf(region)).not.toMatch(/of-the-account|also-of-it/)
    expect(await readdir(join(directory, region, 'artifacts'))).toEqual([])
  }
  expect(await stateOf('fra')).toContain('of-the-account')

  // A node outside that restarts without the control plane goes by what it knew.
  await nodes.sin.node.close()
  const alone = await startNode('sin', { controlPlaneUrl: 'http://127.0.0.1:1' })
  expect(await call(alone.node.url, 'held.localhost')).toMatchObject({ status: 200, node: 'fra-1' })
  expect(alone.fake.exchanges).toEqual([])
  await alone.node.close()
  nodes = { ...nodes, sin: await startNode('sin') }

  await hold('*')
  await expect.poll(async () => (await call(nodes.iad.node.url, 'held.localhost')).node).toBe('iad-1')
  expect(nodes.iad.fake.exchanges.at(-1)?.version.environment).toEqual({ PLAIN: 'also-of-it', KEY: 'of-the-account' })
})

it('answers no_healthy_node, and nobody else runs it, while the only node that may is gone or has not heard of it', async () => {
  await deploy('lonely', ['iad'])
  await deploy('caller', ['fra'])
  fetches('caller', 'http://lonely.localhost/')
  for (const door of doors()) await expect.poll(async () => (await call(door, 'lonely.localhost')).status).toBe(200)
  for (const { fake } of Object.values(nodes)) fake.exchanges.splice(0)
  await nodes.iad.node.close()
  for (const { node } of [nodes.fra, nodes.sin]) expect(await call(node.url, 'lonely.localhost')).toMatchObject({ status: 503, code: 'no_healthy_node' })
  expect(await call(gateway.url, 'lonely.localhost')).toMatchObject({ status: 503 })
  expect((await call(nodes.fra.node.url, 'caller.localhost')).head).toContain('503 {')
  // It comes back with the feed of before, and without the control plane.
  nodes = { ...nodes, iad: await startNode('iad', { controlPlaneUrl: 'http://127.0.0.1:1' }) }
  expect(ran('lonely')).toEqual({})
})
