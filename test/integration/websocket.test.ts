import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hasProcessFolder, killCells } from '../helpers/processes.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { openSocketClient, type SocketClient } from '../helpers/socket-client.ts'
import { clusterTimeoutMs, hostOf, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'
import { until } from '../helpers/until.ts'

/** WebSockets that functions answer, in real processes: at a node, through the gateway, and where one node hands over to another. */

const script = `
const answer = (serve, init) => {
  const [client, server] = Object.values(new WebSocketPair())
  server.accept()
  serve(server)
  return new Response(null, { status: 101, webSocket: client, ...init })
}
const echo = (server) => server.addEventListener('message', ({ data }) => server.send(data))
const spin = (ms) => { const end = Date.now() + ms; while (Date.now() < end); }
const routes = {
  '/echo': (request) => {
    if (request.headers.get('upgrade') !== 'websocket') return new Response('a socket is wanted', { status: 426 })
    return answer(echo)
  },
  '/protocol': (request) => answer(echo, { headers: { 'sec-websocket-protocol': request.headers.get('sec-websocket-protocol').split(',').at(-1).trim(), 'x-mine': '1' } }),
  '/close': () => answer((server) => server.addEventListener('message', ({ data }) => server.close(Number(data), 'as asked'))),
  '/heard': () => answer((server) => {
    server.addEventListener('close', ({ code, reason, wasClean }) => console.log('heard', code, reason, wasClean))
    server.send('ready')
  }),
  '/throw': () => answer((server) => server.addEventListener('message', () => { throw new Error('boom') })),
  '/work': () => answer((server) => server.addEventListener('message', ({ data }) => { spin(Number(data)); server.send('worked') })),
  '/pour': () => answer((server) => {
    const chunk = new Uint8Array(100_000)
    for (let count = 0; count < 30; count += 1) server.send(chunk)
    server.send(String(server.bufferedAmount > 2_000_000))
  }),
  '/plain': () => new Response('no socket', { status: 403 }),
  '/wrong': () => new Response(null, { status: 101, webSocket: new WebSocketPair()[0] }),
  '/relay': () => fetch('http://socket.localhost/echo', { headers: { upgrade: 'websocket' } }),
  '/inner': async () => {
    const socket = new WebSocket('ws://socket.localhost/protocol', ['a', 'b'])
    const events = []
    const over = new Promise((resolve) => {
      socket.onopen = () => { events.push(socket.protocol); socket.send('hello') }
      socket.onmessage = ({ data }) => { events.push(data); socket.close(4001, 'enough') }
      socket.onclose = ({ code, reason, wasClean }) => { events.push(code, reason, wasClean); resolve() }
      socket.onerror = ({ message }) => events.push(message)
    })
    await over
    return Response.json(events)
  },
  '/calls': () => answer((server) => server.addEventListener('message', async () => {
    const statuses = []
    for (let count = 0; count < 2; count += 1) statuses.push(await fetch('http://socket.localhost/plain').then(({ status }) => status, ({ code }) => code))
    server.send(statuses.join())
  })),
}
export default { fetch: (request) => routes[new URL(request.url).pathname](request) }`

type Door = 'node' | 'gateway' | 'node that hands over'

let cluster: TestCluster
const clients: SocketClient[] = []

beforeAll(async () => {
  // Time runs for what works for so many milliseconds.
  cluster = await startTestCluster({ regions: ['fra', 'sin'], clock: 'running' })
  const hono = await build({
    entryPoints: [fileURLToPath(new URL('../fixtures/applications/hono-socket.js', import.meta.url))], bundle: true, write: false, format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
  })
  await cluster.deploy({ socket: script })
  await cluster.deploy({ 'socket-hono': hono.outputFiles[0]?.text ?? '' })
  await cluster.deploy({ 'socket-far': script }, { regions: ['sin'] })
}, clusterTimeoutMs)
afterEach(() => {
  for (const { socket } of clients.splice(0)) socket.terminate()
})
afterAll(() => cluster.close(), clusterTimeoutMs)

const doors: Readonly<Record<Door, () => readonly [url: string, functionName: string]>> = {
  node: () => [cluster.node('fra-1').url, 'socket'],
  gateway: () => [cluster.cluster.description.gateway, 'socket'],
  'node that hands over': () => [cluster.node('fra-1').url, 'socket-far'],
}

async function open(door: Door, path: string, protocols?: readonly string[]): Promise<SocketClient> {
  const [url, name] = doors[door]()
  const client = await openSocketClient(url, name, path, protocols)
  clients.push(client)
  return client
}

describe.each(['node', 'gateway', 'node that hands over'] as const)('through the %s', (door) => {
  test('text, bytes and what is cut into fragments come back', async () => {
    const client = await open(door, '/echo')
    client.socket.send('tëxt')
    expect(await client.next()).toBe('tëxt')
    client.socket.send(Buffer.of(0, 255))
    expect(await client.next()).toEqual(Buffer.of(0, 255))
    client.socket.send('')
    expect(await client.next()).toBe('')
    client.socket.send('one ', { fin: false })
    client.socket.ping()
    client.socket.send('message', { fin: true })
    expect(await client.next()).toBe('one message')
    expect(client.headers['x-skerry-node']).toBe(door === 'node that hands over' ? 'sin-1' : client.headers['x-skerry-node'])
  })

  test('a large message comes back', async () => {
    const client = await open(door, '/echo')
    const bytes = Buffer.from(Uint8Array.from({ length: 2_000_000 }, (_, index) => index * 7))
    client.socket.send(bytes)
    const answer = await client.next()
    expect(Buffer.isBuffer(answer) && answer.equals(bytes)).toBe(true)
  })

  test('the function chooses the subprotocol and adds headers', async () => {
    const client = await open(door, '/protocol', ['one', 'two'])
    expect([client.socket.protocol, client.headers['x-mine']]).toEqual(['two', '1'])
  })

  test('the function closes', async () => {
    const client = await open(door, '/close')
    client.socket.send('4010')
    expect(await client.closed).toEqual([4010, 'as asked'])
  })

  test('the client closes', async () => {
    const client = await open(door, '/echo')
    client.socket.close(4020, 'own')
    expect(await client.closed).toEqual([4020, 'own'])
  })

  test('what is no socket is an answer like any other', async () => {
    const [url, name] = doors[door]()
    const raw = await openRawClient(url)
    raw.send(handshake(url, name, '/plain'))
    const answer = await raw.response()
    expect([answer.status, answer.body, answer.header('connection')]).toEqual([403, 'no socket', 'close'])
    await raw.closed
  })

  test.each([
    ['another version', 'Sec-WebSocket-Version: 8', 426, 'upgrade_required'],
    ['no key', 'Sec-WebSocket-Key: short', 400, 'bad_request'],
  ])('a handshake with %s is refused', async (_name, header, status, code) => {
    const [url, name] = doors[door]()
    const raw = await openRawClient(url)
    raw.send(handshake(url, name, '/echo', header))
    const answer = await raw.response()
    expect([answer.status, answer.header('x-skerry-error')]).toEqual([status, code])
    if (status === 426) expect(answer.header('sec-websocket-version')).toBe('13')
    await raw.closed
  })

  test('a request for another protocol is answered in this one', async () => {
    const [url, name] = doors[door]()
    const raw = await openRawClient(url)
    raw.send(`GET /echo HTTP/1.1\r\nHost: ${hostOf(url, name)}\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n`)
    expect((await raw.response()).status).toBe(426)
    raw.close()
  })

  test('more than the credit waits in the function, and all of it comes', async () => {
    const client = await open(door, '/pour')
    let bytes = 0
    for (let count = 0; count < 30; count += 1) bytes += (await client.next()).length
    expect(bytes).toBe(3_000_000)
    expect(await client.next()).toBe('true')
  })
})

function handshake(url: string, name: string, path: string, ...headers: readonly string[]): string {
  const own = new Map([['connection', 'Upgrade'], ['upgrade', 'websocket'], ['sec-websocket-version', '13'], ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ==']])
  for (const header of headers) own.set(header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 2))
  return [`GET ${path} HTTP/1.1`, `Host: ${hostOf(url, name)}`, ...[...own].map(([field, value]) => `${field}: ${value}`), '', ''].join('\r\n')
}

describe('at a node', () => {
  test('more than a CPU limit of work goes by messages, one message over it ends the socket', async () => {
    const client = await open('node', '/work')
    for (let count = 0; count < 6; count += 1) {
      client.socket.send('20')
      expect(await client.next()).toBe('worked')
    }
    // By the clock, of which a cell that computes may get very little.
    client.socket.send('15000')
    expect(await client.closed).toEqual([1011, 'cpu_limit_exceeded'])
  })

  test('a message brings its number of subrequests', async () => {
    const client = await open('node', '/calls')
    for (let count = 0; count < 30; count += 1) {
      client.socket.send('x')
      expect(await client.next()).toBe('403,403')
    }
  })

  test('many small messages at once are each a piece of work of their own', async () => {
    const client = await open('node', '/work')
    for (let count = 0; count < 40; count += 1) client.socket.send('5')
    for (let count = 0; count < 40; count += 1) expect(await client.next()).toBe('worked')
  })

  test('an exception in a listener is told, and the socket goes on', async () => {
    const client = await open('node', '/throw')
    client.socket.send('x')
    client.socket.close(1000)
    expect(await client.closed).toEqual([1000, ''])
  })

  test('a message that is too large closes with 1009', async () => {
    const client = await open('node', '/echo')
    client.socket.send(Buffer.alloc(16 * 1024 * 1024 + 1))
    expect((await client.closed)[0]).toBe(1009)
  })

  test('101 without a request for it is an error', async () => {
    const answer = await cluster.call(cluster.node('fra-1').url, 'socket', '/wrong')
    expect([answer.status, answer.headers['x-skerry-error']]).toEqual([500, 'no_response'])
  })

  test('the function hears how it ended', async () => {
    const controller = new AbortController()
    const heard: string[] = []
    const tail = (async () => {
      for await (const { text } of cluster.client.tail('socket', { signal: controller.signal })) heard.push(text)
    })()
    await until('a clean close is heard', async () => {
      const client = await open('node', '/heard')
      await client.next()
      client.socket.close(4000, 'mine')
      await client.closed
      await new Promise((resolve) => setTimeout(resolve, 100))
      return heard.includes('heard 4000 mine true')
    })
    await until('a loss is heard', async () => {
      const client = await open('node', '/heard')
      await client.next()
      client.socket.terminate()
      await new Promise((resolve) => setTimeout(resolve, 100))
      return heard.includes('heard 1006  false')
    })
    controller.abort()
    await tail.catch(() => undefined)
  })

  test('a function passes on the socket that another answered with', async () => {
    const client = await open('node', '/relay')
    client.socket.send('through both')
    expect(await client.next()).toBe('through both')
    client.socket.close(4005, 'done')
    expect(await client.closed).toEqual([4005, 'done'])
  })

  test('a function opens a socket to another inside the node', async () => {
    const answer = await cluster.call(cluster.node('fra-1').url, 'socket', '/inner')
    expect(JSON.parse(answer.text)).toEqual(['b', 'hello', 4001, 'enough', true])
  })

  test('Hono answers unmodified', async () => {
    const client = await openSocketClient(cluster.node('fra-1').url, 'socket-hono', '/later?name=Ann')
    clients.push(client)
    client.socket.send('hello')
    expect(await client.next()).toBe('Ann heard hello')
    client.socket.send('bye')
    expect(await client.next()).toBe('Ann heard bye')
    expect(await client.closed).toEqual([1000, 'bye'])
    expect((await cluster.call(cluster.node('fra-1').url, 'socket-hono', '/later')).status).toBe(426)
  })

  test.runIf(hasProcessFolder)('a cell that dies closes its sockets with 1011, and the next is served', async () => {
    const client = await open('node', '/echo')
    const node = cluster.cluster.processIds()['fra-1'] ?? 0
    await killCells(node)
    expect(await client.closed).toEqual([1011, 'isolate_crashed'])
    await until('another is served', async () => {
      const next = await open('node', '/echo')
      next.socket.send('again')
      return (await next.next()) === 'again'
    })
  })

  test('a node that drains closes its sockets with 1001', async () => {
    const client = await openSocketClient(cluster.node('sin-1').url, 'socket-far', '/echo')
    clients.push(client)
    process.kill(cluster.cluster.processIds()['sin-1'] ?? 0, 'SIGTERM')
    client.socket.send('goes on')
    expect(await client.next()).toBe('goes on')
    expect(await client.closed).toEqual([1001, ''])
  }, 30_000)

  test('a version that is replaced goes on with its sockets, one that is no more closes them with 1001', async () => {
    await cluster.deploy({ 'socket-replaced': script })
    const client = await openSocketClient(cluster.node('fra-1').url, 'socket-replaced', '/echo')
    clients.push(client)
    await cluster.deploy({ 'socket-replaced': `${script}\n// changed` })
    client.socket.send('goes on')
    expect(await client.next()).toBe('goes on')
    await cluster.client.delete('socket-replaced')
    client.socket.send('for a while')
    expect(await client.next()).toBe('for a while')
    expect(await client.closed).toEqual([1001, ''])
  }, 40_000)
})
