import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { startTestEdge, type TestEdge } from '../../sdk/testing/index.ts'

/** WebSockets that functions open, in real cells, to a server that has nothing of ours. */

const script = `
const tell = (event) => event.type === 'message' ? ['message', typeof event.data === 'string' ? event.data : event.data.byteLength ?? event.data.size]
  : event.type === 'close' ? ['close', event.code, event.reason, event.wasClean] : [event.type]
const until = (socket, type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }))
const routes = {
  async '/echo'(url) {
    const socket = new WebSocket(url, ['chat', 'echo'])
    const events = []
    for (const type of ['open', 'message', 'error', 'close']) socket.addEventListener(type, (event) => events.push(tell(event)))
    await until(socket, 'open')
    events.push(socket.protocol, socket.extensions, socket.url, socket.readyState)
    socket.send('text')
    await until(socket, 'message')
    socket.binaryType = 'arraybuffer'
    socket.send(new Uint8Array([1, 2, 3]))
    events.push(socket.bufferedAmount)
    await until(socket, 'message')
    events.push(socket.bufferedAmount)
    socket.close(3001, 'done')
    events.push(socket.readyState)
    await until(socket, 'close')
    events.push(socket.readyState)
    return events
  },
  async '/large'(url) {
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    await until(socket, 'open')
    const sent = new Uint8Array(3_000_000).map((_, index) => index)
    socket.send(sent)
    const { data } = await until(socket, 'message')
    const received = new Uint8Array(data)
    return [received.length, received.every((byte, index) => byte === sent[index])]
  },
  async '/events'(url) {
    const socket = new WebSocket(url)
    const events = []
    for (const type of ['open', 'message', 'error', 'close']) socket.addEventListener(type, (event) => events.push(type === 'error' ? [type, event.error.code ?? event.message] : tell(event)))
    await until(socket, 'close')
    return events
  },
  async '/fetch'(url) {
    const response = await fetch(url, { headers: { Upgrade: 'websocket' } })
    const { webSocket } = response
    if (webSocket === null) return [response.status, await response.text()]
    webSocket.accept()
    webSocket.send('hello')
    const { data } = await until(webSocket, 'message')
    webSocket.close(1000, 'bye')
    const { code } = await until(webSocket, 'close')
    return [response.status, data, code]
  },
  async '/many'(url) {
    const outcomes = []
    for (let count = 0; count < 4; count += 1) {
      const socket = new WebSocket(url)
      outcomes.push(await Promise.race([until(socket, 'open'), until(socket, 'error')]).then((event) => event.type + (event.error ? ' ' + event.error.code : '')))
    }
    return outcomes
  },
}
export default { async fetch(request) {
  const { pathname, searchParams } = new URL(request.url)
  return Response.json(await routes[pathname](searchParams.get('to')))
} }`

let edge: TestEdge
let server: Server
let address: string
const sockets = new Set<Socket>()

beforeAll(async () => {
  const answering = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('echo') ? 'echo' : false) })
  server = createServer((_request, response) => response.writeHead(426).end('no socket here'))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno')
      return
    }
    answering.handleUpgrade(request, socket, head, (webSocket) => serve(webSocket, request.url ?? '', socket as Socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  edge = await startTestEdge({ script, config: { limits: { cpuMs: 2_000, subrequests: 3 } }, allowOutbound: [address] })
}, 60_000)

afterAll(async () => {
  await edge.close()
  for (const socket of sockets) socket.destroy()
  server.close()
})

function serve(webSocket: WebSocket, path: string, socket: Socket): void {
  if (path === '/close') webSocket.close(4000, 'own')
  else if (path === '/lose') setImmediate(() => socket.destroy())
  else if (path === '/malformed') socket.write(Buffer.from([0xf1, 0x00]))
  else if (path === '/huge') socket.write(Buffer.from([0x82, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff]))
  else webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }))
}

const ask = async (path: string, to: string): Promise<unknown> => {
  const response = await edge.fetch(`${path}?to=${encodeURIComponent(to)}`)
  return response.json()
}

describe('a function opens a WebSocket', () => {
  test('and speaks by it', async () => {
    expect(await ask('/echo', `ws://${address}/echo?x=1`)).toEqual([
      ['open'], 'echo', '', `ws://${address}/echo?x=1`, 1, ['message', 'text'], 3, ['message', 3], 0, 2, ['close', 3001, 'done', true], 3,
    ])
  })

  test('for messages beyond the credit', async () => {
    expect(await ask('/large', `ws://${address}/`)).toEqual([3_000_000, true])
  })

  test.each([
    ['/close', [['open'], ['close', 4000, 'own', true]]],
    ['/lose', [['open'], ['error', 'subrequest_failed'], ['close', 1006, '', false]]],
    ['/malformed', [['open'], ['error', 'subrequest_failed'], ['close', 1006, '', false]]],
    ['/huge', [['open'], ['error', 'subrequest_failed'], ['close', 1006, '', false]]],
    ['/refuse', [['error', 'TypeError: The handshake was answered with status 403'], ['close', 1006, '', false]]],
  ])('and hears of %s', async (path, events) => {
    expect(await ask('/events', `ws://${address}${path}`)).toEqual(events)
  })

  test('to public addresses alone', async () => {
    expect(await ask('/events', 'ws://127.0.0.1:65000/')).toEqual([['error', 'address_blocked'], ['close', 1006, '', false]])
  })

  test('within its number of subrequests', async () => {
    expect(await ask('/many', `ws://${address}/`)).toEqual(['open', 'open', 'open', 'error subrequest_limit_exceeded'])
  })

  test('by fetch', async () => {
    expect(await ask('/fetch', `http://${address}/`)).toEqual([101, 'hello', 1000])
    expect(await ask('/fetch', `http://${address}/refuse`)).toEqual([403, 'no'])
  })
})
