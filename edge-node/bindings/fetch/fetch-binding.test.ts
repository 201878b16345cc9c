import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SkerryError } from '../../../errors/index.ts'
import type { FunctionRequest } from '../../../runtime/supervisor/index.ts'
import { answer, answerHead, type FakeRuntimeControls } from '../../../test/helpers/fake-runtime.ts'
import { functionState } from '../../../test/helpers/function-states.ts'
import { callingRequest, callingVersion, createOutboundCaller, type OutboundCaller } from '../../../test/helpers/outbound-caller.ts'
import { RouteTable } from '../../ingress/index.ts'
import type { FetchBinding, ResolveHost } from './index.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => void

let server: Server
let port: number
let handle: Handle
let fake: FakeRuntimeControls
let table: RouteTable
let resolve: ResolveHost
const bindings: FetchBinding[] = []

beforeEach(async () => {
  handle = (_request, response) => response.end('ok')
  server = createServer((request, response) => handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  port = address !== null && typeof address === 'object' ? address.port : 0
  // Names below .test stand for this server.
  resolve = (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }])
  const readArtifact = (): Uint8Array => new Uint8Array()
  table = new RouteTable({ functions: [functionState('hello', { routes: ['api.example.com/v1/*'] })], domain: 'localhost', region: 'fra', readArtifact })
})
afterEach(async () => {
  for (const binding of bindings.splice(0)) await binding.close()
  server.close()
  server.closeAllConnections()
})

function binding(allowOutbound: readonly string[]): OutboundCaller {
  const made = createOutboundCaller({ table: () => table, allowOutbound, resolve: (...call) => resolve(...call) })
  fake = made.fake
  bindings.push(made.binding)
  return made
}

it.each(['http://127.0.0.1:PORT/', 'http://2130706433:PORT/', 'http://0x7f.1:PORT/', 'http://[::1]:PORT/', 'http://[::ffff:127.0.0.1]:PORT/', 'http://rebinding.test:PORT/', 'http://169.254.169.254/latest/meta-data/', 'http://localhost:PORT/'])(
  'blocks %s', async (url) => {
    const { error } = await binding([]).call(url.replace('PORT', String(port)))
    expect(error?.code).toBe('address_blocked')
  },
)

it('blocks a redirect to loopback, and a name that resolves there the second time', async () => {
  const of = binding([`open.test:${port}`])
  handle = (_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end()
  expect((await of.call(`http://open.test:${port}/`)).error?.code).toBe('address_blocked')
  handle = (_request, response) => response.writeHead(302, { location: `http://second.test:${port}/` }).end()
  expect((await of.call(`http://open.test:${port}/`)).error?.code).toBe('address_blocked')
})

it('passes what the operator allows, with clean headers', async () => {
  const seen: IncomingMessage[] = []
  handle = (request, response) => {
    seen.push(request)
    response.writeHead(201, 'Made', ['set-cookie', 'a', 'set-cookie', 'b', 'x-skerry-id', 'theirs']).end('body')
  }
  const { head, body } = await binding(['127.0.0.0/8']).call(`http://api.test:${port}/path?q#f`, {
    headers: ['host', 'evil', 'connection', 'x', 'transfer-encoding', 'chunked', 'x-skerry-hops', '0', 'content-length', '7', 'x-own', '1'],
  })
  expect(body).toBe('body')
  expect(head).toMatchObject({ status: 201, statusText: 'Made', redirected: false })
  expect(head?.headers.filter((name) => name === 'set-cookie')).toHaveLength(2)
  expect(seen[0]?.headers).toEqual({
    host: `api.test:${port}`, 'x-own': '1', accept: '*/*', 'accept-language': '*', 'user-agent': 'Skerry', 'accept-encoding': 'gzip, deflate, br',
    traceparent: 'TP', connection: 'keep-alive', 'cdn-loop': 'skerry; hops=1',
  })
})

it('follows redirects by the rules of fetch', async () => {
  const seen: string[] = []
  handle = (request, response) => {
    seen.push(`${request.method} ${request.headers.host?.split(':')[0]} ${request.url} ${request.headers.authorization ?? '-'} ${request.headers['content-type'] ?? '-'}`)
    request.resume()
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end('x')
    else if (request.url === '/b') response.writeHead(308, { location: `http://other.test:${port}/c` }).end()
    else response.end('there')
  }
  const of = binding(['127.0.0.1'])
  const { head, body } = await of.call(`http://one.test:${port}/a`, { method: 'POST', body: Buffer.from('{}'), headers: ['authorization', 'A', 'content-type', 'json'] })
  expect(body).toBe('there')
  expect(head).toMatchObject({ redirected: true, url: `http://other.test:${port}/c` })
  expect(seen).toEqual(['POST one.test /a A json', 'GET one.test /b A -', 'GET other.test /c - -'])
  expect((await of.call(`http://one.test:${port}/a`, { redirect: 'manual' })).head?.status).toBe(302)
  expect((await of.call(`http://one.test:${port}/a`, { redirect: 'error' })).error?.code).toBe('subrequest_failed')
  handle = (_request, response) => response.writeHead(302, { location: '/again' }).end()
  expect((await of.call(`http://one.test:${port}/`)).error?.message).toContain('20 redirects')
  handle = (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()
  expect((await of.call(`http://one.test:${port}/`)).error?.code).toBe('subrequest_failed')
})

it.each([
  ['gzip', gzipSync('plain')], ['deflate', deflateSync('plain')], ['deflate', deflateRawSync('plain')], ['br', brotliCompressSync('plain')], ['gzip, br', brotliCompressSync(gzipSync('plain'))],
])('decodes %s', async (coding, bytes) => {
  handle = (_request, response) => response.writeHead(200, { 'content-encoding': coding, 'content-length': bytes.length }).end(bytes)
  const { head, body } = await binding(['127.0.0.1']).call(`http://z.test:${port}/`)
  expect(body).toBe('plain')
  expect(head?.headers).not.toContain('content-encoding')
})

it('streams a body out within the credit', async () => {
  handle = (request, response) => void request.pipe(response)
  let consumed = 0
  const result = await binding(['127.0.0.1']).call(`http://e.test:${port}/`, {
    method: 'POST', body: 'stream', onConsumed: (bytes) => { consumed += bytes },
    onHandler: (handler) => {
      handler.onChunk(Buffer.from('one'))
      handler.onChunk(Buffer.from('two'))
      handler.onEnd()
    },
  })
  expect(result.body).toBe('onetwo')
  expect(consumed).toBe(6)
})

it('counts subrequests and runs six at a time', async () => {
  const of = binding(['127.0.0.1'])
  const held: ServerResponse[] = []
  let most = 0
  handle = (_request, response) => {
    held.push(response)
    most = Math.max(most, held.length)
    if (held.length === 6) for (const each of held.splice(0)) each.end('x')
  }
  const request = callingRequest()
  const all = await Promise.all(Array.from({ length: 13 }, () => of.call(`http://l.test:${port}/`, { version: callingVersion({ subrequests: 12 }), parent: request })))
  expect(most).toBe(6)
  expect(all.filter(({ body }) => body === 'x')).toHaveLength(12)
  expect(all[12]?.error).toMatchObject({ code: 'subrequest_limit_exceeded', limit: 12, used: 13 })
})

it('says what failed', async () => {
  const of = binding(['127.0.0.1'])
  resolve = (_name, done) => done(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
  expect((await of.call('http://nowhere.test/')).error?.message).toContain('ENOTFOUND')
  for (const url of ['ftp://a/', 'http://user:pw@a.test/', 'nonsense']) expect((await of.call(url)).error?.code).toBe('subrequest_failed')
  expect((await of.call('http://a.test/', { method: 'CONNECT' })).error?.code).toBe('subrequest_failed')
})

it('breaks off what is aborted', async () => {
  const closed = new Promise<void>((settle) => {
    handle = (_request, response) => {
      response.on('close', () => settle())
      response.write('first')
    }
  })
  const of = binding(['127.0.0.1'])
  const handler = of.binding.dispatch(
    { version: callingVersion(), parent: callingRequest(), work: {}, method: 'GET', url: `http://s.test:${port}/`, headers: [], redirect: 'follow', webSocket: false, body: undefined },
    { head: () => undefined, write: () => { queueMicrotask(() => handler.abort()); return true }, end: () => undefined, error: () => undefined, consumed: () => undefined },
  )
  await closed
})

it('stays inside the node for functions, hop by hop', async () => {
  const of = binding([])
  fake.functions.set('hello', (exchange) => {
    answerHead(exchange, 200, ['x-skerry-forged', '1', 'content-type', 'text/plain'])
    exchange.handler.onChunk(Buffer.from('from '))
    exchange.handler.onChunk(Buffer.from(exchange.request.url))
    exchange.handler.onEnd()
  })
  const { head, body } = await of.call('http://hello.localhost:9999/x', { parent: callingRequest({ hops: 7, country: 'DE' }), headers: ['x-skerry-hops', '0', 'x-forwarded-for', '6.6.6.6'] })
  expect(body).toBe('from http://hello.localhost:9999/x')
  expect(head?.headers).toEqual(['content-type', 'text/plain'])
  expect(fake.exchanges[0]?.request.metadata).toMatchObject({ hops: 8, country: 'DE', id: 'ID' })
  expect(fake.exchanges[0]?.request.headers).not.toContain('6.6.6.6')
  expect((await of.call('https://api.example.com/v1/y')).body).toContain('api.example.com/v1/y')
  expect((await of.call('http://hello.localhost/', { parent: callingRequest({ hops: 8 }) })).error?.code).toBe('hop_limit_exceeded')
  const unknown = await of.call('http://nobody.localhost/')
  expect(unknown.head?.status).toBe(404)
  expect(unknown.body).toContain('function_not_found')
})

it('takes a name with a root dot for the same name', async () => {
  const of = binding(['127.0.0.0/8'])
  expect((await of.call('http://hello.localhost./', { parent: callingRequest({ hops: 8 }) })).error?.code).toBe('hop_limit_exceeded')
  await of.call('https://api.example.com./v1/y')
  expect(fake.exchanges.map(({ request }) => request.url)).toEqual(['https://api.example.com./v1/y'])
})

it('counts hops over the network too', async () => {
  const loops: (string | undefined)[] = []
  handle = (request, response) => {
    loops.push(request.headers['cdn-loop']?.toString())
    response.end()
  }
  const of = binding(['127.0.0.1'])
  const behind = (...values: readonly string[]): FunctionRequest => ({ ...callingRequest(), headers: values.flatMap((value) => ['cdn-loop', value]) })
  await of.call(`http://one.test:${port}/`, { headers: ['cdn-loop', 'forged'] })
  await of.call(`http://one.test:${port}/`, { parent: behind('other; v=1', 'skerry; hops=3') })
  await of.call(`http://one.test:${port}/`, { parent: callingRequest({ hops: 5 }) })
  expect(loops).toEqual(['skerry; hops=1', 'other; v=1, skerry; hops=4', 'skerry; hops=6'])
  expect((await of.call(`http://one.test:${port}/`, { parent: behind('skerry; hops=9') })).error?.code).toBe('hop_limit_exceeded')
  expect((await of.call('http://hello.localhost/', { parent: behind('skerry; hops=8') })).error?.code).toBe('hop_limit_exceeded')
})

it('counts each redirect as a subrequest, and follows none to a URL with credentials', async () => {
  let asked = 0
  handle = (_request, response) => {
    asked += 1
    response.writeHead(302, { location: '/again' }).end()
  }
  const of = binding(['127.0.0.1'])
  expect((await of.call(`http://one.test:${port}/`, { version: callingVersion({ subrequests: 3 }) })).error?.code).toBe('subrequest_limit_exceeded')
  expect(asked).toBe(3)
  handle = (_request, response) => response.writeHead(302, { location: `http://user:pw@one.test:${port}/` }).end()
  expect((await of.call(`http://one.test:${port}/`)).error?.message).toContain('credentials')
})

it('gives the answer of a failed function as a client would get it, and holds bodies to its limit', async () => {
  const of = binding([])
  fake.functions.set('hello', (exchange) => exchange.handler.onError(new SkerryError('uncaught_exception')))
  expect(await of.call('http://hello.localhost/')).toMatchObject({ head: { status: 500 } })
  fake.functions.set('hello', (exchange) => answer(exchange, 200, 'x'))
  const large = await of.call('http://hello.localhost/', { method: 'POST', body: new Uint8Array(101 * 1024 * 1024) })
  expect(large.head?.status).toBe(413)
})

it('refuses ports and header values that are none for HTTP', async () => {
  const of = binding(['127.0.0.1'])
  expect((await of.call('http://one.test:6667/')).error?.message).toContain('6667')
  handle = (_request, response) => response.writeHead(302, { location: 'http://two.test:25/' }).end()
  expect((await of.call(`http://one.test:${port}/`)).error?.message).toContain('25')
  expect((await of.call(`http://one.test:${port}/`, { headers: ['x-a', 'a\u0001b'] })).error?.message).toContain('x-a')
})

it('takes a location for the bytes that it is', async () => {
  const seen: (string | undefined)[] = []
  handle = (request, response) => {
    seen.push(request.url)
    if (request.url === '/') response.writeHead(302, { location: '/\u00c3\u00bc?\u00ff' }).end()
    else response.end()
  }
  await binding(['127.0.0.1']).call(`http://one.test:${port}/`)
  expect(seen).toEqual(['/', '/%C3%BC?%FF'])
})
