import { afterEach, beforeEach, expect, it } from 'vitest'
import type { TailEvent } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { answer, answerHead, createFakeRuntime, type FakeExchange, type FakeRuntimeControls } from '../../test/helpers/fake-runtime.ts'
import { functionState, versionId, versionRecord } from '../../test/helpers/function-states.ts'
import { exchangeRaw, openSocket, readAll, readUntil } from '../../test/helpers/raw-http.ts'
import { type LocalEdge, startLocalEdge } from '../index.ts'

let edge: LocalEdge
let fake: FakeRuntimeControls
let logs: TailEvent[]

beforeEach(async () => {
  const { controls, create } = createFakeRuntime()
  fake = controls
  logs = []
  edge = await startLocalEdge({
    name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, domain: 'localhost', allowOutbound: [],
    allowLocationHeader: true, trustedProxies: [], createRuntime: create, onLog: (event) => logs.push(event),
  })
  await edge.setFunctions([functionState('hello', { routes: ['api.example.com/v1/*'] })], () => new Uint8Array())
})
afterEach(() => edge.close())

const get = (path: string, headers = '', method = 'GET'): Promise<string> =>
  exchangeRaw(edge.url, `${method} ${path} HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n${headers}\r\n`)

const nextExchange = (): Promise<FakeExchange> => new Promise((resolve) => fake.functions.set('hello', resolve))

it('answers with the documented headers', async () => {
  const text = await get('/a?b=c')
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(text).toMatch(/x-skerry-id: [0-9A-Z]{26}\r\n/)
  expect(text).toContain('x-skerry-node: fra-1\r\nx-skerry-region: fra\r\n')
  expect(text).toContain(`x-skerry-version: ${versionId(1)}`)
  expect(text).toMatch(/server-timing: start;dur=0;desc="warm", cpu;dur=0\.1, total;dur=\d+(?:\.\d)?\r\n/)
  expect(text).toContain('content-length: 26')
  expect(fake.exchanges[0]?.request.url).toBe('http://hello.localhost/a?b=c')
})

it('answers 404 for unknown hosts and paths, as a problem document', async () => {
  const text = await exchangeRaw(edge.url, 'GET / HTTP/1.1\r\nHost: nobody.localhost\r\nConnection: close\r\n\r\n')
  expect(text).toContain('HTTP/1.1 404')
  expect(text).toContain('content-type: application/problem+json')
  expect(text).toContain('x-skerry-error: function_not_found')
  const other = await exchangeRaw(edge.url, 'GET /v2/x HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n')
  expect(other).toContain('function_not_found')
  const routed = await exchangeRaw(edge.url, 'GET /v1/x HTTP/1.1\r\nHost: API.example.com:80\r\nConnection: close\r\n\r\n')
  expect(routed).toContain('HTTP/1.1 200')
})

it.each([
  ['two content-lengths', 'POST / HTTP/1.1\r\nHost: hello.localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['content-length and transfer-encoding', 'POST / HTTP/1.1\r\nHost: hello.localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['transfer-encoding that does not end in chunked', 'POST / HTTP/1.1\r\nHost: hello.localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : hello.localhost\r\n\r\n'],
  ['a bare line feed in a header', 'GET / HTTP/1.1\r\nHost: hello.localhost\r\nX: a\nB\r\n\r\n'],
  ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: hello.localhost\r\nHost: other.localhost\r\nConnection: close\r\n\r\n'],
  ['a port that is none', 'GET / HTTP/1.1\r\nHost: hello.localhost:80x\r\nConnection: close\r\n\r\n'],
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['a location that is none', 'GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\nx-skerry-location: 95,1\r\n\r\n'],
  ['an unknown expectation', 'GET / HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\nExpect: tea\r\n\r\n'],
])('refuses %s', async (_name, request) => {
  const text = await exchangeRaw(edge.url, request)
  expect(text).toMatch(/^HTTP\/1\.1 400 /)
  expect(text).toContain('x-skerry-error: bad_request')
  expect(fake.exchanges).toHaveLength(0)
})

it('refuses a head over 32 KB', async () => {
  const text = await get('/', `X-Large: ${'a'.repeat(33 * 1024)}\r\n`)
  expect(text).toMatch(/^HTTP\/1\.1 413 /)
  expect(text).toContain('x-skerry-error: request_too_large')
})

it('strips what is not for the function', async () => {
  await get('/', 'X-Skerry-Hops: 3\r\nX-Skerry-Internal: 1\r\nX-Skerry-Affinity: me\r\nX-Forwarded-For: 6.6.6.6\r\nX-Named: 1\r\nConnection: x-named\r\nTE: trailers\r\nUpgrade: h2c\r\nAuthorization: Bearer own\r\nX-Kept: é\r\n')
  const { headers, metadata } = fake.exchanges[0]!.request
  const names = headers.filter((_, index) => index % 2 === 0)
  expect(names.toSorted()).toEqual(['authorization', 'host', 'traceparent', 'x-forwarded-for', 'x-forwarded-proto', 'x-kept', 'x-skerry-affinity'])
  expect(headers[headers.indexOf('x-forwarded-for') + 1]).toBe('127.0.0.1')
  expect(headers[headers.indexOf('authorization') + 1]).toBe('Bearer own')
  expect(headers[headers.indexOf('traceparent') + 1]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  expect(metadata['hops']).toBe(0)
})

it('gives the location that the client may set', async () => {
  await get('/', 'X-Skerry-Location: 52.5,13.4\r\n')
  expect(fake.exchanges[0]?.request.metadata).toMatchObject({ latitude: 52.5, longitude: 13.4, node: 'fra-1', region: 'fra' })
})

it('keeps repeated set-cookie and drops those for other functions too', async () => {
  fake.functions.set('hello', (exchange) => answer(exchange, 200, 'x', [
    'set-cookie', 'a=1', 'set-cookie', 'b=2; Domain=hello.localhost', 'set-cookie', 'c=3; domain=.localhost', 'set-cookie', 'd=4;Path=/; Domain=LOCALHOST',
    'x-skerry-node', 'forged', 'transfer-encoding', 'chunked', 'content-length', '99', 'connection', 'upgrade',
  ]))
  const text = await get('/')
  expect([...text.matchAll(/set-cookie: (.*)\r\n/g)].map((match) => match[1])).toEqual(['a=1', 'b=2; Domain=hello.localhost'])
  expect(text).not.toContain('forged')
  expect(text).toContain('content-length: 1\r\n')
  expect(logs).toContainEqual(expect.objectContaining({ kind: 'console', level: 'warn', text: expect.stringContaining('Set-Cookie') }))
})

it('answers HEAD, 204 and 304 without a body', async () => {
  const head = await get('/', '', 'HEAD')
  expect(head).toContain('content-length: 26')
  expect(head.endsWith('\r\n\r\n')).toBe(true)
  for (const status of [204, 304]) {
    fake.functions.set('hello', (exchange) => answer(exchange, status, undefined))
    const text = await get('/')
    expect(text).toContain(`HTTP/1.1 ${status}`)
    expect(text).not.toContain('content-length')
    expect(text).not.toContain('transfer-encoding')
    expect(text.endsWith('\r\n\r\n')).toBe(true)
  }
})

it('hands a small body over whole, binary-safe, and keeps the connection', async () => {
  const body = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
  fake.functions.set('hello', (exchange) => answer(exchange, 200, exchange.request.body instanceof Uint8Array ? exchange.request.body : 'not whole'))
  const socket = await openSocket(edge.url)
  for (let round = 0; round < 2; round += 1) {
    const text = readUntil(socket, /\xff$/)
    socket.write(Buffer.concat([Buffer.from('POST / HTTP/1.1\r\nHost: hello.localhost\r\nContent-Length: 256\r\n\r\n'), body]))
    expect((await text).endsWith(body.toString('latin1'))).toBe(true)
  }
  socket.destroy()
  expect(Buffer.compare(fake.exchanges[1]?.request.body as Uint8Array, body)).toBe(0)
})

it('streams both ways with back-pressure', async () => {
  const arrived = nextExchange()
  const socket = await openSocket(edge.url)
  socket.write('POST / HTTP/1.1\r\nHost: hello.localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n')
  const exchange = await arrived
  expect(exchange.request.body).toBe('stream')
  answerHead(exchange, 200)
  const first = await readUntil(socket, /\r\n\r\n$/)
  expect(first).toContain('Transfer-Encoding: chunked')
  exchange.handler.onChunk(Buffer.from('one'))
  expect(await readUntil(socket, /one/)).toContain('3\r\none')

  fake.onWrite = () => false
  const wrote = new Promise<void>((resolve) => {
    fake.onWrite = () => {
      resolve()
      return false
    }
  })
  socket.write('3\r\ndef\r\n')
  await wrote
  const seen = exchange.chunks.length
  fake.onWrite = () => true
  const ended = new Promise<void>((resolve) => {
    fake.onBodyEnd = () => resolve()
  })
  socket.write('3\r\nghi\r\n0\r\n\r\n')
  expect(exchange.chunks).toHaveLength(seen)
  exchange.handler.onDrain()
  await ended
  expect(Buffer.concat(exchange.chunks).toString()).toBe('abcdefghi')

  socket.pause()
  const chunk = new Uint8Array(64 * 1024)
  let sent = 0
  while (exchange.handler.onChunk(chunk)) sent += 1
  expect(sent).toBeLessThan(1_000)
  const resumed = new Promise<void>((resolve) => {
    fake.onResume = () => resolve()
  })
  socket.resume()
  await resumed
  const rest = readAll(socket)
  exchange.handler.onEnd()
  expect((await rest).endsWith('0\r\n\r\n')).toBe(true)
})

it('tells the function when the client goes', async () => {
  const arrived = nextExchange()
  const socket = await openSocket(edge.url)
  socket.write('GET / HTTP/1.1\r\nHost: hello.localhost\r\n\r\n')
  const exchange = await arrived
  const aborted = new Promise((resolve) => {
    fake.onAbort = resolve
  })
  socket.destroy()
  expect(await aborted).toBe(exchange)
})

it('refuses bodies over the limit, told and untold', async () => {
  await edge.setFunctions([functionState('hello', { config: { limits: { requestBodyMb: 1 } } })], () => new Uint8Array())
  const told = await get('/', 'Content-Length: 1048577\r\n', 'POST')
  expect(told).toMatch(/^HTTP\/1\.1 413 /)
  expect(told).toContain('"limit":1048576,"used":1048577')
  expect(fake.exchanges).toHaveLength(0)

  fake.functions.set('hello', () => undefined)
  const socket = await openSocket(edge.url)
  const untold = readUntil(socket, /request_too_large/)
  socket.write('POST / HTTP/1.1\r\nHost: hello.localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
  const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`
  for (let index = 0; index < 17; index += 1) socket.write(piece)
  expect(await untold).toMatch(/^HTTP\/1\.1 413 /)
  expect(fake.exchanges[0]?.aborted).toBe(true)
  socket.destroy()
})

it('lets the body come only for requests that are accepted', async () => {
  const refused = await exchangeRaw(edge.url, 'POST / HTTP/1.1\r\nHost: nobody.localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n')
  expect(refused).toMatch(/^HTTP\/1\.1 404 /)
  fake.onBodyEnd = (exchange) => answer(exchange, 200, Buffer.concat(exchange.chunks))
  fake.functions.set('hello', () => undefined)
  const socket = await openSocket(edge.url)
  socket.write('POST / HTTP/1.1\r\nHost: hello.localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n')
  await readUntil(socket, /100 Continue\r\n\r\n/)
  const rest = readAll(socket)
  socket.write('hello')
  expect(await rest).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*hello$/)
})

it('answers errors before the head and breaks the connection after it', async () => {
  fake.functions.set('hello', (exchange) => exchange.handler.onError(new SkerryError('cpu_limit_exceeded', 'Used 51 ms of 50 ms.', { limit: 50, used: 51 })))
  const before = await get('/')
  expect(before).toMatch(/^HTTP\/1\.1 503 /)
  expect(before).toContain('"limit":50,"used":51')
  fake.functions.set('hello', (exchange) => exchange.handler.onError(new SkerryError('concurrency_limit_exceeded')))
  const busy = await get('/')
  expect(busy).toContain('retry-after: 1')
  expect(busy).not.toContain('not-begun')

  fake.functions.set('hello', (exchange) => {
    answerHead(exchange, 200)
    exchange.handler.onChunk(Buffer.from('part'))
    exchange.handler.onError(new SkerryError('wall_limit_exceeded'))
  })
  const after = await get('/')
  expect(after.endsWith('0\r\n\r\n')).toBe(false)
  expect(logs).toContainEqual(expect.objectContaining({ kind: 'failure', code: 'wall_limit_exceeded' }))
})

it('does not send a head or a length that is not true', async () => {
  fake.functions.set('hello', (exchange) => answer(exchange, 200, 'x', ['x-bad', 'a\r\nb: c']))
  expect(await get('/')).toContain('x-skerry-error: no_response')
  fake.functions.set('hello', (exchange) => {
    answerHead(exchange, 200, ['content-length', '5'])
    exchange.handler.onChunk(Buffer.from('toolong'))
  })
  expect(await get('/')).not.toContain('toolong')
})

it('splits by percent and keeps a client on its version', async () => {
  const versions = [versionRecord('hello', 1), versionRecord('hello', 2)]
  await edge.setFunctions([functionState('hello', { versions, percents: [50, 50] })], () => new Uint8Array())
  const seen = new Map<string, number>()
  for (let index = 0; index < 60; index += 1) {
    const text = await get('/', `X-Skerry-Affinity: client-${index}\r\n`)
    const body = text.slice(-26)
    seen.set(body, (seen.get(body) ?? 0) + 1)
    expect(text).not.toContain('set-cookie')
  }
  expect(Math.min(...seen.values())).toBeGreaterThan(12)
  const first = await get('/')
  const cookie = /set-cookie: (skerry-affinity=[0-9A-Z]+); Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax\r\n/.exec(first)?.[1]
  for (let index = 0; index < 5; index += 1) expect((await get('/', `Cookie: x=1; ${cookie}\r\n`)).slice(-26)).toBe(first.slice(-26))
  const pinned = await exchangeRaw(edge.url, `GET / HTTP/1.1\r\nHost: ${versionId(2).toLowerCase()}--hello.localhost\r\nConnection: close\r\n\r\n`)
  expect(pinned.slice(-26)).toBe(versionId(2))
})

it('retires versions that are gone and keeps those that are not', async () => {
  const before = functionState('hello', { secrets: { KEY: 'a' } })
  await edge.setFunctions([before], () => new Uint8Array())
  await edge.setFunctions([before], () => new Uint8Array())
  expect(fake.retired).toHaveLength(1)
  await edge.setFunctions([functionState('hello', { secrets: { KEY: 'b' } })], () => new Uint8Array())
  expect(fake.retired).toHaveLength(2)
  await get('/')
  expect(fake.exchanges[0]?.version.environment).toEqual({ KEY: 'b' })
})

it('leaves what is served as it is where a version does not load', async () => {
  fake.testLoad = () => Promise.reject(new SkerryError('startup_failed', 'boom'))
  await expect(edge.setFunctions([functionState('hello', { versions: [versionRecord('hello', 9)] })], () => new Uint8Array())).rejects.toMatchObject({ code: 'load_failed' })
  expect((await get('/')).slice(-26)).toBe(versionId(1))
})

it('serves several requests of one packet in order', async () => {
  const socket = await openSocket(edge.url)
  const all = readAll(socket)
  socket.write('GET /1 HTTP/1.1\r\nHost: hello.localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: hello.localhost\r\nConnection: close\r\n\r\n')
  expect((await all).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
})
