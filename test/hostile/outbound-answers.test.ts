import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Subrequest, SubrequestHandler } from '../../runtime/supervisor/index.ts'
import { callingRequest, callingVersion, createOutboundCaller, type OutboundCaller } from '../helpers/outbound-caller.ts'
import { until } from '../helpers/until.ts'

/** Servers whose answers would like to take the node's memory or time. */

let server: Server
let sockets: Set<Socket>
let answer: (socket: Socket) => void
let url: string
let caller: OutboundCaller

beforeEach(async () => {
  sockets = new Set()
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.once('data', () => answer(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'] })
})
afterEach(async () => {
  await caller.binding.close()
  for (const socket of sockets) socket.destroy()
  server.close()
})

/** Writes on for as long as somebody reads. Tells how much was taken. */
function pour(socket: Socket, piece: string | Buffer): { bytes: number } {
  const poured = { bytes: 0 }
  const go = (): void => {
    while (!socket.destroyed && socket.write(piece)) poured.bytes += piece.length
    poured.bytes += piece.length
    socket.once('drain', go)
  }
  go()
  return poured
}

const megabyte = 1024 * 1024

/** A subrequest of a function that does as its responder says. */
const unread: Omit<Subrequest, 'url'> = {
  version: callingVersion(), parent: callingRequest(), work: {}, method: 'GET', headers: [], redirect: 'follow', webSocket: false, body: undefined,
}

test.each([
  ['one header without an end', 'HTTP/1.1 200 OK\r\nX-A: ', 'a'.repeat(1_000)],
  ['headers without an end', 'HTTP/1.1 200 OK\r\n', 'X-A: a\r\n'.repeat(100)],
  ['a status line without an end', 'HTTP/1.1 200 ', 'OK'.repeat(500)],
  ['trailers without an end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'X-A: a\r\n'.repeat(100)],
  ['informational answers without an end', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'],
  ['chunk extensions without an end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;', 'a'.repeat(1_000)],
])('%s is given up', async (_name, start, rest) => {
  let poured = { bytes: 0 }
  answer = (socket) => {
    socket.write(start)
    poured = pour(socket, rest)
  }
  const handlers: SubrequestHandler[] = []
  const outcome = await Promise.race([caller.call(url, { onHandler: (handler) => handlers.push(handler) }), until('much was taken', () => poured.bytes > 16 * megabyte)])
  for (const handler of handlers) handler.abort()
  expect(outcome).toMatchObject({ error: { code: 'subrequest_failed' } })
})

test('a body that nobody reads is not taken in', async () => {
  let poured = { bytes: 0 }
  answer = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    poured = pour(socket, Buffer.alloc(64 * 1024))
  }
  const handler = caller.binding.dispatch(
    { ...unread, url }, { head: () => undefined, write: () => false, end: () => undefined, error: () => undefined, consumed: () => undefined },
  )
  await until('it flows', () => poured.bytes > 64 * 1024)
  const settled = await steady(() => poured.bytes)
  // What the sockets' own buffers hold on both sides.
  expect(settled).toBeLessThan(16 * megabyte)
  handler.abort()
})

test('a bomb unpacks no further than it is read', async () => {
  answer = (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n')
    socket.end(gzipSync(Buffer.alloc(200 * megabyte), { level: 9 }))
  }
  let taken = 0
  const handler = caller.binding.dispatch({ ...unread, url }, {
    head: () => undefined, end: () => undefined, error: () => undefined, consumed: () => undefined,
    write: (chunk) => {
      taken += chunk.length
      return false
    },
  })
  await until('it flows', () => taken > 0)
  expect(await steady(() => taken)).toBeLessThan(megabyte)
  handler.abort()
})

test.each([
  ['101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\nraw'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx'],
  ['a header in two lines', 'HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length : 5\r\n\r\nhello'],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
])('%s is no answer', async (_name, bytes) => {
  answer = (socket) => void socket.end(bytes)
  const outcome = await caller.call(url)
  expect(outcome.error?.code ?? outcome.body).toBe('subrequest_failed')
})

test('an account takes no more connections than there are left for others', async () => {
  await caller.binding.close()
  const held: Socket[] = []
  answer = (socket) => void held.push(socket)
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'], connectionsMax: 12 })
  const ask = (account: string): Promise<string> =>
    caller.call(url, { version: { ...unread.version, account } }).then(({ body, error }) => error?.code ?? body)
  const attacker = Array.from({ length: 10 }, () => ask('attacker'))
  await until('it has its half', () => held.length === 6)
  const bystander = [ask('bystander'), ask('bystander'), ask('bystander')]
  await until('the bystander has its own', () => held.length === 9)
  expect(await ask('attacker')).toBe('overloaded')
  for (const socket of held) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
  expect([await Promise.all(bystander), (await Promise.all(attacker)).toSorted()]).toEqual([
    ['ok', 'ok', 'ok'], [...Array.from({ length: 6 }, () => 'ok'), ...Array.from({ length: 4 }, () => 'overloaded')],
  ])
  await until('all are gone', () => sockets.size === 0)
  answer = (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
  expect(await ask('attacker')).toBe('ok')
})

test('bodies that nobody takes fail where they are too much, those of the account that has most', async () => {
  await caller.binding.close()
  answer = (socket) => void socket.pause()
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'], unsentBytesMax: 10.5 * megabyte })
  const codes: string[] = []
  const send = (account: string): SubrequestHandler => {
    let handler: SubrequestHandler | undefined
    void caller.call(url, { method: 'POST', body: new Uint8Array(2 * megabyte), version: { ...unread.version, account }, onHandler: (made) => {
      handler = made
    } }).then(({ error }) => codes.push(`${account} ${error?.code ?? 'answered'}`))
    if (handler === undefined) throw new Error('no handler')
    return handler
  }
  const handlers = [send('bystander'), ...Array.from({ length: 20 }, () => send('attacker'))]
  await until('some are refused', () => codes.length === 16)
  expect(new Set(codes)).toEqual(new Set(['attacker overloaded']))
  for (const handler of handlers) handler.abort()
  // What was given up counts no longer.
  answer = (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok')
  for (let count = 0; count < 8; count += 1) {
    expect((await caller.call(url, { method: 'POST', body: new Uint8Array(4 * megabyte) })).body).toBe('ok')
  }
})

test('heads that nobody takes fail too, however many wait for their turn', async () => {
  await caller.binding.close()
  answer = (socket) => void socket.pause()
  caller = createOutboundCaller({ allowOutbound: ['127.0.0.1'], unsentBytesMax: 10 * megabyte })
  const codes: string[] = []
  const send = (account: string, headers: readonly string[]): SubrequestHandler[] => {
    const one = { version: callingVersion({ account, subrequests: 10_000 }), parent: callingRequest(), headers }
    const handlers: SubrequestHandler[] = []
    for (let count = 0; count < 200; count += 1) {
      void caller.call(url, { ...one, onHandler: (made) => void handlers.push(made) }).then(({ error }) => codes.push(`${account} ${error?.code ?? 'answered'}`))
    }
    return handlers
  }
  const handlers = [...send('bystander', ['x-a', 'a']), ...send('attacker', ['x-a', 'a'.repeat(100_000)])]
  await until('most are refused', () => codes.length > 90)
  expect(new Set(codes)).toEqual(new Set(['attacker overloaded']))
  for (const handler of handlers) handler.abort()
})

/** The value that does not change any more while several turns of the event loop pass. */
async function steady(read: () => number): Promise<number> {
  for (let unchanged = 0, last = read(); ; last = read()) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    unchanged = read() === last ? unchanged + 1 : 0
    if (unchanged === 10) return last
  }
}

test('thousands of calls that wait for their turn, and are then refused, take nothing from the node', async () => {
  const narrow = createOutboundCaller({ allowOutbound: [new URL(url).host] })
  const held: Socket[] = []
  answer = (socket) => void held.push(socket)
  const one = { version: callingVersion({ subrequests: 5_000 }), parent: callingRequest() }
  const slow = Array.from({ length: 6 }, () => narrow.call(url, one))
  await until('the first have their turn', () => held.length === 6)
  const refused = Array.from({ length: 4_000 }, () => narrow.call('http://127.0.0.1:8080/', one))
  for (const socket of held) socket.end('HTTP/1.1 204 No Content\r\n\r\n')
  const outcomes = await Promise.all([...slow, ...refused])
  expect(new Set(outcomes.slice(0, 6).map(({ head }) => head?.status))).toEqual(new Set([204]))
  expect(new Set(outcomes.slice(6).map(({ error }) => error?.code))).toEqual(new Set(['address_blocked']))
  await narrow.binding.close()
}, 60_000)
