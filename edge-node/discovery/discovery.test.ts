import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { discoveredNodesMax, nodeHostOf } from '../../control-plane/protocol/index.ts'
import { discoverySchema, pingSchema } from '../../control-plane/protocol/discovery.ts'
import { type LocalEdge, startLocalEdge } from '../index.ts'
import { functionState } from '../../test/helpers/function-states.ts'
import { createFakeRuntime, type FakeRuntimeControls, answer } from '../../test/helpers/fake-runtime.ts'
import { exchangeRaw } from '../../test/helpers/raw-http.ts'
import { listenOn } from '../edge-core.ts'
import { createDiscovery, type PublicNode } from './index.ts'

let server: Server
let url: string
let nodes: PublicNode[] = []
let isDraining = false
let client: { latitude?: number; longitude?: number } | undefined

const node = (name: string, latitude: number, changes: Partial<PublicNode & { internalOrigin: string }> = {}): PublicNode => ({
  name, region: name.slice(0, 3), url: `https://${name}.nodes.example.com`, latitude, longitude: 8, healthy: true, draining: false, ...changes,
})

beforeAll(async () => {
  const answers = createDiscovery({
    name: 'fra-1', domain: 'example.com', place: { latitude: 50, longitude: 8 }, nodes: () => nodes, isDraining: () => isDraining, findClient: () => client,
  })
  server = createServer((request, response) => {
    if (!answers(request, response)) response.writeHead(200).end('function')
  })
  ;({ url } = await listenOn(server, '127.0.0.1', 0))
})
afterAll(() => server.close())

describe('what clients are told', () => {
  test('name, region, url, place and how it does of each node, nearest first, and nothing else', async () => {
    nodes = [node('sin-1', 1, { pressureMs: 3.5 }), node('iad-1', 39, { healthy: false }), node('fra-1', 50, { internalOrigin: 'http://10.0.0.1:1' }), node('ams-1', 52, { draining: true })]
    const response = await fetch(`${url}/.well-known/skerry/nodes`)
    expect([response.status, response.headers.get('access-control-allow-origin'), response.headers.get('cache-control')]).toEqual([200, '*', 'public, max-age=5'])
    const document: unknown = await response.json()
    expect(discoverySchema.parse(document)).toEqual(document)
    const at = (name: string, latitude: number) => ({ name, region: name.slice(0, 3), url: `https://${name}.nodes.example.com`, latitude, longitude: 8 })
    expect(document).toEqual({
      domain: 'example.com',
      nodes: [
        { ...at('fra-1', 50), status: 'up' }, { ...at('sin-1', 1), status: 'up', pressureMs: 3.5 }, { ...at('ams-1', 52), status: 'draining' }, { ...at('iad-1', 39), status: 'down' },
      ],
    })
  })

  test('no more than so many, nearest to where the client says it is', async () => {
    nodes = Array.from({ length: 100 }, (_, index) => node(`x${index}-1`, index / 2))
    const list = async (query: string) => discoverySchema.parse(await (await fetch(`${url}/.well-known/skerry/nodes${query}`)).json()).nodes
    expect(await list('')).toHaveLength(discoveredNodesMax)
    expect((await list('?near=0,8'))[0]?.name).toBe('x0-1')
    expect((await list('?near=somewhere'))[0]?.name).toBe('x99-1')
  })

  test('where it is as its address tells, no closer than a kilometre, and never from a cache', async () => {
    client = { latitude: 52.520_008, longitude: 13.404_954 }
    const response = await fetch(`${url}/.well-known/skerry/ping`)
    expect([response.headers.get('cache-control'), response.headers.get('timing-allow-origin')]).toEqual(['no-store', '*'])
    expect(pingSchema.parse(await response.json())).toEqual({ node: 'fra-1', client: { latitude: 52.52, longitude: 13.4 } })
    client = undefined
    expect(await (await fetch(`${url}/.well-known/skerry/ping`)).json()).toEqual({ node: 'fra-1' })
  })

  test('a node that drains is not to be chosen', async () => {
    isDraining = true
    expect((await fetch(`${url}/.well-known/skerry/ping`)).status).toBe(503)
    isDraining = false
  })

  test.each([
    ['HEAD', '/.well-known/skerry/ping', 200], ['OPTIONS', '/.well-known/skerry/nodes', 204], ['POST', '/.well-known/skerry/nodes', 405],
    ['GET', '/.well-known/skerry/else', 200], ['GET', '/.well-known/skerry/nodes/', 200],
  ])('%s %s: %i', async (method, path, status) => {
    const response = await fetch(url + path, { method })
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(method === 'GET' ? 'function' : '')
  })
})

test.each([
  ['https://fra-1.nodes.example.com', 'fra-1.nodes.example.com'], ['https://FRA-1.example.net:8443/', 'fra-1.example.net'],
  // An address, what only this machine knows, the domain itself and above, and names of an account's functions.
  ['http://10.0.0.1:8080', undefined], ['http://[::1]:8080', undefined], ['http://localhost:8080', undefined], ['https://example.com', undefined],
  ['https://com', undefined], ['https://fra.example.com', undefined],
])('the host of %s below which functions have names: %s', (nodeUrl, host) => {
  expect(nodeHostOf(nodeUrl, 'example.com')).toBe(host)
})

describe('at an edge', () => {
  let edge: LocalEdge
  let fake: FakeRuntimeControls
  beforeAll(async () => {
    const { controls, create } = createFakeRuntime()
    fake = controls
    edge = await startLocalEdge({
      name: 'fra-1', region: 'fra', latitude: 50, longitude: 8, host: '127.0.0.1', port: 0, publicUrl: 'https://fra-1.nodes.example.com', domain: 'example.com',
      allowOutbound: [], allowLocationHeader: true, trustedProxies: [], createRuntime: create,
    })
    await edge.setFunctions([functionState('hello', {})], () => new Uint8Array())
  })
  afterAll(() => edge.close())

  const get = (host: string, path: string, headers = ''): Promise<string> =>
    exchangeRaw(edge.url, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${headers}\r\n`)

  test('every host name tells the same', async () => {
    expect(await get('hello.example.com', '/.well-known/skerry/nodes')).toContain('"url":"https://fra-1.nodes.example.com"')
    expect(await get('hello.fra-1.nodes.example.com', '/.well-known/skerry/ping', 'x-skerry-location: 1,2\r\n')).toContain('{"node":"fra-1","client":{"latitude":1,"longitude":2}}')
    expect(await get('x', '/.well-known/skerry/ping', 'x-skerry-location: far\r\n')).toMatch(/^HTTP\/1\.1 200 [^]*\{"node":"fra-1"\}$/)
    expect(fake.exchanges).toHaveLength(0)
  })

  test('a function that is called by its name on the node sees its own host, and sets no cookies for the others there', async () => {
    fake.functions.set('hello', (exchange) => answer(exchange, 200, 'x', [
      'set-cookie', 'a=1', 'set-cookie', 'b=2; Domain=fra-1.nodes.example.com', 'set-cookie', 'c=3; Domain=example.com', 'set-cookie', 'd=4; Domain=nodes.example.com',
    ]))
    const text = await get('HELLO.fra-1.nodes.example.com:8443', '/a')
    expect(fake.exchanges.at(-1)?.request.url).toBe('http://hello.example.com:8443/a')
    expect([...text.matchAll(/set-cookie: (.*)\r\n/g)].map((match) => match[1])).toEqual(['a=1'])
    expect(await get('nobody.fra-1.nodes.example.com', '/')).toContain('function_not_found')
    expect(await get('fra-1.nodes.example.com', '/')).toContain('function_not_found')
  })

  test('no connection is held by a body that nobody wants', async () => {
    expect(await exchangeRaw(edge.url, 'POST /.well-known/skerry/ping HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx')).toMatch(/^HTTP\/1.1 405 /)
  })
})
