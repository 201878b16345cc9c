import { once } from 'node:events'
import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ForwardContext } from '../../ingress/index.ts'
import { breakOff, refuseNotBegun, type ScriptedCluster, startScriptedCluster } from '../testing/scripted-cluster.ts'
import { createForwarder, type NodeForwarder } from './index.ts'

let cluster: ScriptedCluster
let forwarder: NodeForwarder
let front: Server
let context: Partial<ForwardContext>

// A node in Frankfurt that forwards whatever comes.
beforeEach(async () => {
  cluster = await startScriptedCluster(['fra', 'iad', 'sin', 'lhr'])
  forwarder = createForwarder({
    controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, name: 'fra-1', region: 'fra',
    place: { latitude: 50.03, longitude: 8.57 }, refreshMs: 20,
  })
  await forwarder.start()
  context = {}
  front = createServer((request, response) => {
    const length = Number(request.headers['content-length'] ?? 0)
    void forwarder.forward(request, response, {
      reason: 'region', requestId: '01ARZ3NDEKTSV4RRFFQ69G5FAV', startedMs: performance.now(), hops: 3, host: 'hello.localhost', target: request.url ?? '/',
      client: { address: '8.8.8.8', protocol: 'https', country: 'US', latitude: undefined, longitude: undefined },
      headers: ['accept', '*/*'], clientAuthorization: 'Bearer of-the-client', contentLength: length === 0 ? undefined : length,
      hasBody: length > 0, regions: ['*'], accept: () => undefined, ...context,
    }).then((wasAnswered) => wasAnswered || response.writeHead(599).end('nobody'))
  }).listen(0, '127.0.0.1')
  await once(front, 'listening')
})

afterEach(async () => {
  front.close()
  front.closeAllConnections()
  await forwarder.close()
  await cluster.close()
})

async function call(method = 'GET', body?: string): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
  const request = httpRequest({
    host: '127.0.0.1', port: (front.address() as AddressInfo).port, method, path: '/a?b', agent: false,
    headers: body === undefined ? {} : { 'content-length': body.length },
  }).end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode ?? 0, text, headers: response.headers }
}

test('passes on no cookie that the node it came to would not set', async () => {
  cluster.node('lhr').script = (_request, response) => response.writeHead(200, { 'set-cookie': ['a=1', 'b=2; Domain=fra-1.nodes.localhost'] }).end()
  context = { keepsCookie: (setCookie) => !setCookie.includes('Domain=') }
  expect((await call()).headers['set-cookie']).toEqual(['a=1'])
})

test('goes to the nearest other node, never to itself, with the hop’s headers', async () => {
  const answer = await call()
  const { node, url, headers } = JSON.parse(answer.text) as { node: string; url: string; headers: Record<string, string> }
  expect([node, url]).toEqual(['lhr-1', '/a?b'])
  expect(headers).toMatchObject({
    host: 'hello.localhost', 'x-skerry-forwarded': '1', 'x-skerry-hops': '3', 'x-skerry-id': '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    'x-skerry-client-authorization': 'Bearer of-the-client', 'x-skerry-client-address': '8.8.8.8', 'x-skerry-client-protocol': 'https', accept: '*/*',
  })
  expect(cluster.node('fra').requests).toBe(0)
})

test('keeps to the regions, and to the client’s place where it is known', async () => {
  context = { regions: ['sin'] }
  expect((await call()).headers['x-skerry-node']).toBe('sin-1')
  context = { regions: ['fra', 'syd'] }
  expect((await call()).status).toBe(599)
  context = { client: { address: '', protocol: 'http', country: undefined, latitude: 1.35, longitude: 103.82 } }
  expect((await call()).headers['x-skerry-node']).toBe('sin-1')
})

test('asks for the list at once where it knows of no node, as one may just have joined', async () => {
  await forwarder.close()
  const late = cluster.node('sin')
  const { info } = late
  late.info = { ...info, region: 'syd' }
  forwarder = createForwarder({
    controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, name: 'fra-1', region: 'fra',
    place: { latitude: 50.03, longitude: 8.57 }, refreshMs: 60_000,
  })
  await forwarder.start()
  late.info = info
  context = { regions: ['sin'] }
  await vi.waitFor(async () => expect((await call()).headers['x-skerry-node']).toBe('sin-1'))
})

test('moves on past dead and refusing nodes with the body, and answers nothing where nobody takes it', async () => {
  await cluster.node('lhr').kill()
  cluster.node('iad').script = refuseNotBegun
  let body = ''
  cluster.node('sin').script = (request, response) => {
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => response.end('ok'))
  }
  expect((await call('POST', 'abc')).text).toBe('ok')
  expect(body).toBe('abc')
  cluster.node('sin').script = refuseNotBegun
  expect((await call('POST', 'abc')).text).toBe('nobody')
})

test('an unsafe request that may have begun is not repeated', async () => {
  cluster.node('lhr').script = breakOff
  const answer = await call('POST', 'abc')
  expect([answer.status, answer.headers['x-skerry-error'], answer.headers['x-skerry-node']]).toEqual([502, 'isolate_crashed', 'fra-1'])
  expect(cluster.node('iad').requests + cluster.node('sin').requests).toBe(0)
})

test('draining and disconnected nodes are left out; the list is kept while the control plane is down', async () => {
  cluster.node('lhr').info.draining = true
  cluster.node('iad').info.connected = false
  await vi.waitFor(async () => expect((await call()).headers['x-skerry-node']).toBe('sin-1'))
  cluster.failControlPlane(500)
  expect((await call()).headers['x-skerry-node']).toBe('sin-1')
})

test('goes to the one node that is asked for alone, tells of its answer, and leaves what may be done twice to whoever asked', async () => {
  const heads: string[] = []
  context = { only: 'sin-1', onHead: (node, status) => heads.push(`${node} ${status}`) }
  expect((await call()).headers['x-skerry-node']).toBe('sin-1')
  expect(heads).toEqual(['sin-1 200'])
  cluster.node('sin').script = breakOff
  expect((await call()).text).toBe('nobody')
  expect([(await call('DELETE')).status, (await call('POST', 'abc')).status]).toEqual([502, 502])
  cluster.node('sin').script = refuseNotBegun
  expect((await call()).text).toBe('nobody')
  // Its body is gone: others are asked, as there is nothing left to answer here.
  expect((await call('POST', 'abc')).headers['x-skerry-node']).toBe('lhr-1')
  await cluster.node('sin').kill()
  expect((await call()).text).toBe('nobody')
  context = { only: 'gone-1' }
  expect((await call()).text).toBe('nobody')
  expect(heads).toHaveLength(2)
})
