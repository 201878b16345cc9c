import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Quotas } from '../../control-plane/protocol/index.ts'
import { type LocalEdge, startLocalEdge } from '../../edge-node/index.ts'
import { type AccountGate, QuotaTable } from '../../edge-node/quotas/index.ts'
import { functionState, versionRecord } from '../helpers/function-states.ts'
import { openRawClient, type RawClient } from '../helpers/raw-client.ts'
import { openSocketClient } from '../helpers/socket-client.ts'
import { until } from '../helpers/until.ts'

/** An account that wants more of a node than it may have, by every way in. */

const scripts: Readonly<Record<string, string>> = {
  quick: `export default { fetch() { return new Response('ok') } }`,
  hangs: `export default { fetch(request) { return new Promise((_, fail) => request.signal.addEventListener('abort', fail)) } }`,
  heedless: `export default { async fetch() { await new Promise(done => setTimeout(done, 2_000)); return new Response('late') } }`,
  vip: `export default { fetch() { return new Response('ok') } }`,
  stream: `export default { fetch() { return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(10)) } })) } }`,
  socket: `export default { fetch() { const { 0: client, 1: server } = new WebSocketPair(); server.accept(); return new Response(null, { status: 101, webSocket: client }) } }`,
  briefly: `export default { async fetch(request, env, ctx) { await new Promise(done => setTimeout(done, 300)); return new Response('ok') } }`,
  calls: `export default { async fetch(request) {
    const { host, times } = Object.fromEntries(new URL(request.url).searchParams)
    const statuses = await Promise.all(Array.from({ length: Number(times) }, () => fetch('http://' + host + '/').then(async answer => (await answer.text(), answer.status))))
    return Response.json(statuses) } }`,
  burns: `export default { async fetch(request, env, ctx) { let sum = 0; for (let i = 0; i < 5e6; i++) sum += Math.sqrt(i); return new Response(String(sum)) } }`,
}

let quotas: QuotaTable
let edge: LocalEdge
let gate: AccountGate
let clients: RawClient[] = []

beforeAll(async () => {
  quotas = new QuotaTable({ nodeConcurrency: 20_000 })
  edge = await startLocalEdge({
    name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, domain: 'localhost', allowOutbound: [],
    allowLocationHeader: false, trustedProxies: [], quotas,
  })
  const functions = Object.entries(scripts).flatMap(([name, script]) =>
    ['acme', 'other'].map((account) => functionState(name, {
      account, versions: [versionRecord(name, 1, { script, account, config: { limits: { cpuMs: 5_000 }, concurrency: { max: 1_000, reserved: name === 'vip' && account === 'other' ? 2 : 0 } } })], routes: account === 'acme' ? [`${name}.example.com/*`] : [],
    })),
  )
  const bytes = new Map(functions.flatMap(({ versions }) => versions.map(({ artifactHash, function: name }) => [artifactHash, Buffer.from(scripts[name] ?? '')] as const)))
  await edge.setFunctions(functions, (hash) => bytes.get(hash) ?? new Uint8Array())
}, 60_000)
afterAll(() => edge.close())

beforeEach(async () => {
  for (const client of clients) client.close()
  clients = []
  quotas.set('acme', {})
  gate = quotas.gateOf('acme')
  await until('nothing of the account runs', () => gate.inFlight === 0)
})

/** This node alone may let it take all of it. */
function limit(of: Quotas): void {
  quotas.set('acme', of)
  const { requestsPerSecond, concurrentRequests } = of
  gate.setShare({ ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }), ...(concurrentRequests === undefined ? {} : { concurrentRequests }) }, performance.now() - 60_000)
}
async function open(): Promise<RawClient> {
  const client = await openRawClient(edge.url)
  clients.push(client)
  return client
}
const head = (host: string, ...headers: readonly string[]): string => [`GET / HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n')
/** One request on a connection of its own. */
async function ask(host: string): Promise<{ readonly status: number; readonly code: string | undefined; readonly retryAfter: string | undefined; readonly body: string }> {
  const client = await open()
  client.send(head(host, 'Connection: close'))
  const response = await client.response()
  client.close()
  return { status: response.status, code: response.header('x-skerry-error'), retryAfter: response.header('retry-after'), body: response.body }
}
const acme = (name: string): string => `${name}.acme.localhost`

it('gets no more requests a second by many functions, host names, routes and versions', { timeout: 60_000 }, async () => {
  limit({ requestsPerSecond: 5 })
  const version = versionRecord('quick', 1).version.toLowerCase()
  const hosts = [acme('quick'), acme('burns'), 'quick.example.com', `${version}--quick.acme.localhost`, 'burns.example.com']
  const before = performance.now()
  const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => ask(hosts[index % hosts.length] ?? '')))
  const seconds = (performance.now() - before) / 1_000
  const served = answers.filter(({ status }) => status === 200).length
  expect(served).toBeGreaterThanOrEqual(5)
  expect(served).toBeLessThanOrEqual(5 + Math.ceil(5 * seconds))
  expect(answers.filter(({ status }) => status !== 200)).toSatisfy((refused: typeof answers) => refused.every(({ status, code, retryAfter }) => status === 429 && code === 'rate_limit_exceeded' && retryAfter === '1'))
  // Nobody else notices.
  expect((await ask('quick.other.localhost')).status).toBe(200)
})

it('has what it streams, what it serves as WebSockets and what merely hangs count until it ends', { timeout: 60_000 }, async () => {
  limit({ concurrentRequests: 3 })
  const [stream, hanging] = [await open(), await open()]
  stream.send(head(acme('stream')))
  hanging.send(head(acme('hangs')))
  const { socket } = await openSocketClient(edge.url, 'socket.acme', '/')
  await until('three of them run', () => gate.inFlight === 3)
  expect(await ask(acme('quick'))).toMatchObject({ status: 429, code: 'concurrency_limit_exceeded', retryAfter: '1' })
  expect(JSON.parse((await ask(acme('quick'))).body)).toMatchObject({ limit: 3 })
  socket.close()
  await until('the WebSocket is over', () => gate.inFlight === 2)
  expect((await ask(acme('quick'))).status).toBe(200)
})

it('takes no room from a function that reserved it', { timeout: 60_000 }, async () => {
  const other = quotas.gateOf('other')
  await until('nothing of the account runs', () => other.inFlight === 0)
  quotas.set('other', { concurrentRequests: 4 })
  other.setShare({ concurrentRequests: 4 }, performance.now())
  for (let index = 0; index < 6; index += 1) (await open()).send(head('hangs.other.localhost'))
  await until('two of the others run', () => other.inFlight === 2)
  expect([(await ask('quick.other.localhost')).status, (await ask('vip.other.localhost')).status]).toEqual([429, 200])
  quotas.set('other', {})
})

it('gets no more at a time by pipelining', { timeout: 60_000 }, async () => {
  limit({ concurrentRequests: 2 })
  const client = await open()
  client.send(head(acme('briefly')).repeat(6))
  let most = 0
  const watch = setInterval(() => void (most = Math.max(most, gate.inFlight)), 5)
  const statuses = []
  for (let answer = 0; answer < 6; answer += 1) statuses.push((await client.response()).status)
  clearInterval(watch)
  expect(most).toBeLessThanOrEqual(2)
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2)
  expect(statuses.every((status) => status === 200 || status === 429)).toBe(true)
})

it('gets no more at a time by going away: what was begun counts until the function is done with it', { timeout: 60_000 }, async () => {
  limit({ concurrentRequests: 4 })
  for (let round = 0; round < 5; round += 1) {
    for (let index = 0; index < 4; index += 1) {
      const client = await open()
      client.send(head(acme('heedless')))
      if (round === 0) await until('it has begun', () => gate.inFlight === index + 1)
      client.close()
    }
  }
  expect(gate.inFlight).toBe(4)
  expect((await ask(acme('quick'))).status).toBe(429)
  await until('the function is done with them', () => gate.inFlight === 0)
  expect((await ask(acme('quick'))).status).toBe(200)
})

it('is not charged for bodies that never come, nor for what is refused before', { timeout: 60_000 }, async () => {
  limit({ concurrentRequests: 2 })
  for (let index = 0; index < 10; index += 1) {
    const client = await open()
    client.send(`POST / HTTP/1.1\r\nHost: ${acme('quick')}\r\nContent-Length: 10\r\n\r\n`)
    client.close()
  }
  const client = await open()
  client.send(`GET / HTTP/1.1\r\nHost: ${acme('socket')}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 7\r\n\r\n`)
  expect((await client.response()).status).toBe(426)
  await until('nothing is left', () => gate.inFlight === 0)
  expect((await ask(acme('quick'))).status).toBe(200)
})

it('may be called by its own functions within a request, and by those of others only as by clients', { timeout: 60_000 }, async () => {
  limit({ requestsPerSecond: 4 })
  const own = await ask(`calls.acme.localhost`)
  expect(own.status).toBe(200)
  const call = async (account: string): Promise<number[]> => {
    const client = await open()
    client.send(`GET /?host=quick.acme.localhost&times=10 HTTP/1.1\r\nHost: calls.${account}.localhost\r\nConnection: close\r\n\r\n`)
    return JSON.parse((await client.response()).body) as number[]
  }
  expect(await call('acme')).toEqual(Array.from({ length: 10 }, () => 200))
  const others = await call('other')
  expect(others.filter((status) => status === 200).length).toBeLessThan(5)
  expect(others).toContain(429)
})

it('is refused once its CPU time of the day is used, by what answers and what does not', { timeout: 60_000 }, async () => {
  limit({ cpuSecondsPerDay: gate.cpuMs / 1_000 + 0.05 })
  await until('it is used', async () => (await ask(acme('burns'))).status === 429)
  const refused = await ask(acme('quick'))
  expect(refused).toMatchObject({ status: 429, code: 'cpu_quota_exceeded' })
  expect(Number(refused.retryAfter)).toBeGreaterThan(0)
  expect(Number(refused.retryAfter)).toBeLessThanOrEqual(86_400)
  expect((await ask('quick.other.localhost')).status).toBe(200)
})
