import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeCertificate } from '../../../test/helpers/certificates.ts'
import { RetryBudget, UnreadBytes } from '../../protection/index.ts'
import { startUnanswering } from '../testing/unanswering.ts'
import type { NodeConnection } from './node-connections.ts'
import { type AttemptFailure, type Extra, proxy, ReplayableBody, Upstreams } from './index.ts'

/** What stands between the test and two nodes. */
let upstreams: Upstreams
let origins: Record<'near' | 'far', string>
let trialMax: number | undefined
let claimedBytes: string | undefined
const failures: AttemptFailure[] = []
const extras: Extra[] = []
const servers: Server[] = []
let front = ''
let held: (() => void)[]
let onNear: 'hold' | 'answer' | 'answer and close'

beforeEach(async () => {
  held = []
  onNear = 'answer'
  trialMax = undefined
  claimedBytes = undefined
  failures.length = 0
  extras.length = 0
  upstreams = new Upstreams()
  const near = await serve((request, response) => {
    const answer = (): void => void response.end('near')
    request.resume().once('end', () => (onNear === 'hold' ? held.push(answer) : answer()))
    if (onNear === 'answer and close') response.once('finish', () => request.socket.destroy())
  })
  const far = await serve((request, response) => request.resume().once('end', () => response.end('far')))
  origins = { near, far }
  const [retries, unread] = [new RetryBudget(), new UnreadBytes(1_000_000)]
  front = await serve((request, response) => {
    const { method = 'GET' } = request
    const body = method === 'POST' ? new ReplayableBody(request) : undefined
    const targets = [
      { name: 'near', upstream: upstreams.get(origins.near), trialMax }, { name: 'far', upstream: upstreams.get(origins.far) },
    ]
    void proxy({ method, target: '/', headers: ['host', 'a', ...(claimedBytes === undefined ? [] : ['content-length', claimedBytes])], body }, targets, response, {
      passLastRefusal: true, retries, held: unread, onFailure: (_target, failure) => failures.push(failure), onExtra: (_target, why) => extras.push(why),
    }).then(({ kind }) => {
      if (!response.headersSent) response.writeHead(503).end(kind)
    })
  })
})

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  upstreams.close()
})

async function serve(handle: Parameters<typeof createServer>[1] & object): Promise<string> {
  const server = createServer(handle)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

const ask = async (method = 'GET'): Promise<string> => (await fetch(front, { method, ...(method === 'POST' ? { body: 'abc' } : {}) })).text()
const askAll = (count: number, method?: string): Promise<string[]> => Promise.all(Array.from({ length: count }, () => ask(method)))
const counts = (which: 'near' | 'far') => upstreams.get(origins[which]).connections.counts

test('a slow node gets no more than its share; what is above goes to the next', async () => {
  upstreams = new Upstreams({ inFlightMax: 10 })
  onNear = 'hold'
  const asked = askAll(200)
  await vi.waitFor(() => expect(held).toHaveLength(10))
  await vi.waitFor(() => expect(failures).toHaveLength(190))
  expect([new Set(failures), counts('near').busy]).toEqual([new Set(['full']), 10])
  // Others are served while it is.
  expect(await ask()).toBe('far')
  for (const answer of held) answer()
  const answers = await asked
  expect([answers.filter((text) => text === 'near').length, answers.filter((text) => text === 'far').length]).toEqual([10, 190])
})

test('a node on trial gets few at a time, unless there is nobody else', async () => {
  trialMax = 2
  onNear = 'hold'
  const asked = askAll(6)
  await vi.waitFor(() => expect(held).toHaveLength(2))
  for (const answer of held.splice(0)) answer()
  expect((await asked).toSorted()).toEqual(['far', 'far', 'far', 'far', 'near', 'near'])
  origins = { ...origins, far: 'http://127.0.0.1:1' }
  const all = askAll(6)
  await vi.waitFor(() => expect(held).toHaveLength(6))
  for (const answer of held) answer()
  expect(new Set(await all)).toEqual(new Set(['near']))
})

test('where a node is given up for silence only what is safe is done by another', async () => {
  onNear = 'hold'
  const asked = Promise.all([ask('GET'), ask('POST')])
  await vi.waitFor(() => expect(held).toHaveLength(2))
  upstreams.giveUp(origins.near)
  expect(await asked).toEqual(['far', 'broken'])
  expect(failures).toEqual(['broken', 'broken'])
})

test('connections are kept, one request at a time each, and the one used last is taken first', async () => {
  expect(new Set(await askAll(20))).toEqual(new Set(['near']))
  const { idle } = counts('near')
  for (let index = 0; index < 10; index += 1) await ask('POST')
  expect(counts('near')).toEqual({ idle, busy: 0, connecting: 0, waiting: 0 })
})

test('connections that the node closes after each answer fail no request, with effects or without', async () => {
  onNear = 'answer and close'
  for (let index = 0; index < 20; index += 1) expect(await ask(index % 2 === 0 ? 'POST' : 'GET')).toBe('near')
  expect(failures).toEqual([])
})

test('who waits for a connection that does not come about gets the next node’s, and the first is no failure before its time', async () => {
  const unanswering = await startUnanswering()
  try {
    origins = { ...origins, near: `http://127.0.0.1:${unanswering.port}` }
    expect(new Set(await askAll(5, 'POST'))).toEqual(new Set(['far']))
    expect([failures, extras]).toEqual([[], Array.from({ length: 5 }, () => 'unconnected')])
    expect(upstreams.get(origins.near).inFlight).toBe(0)
  } finally {
    unanswering.stop()
  }
})

test('a connection that is made ahead is used, unless something came over it unasked', async () => {
  const sockets: Socket[] = []
  const node = createTcpServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined).on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnode'))
  })
  node.listen(0, '127.0.0.1')
  await once(node, 'listening')
  try {
    origins = { ...origins, near: `http://127.0.0.1:${(node.address() as { port: number }).port}` }
    const warm = async (): Promise<void> => {
      upstreams.get(origins.near).connections.warm()
      await vi.waitFor(() => expect([counts('near').idle, sockets.length > 0]).toEqual([1, true]))
    }
    await warm()
    expect(await ask()).toBe('node')
    expect(sockets).toHaveLength(1)
    await vi.waitFor(() => expect(counts('near').busy + counts('near').idle).toBe(0))
    await warm()
    sockets[1]?.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno')
    await vi.waitFor(() => expect(counts('near').idle).toBe(0))
    expect(await ask()).toBe('node')
  } finally {
    node.close()
    for (const socket of sockets) socket.destroy()
  }
})

test('a request that turns to a node when it has just left the list gets a connection, which nobody gets after it', async () => {
  const { connections } = upstreams.get(origins.near)
  upstreams.retain(new Set())
  const connection = await new Promise<NodeConnection>((resolve, reject) => connections.acquire({ onConnection: resolve, onNoConnection: reject }))
  expect(connections.counts).toEqual({ idle: 0, busy: 1, connecting: 0, waiting: 0 })
  connection.release()
  await vi.waitFor(() => expect(connections.counts).toEqual({ idle: 0, busy: 0, connecting: 0, waiting: 0 }))
})

test('a body that is not as long as it says is the request’s fault, and that of no node', async () => {
  for (const claimed of ['9', '1']) {
    claimedBytes = claimed
    expect(await ask('POST')).toBe('invalid')
  }
  expect(failures).toEqual([])
})

test('a body that is broken off behind a request that waits is no fault of the node', async () => {
  onNear = 'hold'
  const { hostname, port } = new URL(front)
  const client = connect(Number(port), hostname)
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc')
  await vi.waitFor(() => expect([held.length, counts('near').busy]).toEqual([1, 2]))
  client.destroy()
  await vi.waitFor(() => expect(upstreams.get(origins.near).inFlight).toBe(0))
  expect(failures).toEqual([])
})

test('a WebSocket to a node that has left the list is ended with the others', () => {
  const told: string[] = []
  for (const origin of [origins.near, origins.far]) upstreams.get(origin).sockets.add({ goAway: () => told.push(origin) })
  upstreams.retain(new Set([origins.far]))
  expect(upstreams.openSockets).toBe(2)
  upstreams.endSockets()
  expect(told).toEqual([origins.near, origins.far])
})

test('a client that goes away while there is no connection leaves nothing behind', async () => {
  const unanswering = await startUnanswering()
  try {
    const near = `http://127.0.0.1:${unanswering.port}`
    origins = { near, far: near }
    const { hostname, port } = new URL(front)
    const client = connect(Number(port), hostname)
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await vi.waitFor(() => expect(counts('near').waiting).toBe(1))
    client.destroy()
    await vi.waitFor(() => expect([counts('near').waiting, upstreams.get(near).inFlight, upstreams.get(near).pending.size]).toEqual([0, 0, 0]))
  } finally {
    unanswering.stop()
  }
})

test('a node that is slow to connect and refuses leaves the request to who was passed over; TLS sessions are resumed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-proxy-'))
  const files = makeCertificate(directory, ['127.0.0.1'])
  const [cert, key] = await Promise.all([readFile(`${files}.crt`, 'utf8'), readFile(`${files}.key`, 'utf8')])
  const resumed: boolean[] = []
  let isReady = true
  const secure = createSecureServer({ cert, key }, (request, response) => {
    request.resume().once('end', () => {
      if (isReady) response.end('near')
      else response.writeHead(503, { 'x-skerry-not-begun': '1' }).end()
    })
  })
  secure.on('secureConnection', (socket: TLSSocket) => resumed.push(socket.isSessionReused()))
  let delayMs = 0
  const sockets: Socket[] = []
  const node = createTcpServer((socket) => {
    sockets.push(socket)
    setTimeout(() => secure.emit('connection', socket), delayMs)
  })
  node.listen(0, '127.0.0.1')
  await once(node, 'listening')
  try {
    upstreams = new Upstreams({ ca: cert })
    origins = { ...origins, near: `https://127.0.0.1:${(node.address() as { port: number }).port}` }
    expect(await ask('POST')).toBe('near')
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(() => expect(counts('near').idle).toBe(0))
    const farther = new Upstreams().get(origins.far).connections
    const unanswering = await startUnanswering()
    try {
      // Both are late: the first that comes about has the request, and what it refuses is done by the other.
      origins = { ...origins, far: `http://127.0.0.1:${unanswering.port}` }
      isReady = false
      delayMs = 400
      const asked = ask('POST')
      await vi.waitFor(() => expect(extras).toEqual(['unconnected']))
      upstreams.get(origins.far).connections.acquire = (waiter) => farther.acquire(waiter)
      expect(await asked).toBe('far')
      expect(failures).toEqual(['refused'])
    } finally {
      unanswering.stop()
      farther.destroy()
    }
    expect(resumed).toEqual([false, true])
  } finally {
    for (const socket of sockets) socket.destroy()
    node.close()
    await rm(directory, { recursive: true })
  }
})
