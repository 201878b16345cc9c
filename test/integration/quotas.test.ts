import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, startControlPlane } from '../../control-plane/index.ts'
import { type EdgeNode, type EdgeNodeOptions, startEdgeNode } from '../../edge-node/index.ts'
import { collectDeployment, createClient, type SkerryClient } from '../../sdk/client/index.ts'
import { createHash } from 'node:crypto'
import { openRawClient } from '../helpers/raw-client.ts'
import { until } from '../helpers/until.ts'

/** Two real nodes with cells, and a control plane that goes. */

let directory: string
let plane: ControlPlane
let client: SkerryClient
const nodes = new Map<string, EdgeNode>()
const regions = ['fra', 'iad'] as const

async function startNode(region: string): Promise<EdgeNode> {
  const name = `${region}-1`
  const options: EdgeNodeOptions = {
    name, region, latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: plane.nodeToken,
    dataDirectory: join(directory, name), domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [],
    forwarder: false, onNotice: () => undefined, runtime: { spareCells: 2, sandbox: 'permission' },
  }
  const node = await startEdgeNode(options)
  nodes.set(region, node)
  await node.ready()
  return node
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-quotas-'))
  plane = await startControlPlane({ port: 0, dataDirectory: join(directory, 'plane'), log: () => undefined })
  client = createClient({ url: plane.url, token: plane.adminToken })
  await Promise.all(regions.map(startNode))
}, 60_000)
afterAll(async () => {
  await Promise.all([...nodes.values()].map((node) => node.close()))
  await client.close()
  await plane.close()
  await rm(directory, { recursive: true, force: true })
})

async function deploy(name: string, script: string, config: Record<string, unknown> = {}): Promise<void> {
  const bytes = Buffer.from(script)
  const artifactHash = createHash('sha256').update(bytes).digest('hex')
  await client.putArtifact(artifactHash, bytes)
  const outcome = await collectDeployment(client.deploy({ functions: [{ name, artifactHash, config, routes: [] }] }))
  if (!('revision' in outcome)) throw new Error(JSON.stringify(outcome))
}
async function ask(region: string, name: string): Promise<{ readonly status: number; readonly start: string | undefined; readonly code: string | undefined }> {
  const connection = await openRawClient(nodes.get(region)?.url ?? '')
  connection.send(`GET / HTTP/1.1\r\nHost: ${name}.localhost\r\nConnection: close\r\n\r\n`)
  const response = await connection.response()
  connection.close()
  return { status: response.status, start: /desc="(\w+)"/.exec(response.header('server-timing') ?? '')?.[1], code: response.header('x-skerry-error') }
}
async function metric(region: string, pattern: RegExp): Promise<number> {
  const text = await (await fetch(`${nodes.get(region)?.adminUrl}/metrics`)).text()
  return Number(pattern.exec(text)?.[1] ?? Number.NaN)
}
const shareOf = (region: string): Promise<number> => metric(region, /^skerry_quota_share\{[^}]*quota="rate"[^}]*\} (\S+)$/m)

test('what has isolates provisioned is warm from the first request after its deployment on', { timeout: 60_000 }, async () => {
  const script = (text: string): string => `let n = 0; export default { fetch() { n += 1; return new Response('${text} ' + n) } }`
  for (const text of ['one', 'two']) {
    await deploy('warm', script(text), { provisioned: 1 })
    for (const region of regions) expect(await Promise.all([1, 2, 3, 4].map(() => ask(region, 'warm')))).toMatchObject([1, 2, 3, 4].map(() => ({ status: 200, start: 'warm' })))
  }
  expect(await metric('fra', /^skerry_provisioned_isolates\{[^}]*state="ready"[^}]*\} (\S+)$/m)).toBe(1)
  await until('the control plane knows', async () => {
    const [warm] = await client.functions()
    return warm?.provisioned.length === 2 && warm.provisioned.every(({ wanted, ready }) => wanted === 1 && ready === 1)
  })
})

test('CPU time of a day adds up over both nodes, and neither a restart nor a lost disk makes it forgotten', { timeout: 90_000 }, async () => {
  await deploy('burns', `export default { fetch() { let sum = 0; for (let i = 0; i < 5e6; i++) sum += Math.sqrt(i); return new Response(String(sum)) } }`, { limits: { cpuMs: 5_000 } })
  await client.quotas.change('default', { cpuSecondsPerDay: 0.2 })
  const isRefused = (region: string) => async (): Promise<boolean> => (await ask(region, 'burns')).code === 'cpu_quota_exceeded'
  await until('it is used at one node', isRefused('fra'))
  await until('the other knows', isRefused('iad'))
  await nodes.get('fra')?.close()
  await rm(join(directory, 'fra-1', 'quotas.json'))
  await startNode('fra')
  await until('it was told again', isRefused('fra'))
  const { used } = await client.quotas.read()
  expect(used.cpuSeconds).toBeGreaterThanOrEqual(0.2)
  await client.quotas.change('default', { cpuSecondsPerDay: null })
  await until('it is lifted', async () => (await ask('fra', 'burns')).status === 200)
})

test('a rate is held over both nodes, follows demand, and goes on when the control plane is gone and nodes start anew', { timeout: 150_000 }, async () => {
  await deploy('quick', `export default { fetch() { return new Response('ok') } }`)
  const limit = 20
  await client.quotas.change('default', { requestsPerSecond: limit })
  for (const region of regions) await until('the node has its share', async () => Number.isFinite(await shareOf(region)))

  /** Asks one node much more than may be, for some time. */
  const flood = async (region: string, ms: number): Promise<{ readonly served: number; readonly seconds: number }> => {
    const startedMs = performance.now()
    let served = 0
    while (performance.now() - startedMs < ms) {
      const answers = await Promise.all(Array.from({ length: 24 }, () => ask(region, 'quick')))
      served += answers.filter(({ status }) => status === 200).length
      for (const { status, code } of answers) if (status !== 200) expect([status, code]).toEqual([429, 'rate_limit_exceeded'])
    }
    return { served, seconds: (performance.now() - startedMs) / 1_000 }
  }
  const both = await Promise.all(regions.map((region) => flood(region, 3_000)))
  const seconds = Math.max(...both.map((of) => of.seconds))
  expect(both.reduce((sum, { served }) => sum + served, 0)).toBeLessThanOrEqual(limit * (seconds + 1) + regions.length)

  const startedMs = performance.now()
  let served = 0
  // Not all: a fifth of what it refuses, and ten a second, it offers to the other.
  await until('one node that alone is asked has most of it', async () => {
    served += (await flood('iad', 200)).served
    return (await shareOf('iad')) > 0.6 * limit
  }, 60_000)
  expect(served).toBeLessThanOrEqual(limit * ((performance.now() - startedMs) / 1_000 + 1) + regions.length)
  expect((await shareOf('fra')) + (await shareOf('iad'))).toBeLessThanOrEqual(limit + 1e-6)
  const held = await shareOf('iad')

  await plane.close()
  for (const region of regions) await nodes.get(region)?.close()
  await Promise.all(regions.map(startNode))
  expect(await shareOf('iad')).toBeCloseTo(held, 6)
  const alone = await flood('iad', 1_000)
  expect(alone.served).toBeGreaterThan(0)
  expect(alone.served).toBeLessThanOrEqual(held * (alone.seconds + 1) + 1)
})
