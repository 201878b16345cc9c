import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { SkerryError } from '../../../errors/index.ts'
import { answerByFetching, answerHead, createFakeRuntime, type FakeExchange, type FakeRuntimeControls } from '../../../test/helpers/fake-runtime.ts'
import { functionState, versionRecord } from '../../../test/helpers/function-states.ts'
import { exchangeRaw, openSocket, readUntil } from '../../../test/helpers/raw-http.ts'
import { type ScriptedControlPlane, startScriptedControlPlane } from '../../../test/helpers/scripted-control-plane.ts'
import { type EdgeNode, startEdgeNode } from '../../index.ts'
import { Protection } from '../../protection/index.ts'
import { encodeMessage, MessageKind } from '../../../runtime/bridge/index.ts'
import { EdgeStatistics } from '../../statistics.ts'

// Three nodes, west to east, each of which is told by a feed of its own where functions may run.
const places = { iad: [39, -77], lhr: [51, 0], fra: [50, 8] } as const
type Region = keyof typeof places
const regions = Object.keys(places) as Region[]

const busy = new SkerryError('overloaded', 'Every cell is taken.')
let plane: ScriptedControlPlane
let directory: string
const nodes = new Map<Region, { readonly node: EdgeNode; readonly fake: FakeRuntimeControls }>()

const state = (name: string, of: readonly string[], number = 1) => functionState(name, { versions: [versionRecord(name, number, { config: { regions: of } })] })
/** As each node sees it. */
const feeds: Record<Region, ReturnType<typeof state>[]> = {
  iad: [state('anywhere', ['*']), state('caller', ['*']), state('ring', ['lhr']), state('both', ['lhr']), state('late', ['lhr', 'fra']), state('fixed', ['lhr'])],
  lhr: [state('anywhere', ['*']), state('ring', ['fra']), state('both', ['iad']), state('fixed', ['lhr'])],
  fra: [state('anywhere', ['*']), state('ring', ['iad']), state('both', ['iad']), state('late', ['lhr', 'fra']), state('fixed', ['lhr'])],
}

beforeAll(async () => {
  plane = await startScriptedControlPlane()
  directory = await mkdtemp(join(tmpdir(), 'skerry-between-'))
  plane.onFeed = (query) => [{ type: 'snapshot', protocol: 1, epoch: 'e', sequence: 1, functions: feeds[query.get('region') as Region] }, { type: 'heartbeat', epoch: 'e', sequence: 1 }]
  for (const region of regions) {
    const { controls, create } = createFakeRuntime()
    const [latitude, longitude] = places[region]
    const node = await startEdgeNode({
      name: `${region}-1`, region, latitude, longitude, host: '127.0.0.1', port: 0, controlPlaneUrl: plane.url, token: 't', dataDirectory: join(directory, region),
      domain: 'localhost', allowOutbound: [], allowLocationHeader: false, trustedProxies: [], createRuntime: create, onNotice: () => undefined,
    })
    nodes.set(region, { node, fake: controls })
  }
  plane.nodes = regions.map((region) => {
    const [latitude, longitude] = places[region]
    const { url, internalUrl, adminUrl } = at(region).node
    return { name: `${region}-1`, region, latitude, longitude, url, internalUrl, adminUrl, draining: false, load: 0, epoch: 'e', sequence: 1, connected: true, lastSeenMs: 1 }
  })
  await Promise.all([...nodes.values()].map(({ node }) => node.ready()))
  // A list of nodes is asked for early where one is missed.
  await vi.waitFor(async () => {
    for (const region of regions) expect((await get(region, 'fixed')).status).toBe(200)
  })
  for (const { fake } of nodes.values()) fake.exchanges.splice(0)
})
// All nodes are in this process: what else runs on the machine must not count as their load.
beforeEach(() => {
  vi.spyOn(EdgeStatistics.prototype, 'pressureMs', 'get').mockReturnValue(0)
  vi.spyOn(Protection.prototype, 'isShedding', 'get').mockReturnValue(false)
})
afterEach(() => {
  vi.restoreAllMocks()
  for (const { fake } of nodes.values()) {
    fake.exchanges.splice(0)
    fake.functions.clear()
    fake.onAbort = () => undefined
  }
})
afterAll(async () => {
  await Promise.all([...nodes.values()].map(({ node }) => node.close()))
  await plane.close()
  await rm(directory, { recursive: true, force: true })
})

function at(region: Region): { readonly node: EdgeNode; readonly fake: FakeRuntimeControls } {
  const found = nodes.get(region)
  if (found === undefined) throw new Error(`no node in ${region}`)
  return found
}

async function get(region: Region, name: string, more = '', door: 'url' | 'internalUrl' = 'url'): Promise<{ status: number; code: string | undefined; node: string | undefined; text: string }> {
  const text = await exchangeRaw(at(region).node[door], `GET / HTTP/1.1\r\nHost: ${name}.localhost\r\nConnection: close\r\n${more}\r\n`)
  return { status: Number(text.slice(9, 12)), code: /x-skerry-error: (\w+)/.exec(text)?.[1], node: /x-skerry-node: (\S+)/.exec(text)?.[1], text }
}

const ran = (name: string): Record<string, number> => Object.fromEntries([...nodes].flatMap(([region, { fake }]) => {
  const count = fake.exchanges.filter(({ version }) => version.functionName === name).length
  return count === 0 ? [] : [[region, count]]
}))
const everywhere = (name: string, run: (exchange: FakeExchange) => void): void => {
  for (const { fake } of nodes.values()) fake.functions.set(name, run)
}

it.each(['ring', 'both'])('ends in one answer where each node thinks that another may run it: %s', async (name) => {
  for (const region of regions) expect(await get(region, name)).toMatchObject({ status: 503, code: 'no_healthy_node', node: `${region}-1` })
  const gateway = 'authorization: Bearer internal-token-of-the-test\r\n'
  for (const region of regions) expect(await get(region, name, gateway, 'internalUrl')).toMatchObject({ status: 503, node: `${region}-1` })
  expect(ran(name)).toEqual({})
})

it('adds up what passed at each hop', async () => {
  await get('iad', 'fixed', 'authorization: Bearer internal-token-of-the-test\r\nx-skerry-elapsed: 5000\r\n', 'internalUrl')
  const elapsedMs = at('lhr').fake.exchanges[0]?.request.elapsedMs
  expect(elapsedMs).toBeGreaterThan(5_000)
  expect(elapsedMs).toBeLessThan(25_000)
  await get('lhr', 'fixed', 'x-skerry-elapsed: 5000\r\n')
  expect(at('lhr').fake.exchanges[1]?.request.elapsedMs ?? 0).toBe(0)
})

it('goes on to the next where one has yet to hear of the function', async () => {
  expect(await get('iad', 'late')).toMatchObject({ status: 200, node: 'fra-1' })
  expect(await get('lhr', 'late')).toMatchObject({ status: 404, node: 'lhr-1' })
})

it('has the next nearest answer what one node has too much of, without a body', async () => {
  at('iad').fake.functions.set('anywhere', ({ handler }) => handler.onError(busy))
  const { text } = await get('iad', 'anywhere')
  expect(text).toMatch(/^HTTP\/1.1 200[^]*x-skerry-node: lhr-1[^]*forward;dur=[\d.]+;desc="iad-1"/)
  expect(ran('anywhere')).toEqual({ iad: 1, lhr: 1 })
  const posted = await exchangeRaw(at('iad').node.url, 'POST / HTTP/1.1\r\nHost: anywhere.localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx')
  expect(posted).toMatch(/^HTTP\/1.1 503[^]*x-skerry-error: overloaded[^]*x-skerry-node: iad-1/)
})

it('answers once where all have too much, and asks no more of them than the budget allows', async () => {
  everywhere('anywhere', ({ handler }) => handler.onError(busy))
  expect(await get('iad', 'anywhere')).toMatchObject({ status: 503, code: 'overloaded', node: 'iad-1' })
  expect(ran('anywhere')).toEqual({ iad: 1, lhr: 1, fra: 1 })
  const asked = 100
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: asked }, () => get('iad', 'anywhere')))
  const seconds = (performance.now() - startedMs) / 1_000
  const { iad = 0, lhr = 0, fra = 0 } = ran('anywhere')
  expect(iad).toBe(asked + 1)
  // A fifth of what was asked, and ten a second, twice: for whoever is asked first and for the next.
  expect(lhr).toBeLessThanOrEqual(2 + 10 + asked / 5 + 10 * seconds)
  expect(fra).toBeLessThanOrEqual(lhr)
})

it('takes no load of others where it asks its own clients to go elsewhere, and still what nobody else may run', async () => {
  vi.spyOn(EdgeStatistics.prototype, 'pressureMs', 'get').mockReturnValue(5)
  at('iad').fake.functions.set('anywhere', ({ handler }) => handler.onError(busy))
  expect(await get('iad', 'anywhere')).toMatchObject({ status: 503, code: 'overloaded', node: 'iad-1' })
  expect(ran('anywhere')).toEqual({ iad: 1 })
  expect(await get('iad', 'fixed')).toMatchObject({ status: 200, node: 'lhr-1' })
})

it('has another node answer where the script is not to be had here', async () => {
  const noScript = new SkerryError('no_healthy_node', 'This node does not have the script of the version, and could not get it.')
  at('iad').fake.functions.set('anywhere', ({ handler }) => handler.onError(noScript))
  expect(await get('iad', 'anywhere')).toMatchObject({ status: 200, node: 'lhr-1' })
  const inside = await get('iad', 'anywhere', 'authorization: Bearer internal-token-of-the-test\r\n', 'internalUrl')
  expect(inside.text).toMatch(/^HTTP\/1.1 503[^]*x-skerry-not-begun: 1/)
})

it.each(['GET', 'POST'])("has another node answer a function's %s to one whose script is not to be had here", async (method) => {
  const noScript = new SkerryError('no_healthy_node', 'This node does not have the script of the version, and could not get it.')
  const { fake } = at('iad')
  fake.functions.set('caller', (exchange) => answerByFetching(fake, exchange, 'http://anywhere.localhost/', method))
  fake.functions.set('anywhere', ({ handler }) => handler.onError(noScript))
  expect((await get('iad', 'caller')).text).toMatch(/200 01J/)
  expect(ran('anywhere')).toEqual({ iad: 1, lhr: 1 })
  everywhere('anywhere', ({ handler }) => handler.onError(noScript))
  expect((await get('iad', 'caller')).text).toMatch(/503 [^]*"code":"no_healthy_node","detail":"This node does not have the script/)
  expect(ran('anywhere')).toEqual({ iad: 2, lhr: 2, fra: 1 })
})

it('streams both ways at the pace of who reads, and passes on that the client is gone', async () => {
  const mb = 1024 * 1024
  let taken = 0
  at('lhr').fake.onWrite = (exchange, chunk) => {
    taken += chunk.length
    if (taken === 2 * mb) answerHead(exchange, 200)
    return true
  }
  at('lhr').fake.functions.set('fixed', () => undefined)
  const aborted = new Promise<void>((resolve) => {
    at('lhr').fake.onAbort = () => resolve()
  })
  const socket = await openSocket(at('iad').node.url)
  socket.write(`POST / HTTP/1.1\r\nHost: fixed.localhost\r\nContent-Length: ${2 * mb}\r\n\r\n`)
  socket.write(Buffer.alloc(2 * mb, 'x'))
  await readUntil(socket, /200 OK[^]*x-skerry-node: lhr-1/)
  socket.destroy()
  await aborted
})

/** What came of a call that a function of the node makes. */
interface Called {
  status: number
  text: string
  consumed: number
  outcome: string
}

/** Has the function `anywhere` on a node in America call another, and answers with who carries the call and what comes of it. */
async function callFrom(name: string, more: { readonly method?: string; readonly body?: Uint8Array | 'stream'; readonly webSocket?: boolean }) {
  const { fake } = at('iad')
  const parent = new Promise<FakeExchange>((resolve) => fake.functions.set('anywhere', resolve))
  const client = await openSocket(at('iad').node.url)
  client.write('GET / HTTP/1.1\r\nHost: anywhere.localhost\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n')
  const { version, request } = await parent
  const called: Called = { status: 0, text: '', consumed: 0, outcome: '' }
  const handler = fake.dispatchSubrequest?.({
    version, parent: request, work: request, method: more.method ?? 'GET', url: `http://${name}.localhost/`, headers: ['authorization', 'Bearer mine', 'x-forwarded-for', '6.6.6.6'],
    redirect: 'follow', webSocket: more.webSocket ?? false, body: more.webSocket === true ? 'stream' : more.body,
  }, {
    head: ({ status }) => void (called.status = status),
    write: (chunk) => {
      called.text += Buffer.from(chunk).toString('latin1')
      return true
    },
    end: () => void (called.outcome = 'ended'),
    error: ({ code }) => void (called.outcome = code),
    consumed: (bytes) => void (called.consumed += bytes),
  })
  if (handler === undefined) throw new Error('the runtime has no dispatcher')
  return { handler, called, client }
}

it('carries a call to where it may run, with its body, as the function that it is of, and no more', async () => {
  at('lhr').fake.onBodyEnd = (exchange) => answerHead(exchange, 200)
  at('lhr').fake.functions.set('fixed', () => undefined)
  const { handler, called, client } = await callFrom('fixed', { method: 'POST', body: 'stream' })
  handler.onChunk(Buffer.from('one '))
  handler.onChunk(Buffer.from('two'))
  handler.onEnd()
  await expect.poll(() => called.status).toBe(200)
  const [exchange] = at('lhr').fake.exchanges
  expect(Buffer.concat(exchange?.chunks ?? []).toString()).toBe('one two')
  expect(called.consumed).toBe(7)
  const headers = exchange?.request.headers.join() ?? ''
  expect(headers).toContain('authorization,Bearer mine')
  expect(headers).not.toMatch(/6\.6\.6\.6|internal-token|x-skerry-/)
  exchange?.handler.onChunk(Buffer.from('answer'))
  exchange?.handler.onEnd()
  await expect.poll(() => called.outcome).toBe('ended')
  expect(called.text).toBe('answer')
  client.destroy()
  at('lhr').fake.onBodyEnd = () => undefined
})

it('ends a call at the other node when whoever called is gone', async () => {
  const begun = new Promise<FakeExchange>((resolve) => at('lhr').fake.functions.set('fixed', resolve))
  const { handler, client } = await callFrom('fixed', {})
  const exchange = await begun
  handler.abort()
  await expect.poll(() => exchange.aborted).toBe(true)
  client.destroy()
})

it('passes the messages of a WebSocket between functions of two nodes', async () => {
  const begun = new Promise<FakeExchange>((resolve) => at('lhr').fake.functions.set('fixed', resolve))
  const { handler, called, client } = await callFrom('fixed', { webSocket: true })
  const exchange = await begun
  answerHead(exchange, 101)
  await expect.poll(() => called.status).toBe(101)
  const message = encodeMessage(MessageKind.text, Buffer.from('hello'))
  handler.onChunk(message)
  await expect.poll(() => Buffer.concat(exchange.chunks).equals(message)).toBe(true)
  exchange.handler.onChunk(message)
  await expect.poll(() => called.text).toBe(Buffer.from(message).toString('latin1'))
  client.destroy()
  handler.abort()
  await expect.poll(() => exchange.chunks.length).toBe(2)
})

it('answers a call that nobody may carry out as a client is answered', async () => {
  const { called, client } = await callFrom('ring', { method: 'POST', body: Buffer.from('x') })
  await expect.poll(() => called.outcome).toBe('ended')
  expect([called.status, (JSON.parse(called.text) as { code: string }).code, ran('ring')]).toEqual([503, 'no_healthy_node', {}])
  client.destroy()
})

it('keeps upgrades to the regions as well, with one answer where there is nobody', async () => {
  const upgrade = (name: string): string =>
    `GET / HTTP/1.1\r\nHost: ${name}.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`
  at('lhr').fake.functions.set('fixed', (exchange) => answerHead(exchange, 101))
  const socket = await openSocket(at('iad').node.url)
  socket.write(upgrade('fixed'))
  expect(await readUntil(socket, /\r\n\r\n/)).toMatch(/^HTTP\/1.1 101[^]*x-skerry-node: lhr-1/)
  const closed = once(socket, 'close')
  socket.destroy()
  await closed
  expect(ran('fixed')).toEqual({ lhr: 1 })
  expect(await exchangeRaw(at('iad').node.url, upgrade('ring'))).toMatch(/^HTTP\/1.1 503[^]*x-skerry-error: no_healthy_node/)
})

it('a node that drains sends its own clients to where the function may run', async () => {
  void at('iad').node.drain()
  expect(await get('iad', 'fixed')).toMatchObject({ status: 200, node: 'lhr-1' })
  expect(await get('iad', 'ring')).toMatchObject({ status: 503, node: 'iad-1' })
  expect(ran('fixed')).toEqual({ lhr: 1 })
})
