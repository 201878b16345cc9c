import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { FetchBindingOptions } from '../../edge-node/bindings/fetch/index.ts'
import { RouteTable } from '../../edge-node/ingress/index.ts'
import type { RunnableVersion } from '../../runtime/supervisor/index.ts'
import { functionState } from '../helpers/function-states.ts'
import { callingVersion, createOutboundCaller, type CallOptions, type OutboundCaller } from '../helpers/outbound-caller.ts'

/** Functions that would like to call hosts which a rule refuses them. Names below .test stand for a server on loopback. */

let server: Server
let port: number
let heard: IncomingMessage[]
let caller: OutboundCaller | undefined

const table = new RouteTable({
  functions: [functionState('hello'), functionState('admin', { routes: ['shop.example.com/admin/*'] })], domain: 'localhost', region: 'fra', readArtifact: () => new Uint8Array(),
})

beforeAll(async () => {
  server = createServer((request, response) => {
    heard.push(request)
    const to = new URL(request.url ?? '', 'http://x').searchParams.get('to')
    if (to === null) response.end('there')
    else response.writeHead(307, { location: to }).end()
  })
  server.on('upgrade', (request, socket: Socket) => {
    heard.push(request)
    const to = new URL(request.url ?? '', 'http://x').searchParams.get('to')
    socket.end(to === null ? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthere' : `HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  heard = []
})
afterEach(async () => {
  await caller?.binding.close()
  caller = undefined
})

type Rules = Partial<NonNullable<RunnableVersion['outbound']>>

function open(rules: Rules, operator: Partial<FetchBindingOptions> = {}): (url: string, options?: CallOptions) => Promise<string> {
  const made = createOutboundCaller({
    table: () => table, allowOutbound: ['127.0.0.1'], resolve: (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }]), ...operator,
  })
  caller = made
  const version = callingVersion({ account: 'acme', functionName: 'shop', outbound: { allow: [], deny: [], ...rules } })
  return async (url, options = {}) => {
    const { body, error } = await made.call(url.replaceAll('PORT', String(port)), { version, ...options })
    return error === undefined ? body : error.code
  }
}

/** As functions ask for one: no redirect is followed. */
const webSocket = { webSocket: true, body: 'stream', redirect: 'manual' } as const

describe.each([['fetch', {}, 'address_blocked'], ['a WebSocket', webSocket, '']] as const)('by %s', (_name, how: CallOptions, redirected) => {
  test('what is denied is refused in every spelling', async () => {
    const ask = open({ deny: ['evil.test', '*.below.test', 'port.test:PORT'.replace('PORT', String(port)), 'xn--bcher-kva.test'] })
    for (const host of ['evil.test', 'EVIL.test', 'evil.test.', 'ev%69l.test', 'ｅvil.test', 'a.below.test', 'a.b.below.test', 'port.test', 'bücher.test', 'BÜCHER.test.']) {
      expect([host, await ask(`http://${host}:PORT/`, how)]).toEqual([host, 'address_blocked'])
    }
    for (const host of ['below.test', 'notevil.test', 'evil.test.other.test']) expect([host, await ask(`http://${host}:PORT/`, how)]).toEqual([host, 'there'])
    expect(heard).toHaveLength(3)
  })

  test('only what is allowed is reached, and a redirect leads no further', async () => {
    const ask = open({ allow: ['good.test'] })
    expect(await ask('http://good.test:PORT/', how)).toBe('there')
    for (const url of ['http://other.test:PORT/', 'http://127.0.0.1:PORT/', 'http://good.test.evil.test:PORT/']) expect(await ask(url, how)).toBe('address_blocked')
    expect(await ask('http://good.test:PORT/?to=http://evil.test:PORT/', how)).toBe(redirected)
    expect(await ask('http://good.test:PORT/?to=http://127.0.0.1:PORT/', how)).toBe(redirected)
    expect(heard.map(({ headers }) => headers.host)).toEqual(Array.from({ length: 3 }, () => `good.test:${port}`))
  })

  test('an operator denies and narrows for one function', async () => {
    const ask = open({}, { denyOutbound: ['acme/shop=evil.test', 'other=good.test'], onlyOutbound: ['acme=good.test', 'acme=evil.test'] })
    expect([await ask('http://good.test:PORT/', how), await ask('http://evil.test:PORT/', how), await ask('http://third.test:PORT/', how)]).toEqual(['there', 'address_blocked', 'address_blocked'])
  })

  test('an operator denies an address, whatever its name', async () => {
    const ask = open({}, { denyOutbound: ['127.0.0.0/8'] })
    for (const host of ['any.test', '127.0.0.1', 'localhost']) expect(await ask(`http://${host}:PORT/`, how)).toBe('address_blocked')
    expect(heard).toEqual([])
  })

  test('no header names another host', async () => {
    const ask = open({ allow: ['front.test'] })
    const headers = ['host', 'evil.test', 'Host', 'evil.test', ':authority', 'evil.test', 'x-forwarded-host', 'mine.test']
    expect(await ask('http://front.test:PORT/', { ...how, headers: headers.filter((_value, index) => index < 4 || index > 5) })).toBe('there')
    expect(heard[0]?.rawHeaders.filter((_value, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === 'host')).toEqual([`front.test:${port}`])
    expect(await ask('http://front.test:PORT/', { ...how, headers: headers.slice(4, 6) })).toBe('subrequest_failed')
  })
})

describe('functions of the node', () => {
  test('are hosts like others', async () => {
    const ask = open({ deny: ['admin.localhost', 'shop.example.com'] })
    expect(await ask('http://hello.localhost/')).not.toBe('address_blocked')
    for (const url of ['http://admin.localhost/', 'http://admin.localhost:81/', 'http://ADMIN.localhost./', 'http://shop.example.com/admin/x', 'http://shop.example.com./admin/x']) {
      expect(await ask(url)).toBe('address_blocked')
      expect(await ask(url, webSocket)).toBe('address_blocked')
    }
    expect(caller?.fake.exchanges).toHaveLength(1)
  })

  test('have to be allowed where anything is', async () => {
    const ask = open({ allow: ['hello.localhost', 'good.test'] })
    expect(await ask('http://hello.localhost/')).not.toBe('address_blocked')
    expect(await ask('http://admin.localhost/')).toBe('address_blocked')
    expect(await ask('http://good.test:PORT/?to=http://admin.localhost/')).toBe('address_blocked')
  })
})

test('secrets do not go along to another origin, nor to the same host in the clear', async () => {
  const ask = open({})
  const secret = ['authorization', 'Bearer a', 'cookie', 'b=c', 'proxy-authorization', 'd']
  await ask('http://one.test:PORT/?to=/same', { headers: secret })
  await ask('http://one.test:PORT/?to=http://two.test:PORT/', { headers: secret })
  const sent = heard.map(({ headers }) => [headers.authorization, headers.cookie, headers['proxy-authorization']])
  expect(sent).toEqual([['Bearer a', 'b=c', undefined], ['Bearer a', 'b=c', undefined], ['Bearer a', 'b=c', undefined], [undefined, undefined, undefined]])
})

test.each(['CONNECT', 'TRACE', 'TRACK', 'connect', 'GET / HTTP/1.1\r\nX: y', 'GET\n', 'A B', ''])('the method %j is none', async (method) => {
  expect(await open({})('http://one.test:PORT/', { method })).toBe('subrequest_failed')
  expect(heard).toEqual([])
})

test.each([
  [['x-a', 'b\r\nx-injected: 1']], [['x-a', 'b\nx-injected: 1']], [['x-a', 'b\u0000']], [['x-a\r\nx-injected', '1']], [['x-a: 1\r\nx-injected', '1']], [['x a', '1']], [['', '1']],
])('the headers %j inject nothing', async (headers) => {
  expect(await open({})('http://one.test:PORT/', { headers })).toBe('subrequest_failed')
  expect(heard).toEqual([])
})

test('what frames a request is the node\'s to say', async () => {
  const ask = open({})
  const headers = ['content-length', '0', 'transfer-encoding', 'chunked', 'connection', 'upgrade', 'upgrade', 'h2c', 'expect', '100-continue', 'te', 'trailers', 'http2-settings', 'x']
  expect(await ask('http://one.test:PORT/', { method: 'POST', headers, body: Buffer.from('GET /smuggled HTTP/1.1\r\n\r\n') })).toBe('there')
  expect(await ask('http://one.test:PORT/')).toBe('there')
  expect(heard.map(({ url, headers: sent }) => [url, sent['content-length'], sent['transfer-encoding'], sent.upgrade, sent.expect])).toEqual([
    ['/', '26', undefined, undefined, undefined], ['/', undefined, undefined, undefined, undefined],
  ])
})

test('no proxy of the environment is used, whatever it says', async () => {
  const proxy = createServer((_request, response) => {
    heard.push(_request)
    response.end('proxied')
  })
  proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
    heard.push(request)
    socket.destroy()
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const script = `
    import { createOutboundCaller } from ${JSON.stringify(new URL('../helpers/outbound-caller.ts', import.meta.url).href)}
    const { call, binding } = createOutboundCaller({ allowOutbound: ['127.0.0.1'], resolve: (_name, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) })
    const outcomes = []
    for (const how of [{}, { webSocket: true, body: 'stream' }]) outcomes.push((await call('http://one.test:${port}/', how)).body)
    await binding.close()
    console.log(JSON.stringify(outcomes))`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: url, http_proxy: url, HTTPS_PROXY: url, ALL_PROXY: url, NO_PROXY: '', no_proxy: '' }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (text: Buffer) => {
    printed += text.toString()
  })
  await once(child, 'close')
  expect(JSON.parse(printed)).toEqual(['there', 'there'])
  expect(heard.map(({ headers }) => headers.host)).toEqual([`one.test:${port}`, `one.test:${port}`])
  proxy.closeAllConnections()
  proxy.close()
})
