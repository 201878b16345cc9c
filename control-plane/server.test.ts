import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { listen, type RunningServer } from './server.ts'

let server: RunningServer
let sockets: Socket[] = []
let requests: number
beforeEach(async () => {
  requests = 0
  const app = {
    fetch: async (request: Request) => {
      requests += 1
      return new Response(String((await request.arrayBuffer()).byteLength))
    },
  }
  server = await listen(app, '127.0.0.1', 0, { headersTimeoutMs: 100, requestTimeoutMs: 400, checkIntervalMs: 20, connectionsMax: 3 })
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  await server.close()
})

function open(): Socket {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.resume()
  sockets.push(socket)
  return socket
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()))

it.each([
  ['send nothing', ''],
  ['send part of a head', 'PUT / HTTP/1.1\r\nHost: a'],
  ['send part of a body', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc'],
])('ends connections that %s', async (_name, text) => {
  const socket = open()
  socket.write(text)
  await closed(socket)
})

it('carries no request out of which it says that it did not come, as where the process stood still', async () => {
  const accepted = new Promise<void>((resolve) => {
    const listener = (): void => {
      unsubscribe('net.server.socket', listener)
      resolve()
    }
    subscribe('net.server.socket', listener)
  })
  const socket = open()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await Promise.all([once(socket, 'connect'), accepted])
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  const endsMs = performance.now() + 300
  while (performance.now() < endsMs);
  await closed(socket)
  expect([Buffer.concat(chunks).toString().includes('did not come'), requests > 0]).not.toEqual([true, true])
})

it('ends a body that drips in', async () => {
  const socket = open()
  socket.write('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n')
  const drip = setInterval(() => socket.write('x'), 20)
  await closed(socket)
  clearInterval(drip)
})

it.each([
  ['no HTTP', 'GARBAGE\r\n\r\n', 400],
  ['a host that is none', 'GET / HTTP/1.1\r\nHost: [x\r\n\r\n', 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['a head that is too long', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 413],
  ['a length that is none', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n', 400],
  ['an expectation that is none', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 400],
])('answers %s with a problem document', async (_name, text, status) => {
  const socket = open()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write(text)
  await closed(socket)
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(head).toMatch(/content-type: application\/problem\+json/i)
  expect(JSON.parse(body)).toMatchObject({ status })
})

it('takes so many connections, and others when these are gone', async () => {
  const held = [open(), open(), open()]
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  const refused = open()
  await closed(refused)
  const gone = Promise.all(held.map(closed))
  for (const socket of held) socket.destroy()
  await gone
  await vi.waitFor(async () => expect(await (await fetch(server.url, { method: 'POST', body: 'abc' })).text()).toBe('3'))
})
