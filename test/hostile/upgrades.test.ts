import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openRawClient, type RawClient } from '../helpers/raw-client.ts'
import { clusterTimeoutMs, hostOf, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'
import { until } from '../helpers/until.ts'

/** Clients that attack by asking for WebSockets, and functions that do by opening some. */

const script = `
const collect = async (request) => [...request.headers].filter(([name]) => name.startsWith('x-') || name === 'authorization' || name === 'content-length')
const routes = {
  async '/socket'(request) {
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    server.send(JSON.stringify(await collect(request)))
    server.addEventListener('message', ({ data }) => server.send('echo ' + (typeof data === 'string' ? data : data.byteLength)))
    return new Response(null, { status: 101, webSocket: client })
  },
  async '/injects'(request) {
    const tries = [['x-a', 'a\\r\\nx-injected: 1'], ['x-a', 'a\\nx-injected: 1'], ['sec-websocket-accept', 'forged'], ['sec-websocket-extensions', 'permessage-deflate'], ['x-skerry-node', 'forged'], ['connection', 'close'], ['transfer-encoding', 'chunked'], ['content-length', '5'], ['upgrade', 'other']]
    const headers = new Headers()
    for (const [name, value] of tries) try { headers.append(name, value) } catch {}
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    return new Response(null, { status: 101, headers, webSocket: client })
  },
  async '/plain'(request) { return Response.json(await collect(request)) },
  async '/opens'(request) {
    const urls = JSON.parse(await request.text())
    const open = (url) => new Promise((resolve) => {
      try {
        const socket = new WebSocket(url)
        socket.onopen = () => resolve('open')
        socket.onerror = (event) => resolve(event.error?.code ?? event.message)
      } catch (error) { resolve(error.name) }
    })
    const answers = []
    for (const url of urls) answers.push(await open(url), await fetch(url.replace('ws', 'http'), { headers: { upgrade: 'websocket', constructor: 'x', toString: 'y' } }).then(({ status }) => status, ({ code }) => code))
    return Response.json(answers)
  },
}
export default { fetch: (request) => routes[new URL(request.url).pathname](request) }`

let cluster: TestCluster
let inside: Server
let heard: string[] = []
const clients: RawClient[] = []

beforeAll(async () => {
  cluster = await startTestCluster({ regions: ['fra', 'sin'] })
  await cluster.deploy({ upgrades: script })
  await cluster.deploy({ 'upgrades-far': script }, { regions: ['sin'] })
  await until('the nodes know of each other', async () => (await (await send('node that hands over', 'GET /plain', [])).response()).status === 200)
  inside = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`)
    response.end('inside')
  })
  inside.on('upgrade', (request, socket: Socket) => {
    heard.push(`upgrade ${request.url}`)
    socket.destroy()
  })
  inside.listen(0, '127.0.0.1')
  await once(inside, 'listening')
}, clusterTimeoutMs)
afterEach(() => {
  heard = []
  for (const client of clients.splice(0)) client.close()
})
afterAll(async () => {
  inside.close()
  await cluster.close()
}, clusterTimeoutMs)

const doors = {
  node: () => [cluster.node('fra-1').url, 'upgrades'],
  gateway: () => [cluster.cluster.description.gateway, 'upgrades'],
  'node that hands over': () => [cluster.node('fra-1').url, 'upgrades-far'],
} as const satisfies Record<string, () => readonly [url: string, name: string]>
type Door = keyof typeof doors

async function send(door: Door, request: string, headers: readonly string[], rest = ''): Promise<RawClient> {
  const [url, name] = doors[door]()
  const raw = await openRawClient(url)
  clients.push(raw)
  const handshake = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']
  raw.send([`${request} HTTP/1.1`, `Host: ${hostOf(url, name)}`, ...handshake, ...headers, '', ''].join('\r\n') + rest)
  return raw
}

const smuggled = (door: Door): string => `GET /plain HTTP/1.1\r\nHost: ${hostOf(...doors[door]())}\r\nX-Smuggled: 1\r\n\r\n`

describe.each(Object.keys(doors) as Door[])('through the %s', (door) => {
  test('a request behind one for a WebSocket is none, whether that is granted or not', async () => {
    const refused = await send(door, 'GET /plain', [], smuggled(door))
    expect((await refused.response()).status).toBe(200)
    await refused.closed
    expect(refused.unread()).toBe('')
    const granted = await send(door, 'GET /socket', [], smuggled(door))
    expect((await granted.response()).status).toBe(101)
    // No frame of a client is unmasked: the connection fails.
    await granted.closed
    expect(granted.unread()).not.toContain('HTTP/1.1')
  })

  test.each([
    ['a body', ['Content-Length: 5'], 'hello'],
    ['a chunked body', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
    ['a body that never comes', ['Content-Length: 500000'], ''],
    ['an empty body', ['Content-Length: 0'], ''],
    ['a length that is none', ['Content-Length: 0, 0'], ''],
    ['both kinds of a body', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
  ])('%s leads to no second answer, and harms nobody', async (_name, headers, body) => {
    for (const path of ['GET /plain', 'GET /socket', 'POST /plain', 'OPTIONS /plain']) {
      const raw = await send(door, path, headers, body + smuggled(door))
      const { status } = await raw.response()
      expect([200, 101, 400, 500], path).toContain(status)
      raw.close()
    }
    const after = await send(door, 'GET /plain', [])
    expect((await after.response()).status).toBe(200)
  })

  test('what only nodes may say is not believed', async () => {
    const claims = ['X-Skerry-Id: 01J00000000000000000000000', 'X-Skerry-Client-Address: 1.2.3.4', 'X-Skerry-Hops: 7', 'X-Skerry-Forwarded: 1', 'X-Skerry-Client-Authorization: Bearer stolen', 'X-Skerry-Anything: 1', 'X-Forwarded-For: 1.2.3.4']
    const raw = await send(door, 'GET /plain', claims)
    const seen = JSON.parse((await raw.response()).body) as [string, string][]
    expect(seen.map(([name]) => name).filter((name) => name.startsWith('x-skerry') || name === 'authorization')).toEqual([])
    expect(seen.find(([name]) => name === 'x-forwarded-for')?.[1]).not.toContain('1.2.3.4')
  })

  test('a function adds no headers that the handshake decides', async () => {
    const raw = await send(door, 'GET /injects', [])
    const answer = await raw.response()
    expect(answer.status).toBe(101)
    expect([answer.header('x-injected'), answer.all('sec-websocket-accept'), answer.header('sec-websocket-extensions'), answer.header('content-length'), answer.header('transfer-encoding')])
      .toEqual([undefined, ['s3pPLMBiTxaQ9kYGzzhZRbK+xOo='], undefined, undefined, undefined])
    expect([answer.all('connection').map((value) => value.toLowerCase()), answer.all('upgrade')]).toEqual([['upgrade'], ['websocket']])
    expect(answer.all('x-skerry-node')).not.toContain('forged')
  })

  test('clients that go away half way leave nothing behind', async () => {
    const raws = await Promise.all(Array.from({ length: 20 }, () => send(door, 'GET /socket', [])))
    await Promise.all(raws.map((raw) => raw.response()))
    // A frame that never becomes whole, then silence, half a close, or none.
    for (const [index, raw] of raws.entries()) {
      raw.socket.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 16, 0, 0, 1, 2, 3, 4, 5]))
      if (index % 3 === 0) raw.socket.destroy()
      else if (index % 3 === 1) raw.socket.end()
      else raw.socket.resetAndDestroy()
    }
    await Promise.all(raws.map((raw) => raw.closed))
    const after = await send(door, 'GET /plain', [])
    expect((await after.response()).status).toBe(200)
  })
})

test('functions open no sockets to what they may not fetch', async () => {
  const { port } = inside.address() as AddressInfo
  const [url, name] = doors.node()
  const hosts = [`127.0.0.1:${port}`, `[::ffff:127.0.0.1]:${port}`, `[::1]:${port}`, `localhost:${port}`, `2130706433:${port}`, `0x7f.1:${port}`, `0:${port}`, `[::]:${port}`, `169.254.169.254`, `[fd00::1]:${port}`, `[64:ff9b::7f00:1]:${port}`]
  const raw = await openRawClient(url)
  clients.push(raw)
  const body = JSON.stringify(hosts.map((host) => `ws://${host}/`))
  raw.send(`POST /opens HTTP/1.1\r\nHost: ${hostOf(url, name)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  const answers = JSON.parse((await raw.response()).body) as unknown[]
  expect(answers).toEqual(hosts.flatMap(() => ['address_blocked', 'address_blocked']))
  expect(heard).toEqual([])
})
