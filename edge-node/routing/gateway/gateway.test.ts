import { once } from 'node:events'
import { createServer as createTcpServer, connect, type Socket } from 'node:net'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { breakOff, echo, refuseNotBegun, type ScriptedCluster, startScriptedCluster } from '../testing/scripted-cluster.ts'
import { type Gateway, type GatewayOptions, startGateway } from './index.ts'

let cluster: ScriptedCluster
let gateway: Gateway

const start = (changes: Partial<GatewayOptions> = {}): Promise<Gateway> =>
  startGateway({
    host: '127.0.0.1', port: 0, adminPort: 0, controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, domain: 'localhost',
    allowLocationHeader: true, trustedProxies: [], place: { latitude: 52.5, longitude: 13.4 },
    timing: { checkIntervalMs: 20, refreshMs: 20 }, ...changes,
  })

beforeEach(async () => {
  cluster = await startScriptedCluster(['fra', 'iad', 'sin'])
  gateway = await start()
})

afterEach(async () => {
  await gateway.close()
  await cluster.close()
})

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly text: string
}

async function call(options: { method?: string; path?: string; headers?: Record<string, string | string[]>; body?: string } = {}): Promise<Answer> {
  const request = httpRequest(gateway.url + (options.path ?? '/'), {
    method: options.method ?? 'GET', headers: { host: 'hello.localhost', ...options.headers }, agent: false,
  })
  request.end(options.body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode ?? 0, headers: response.headers, rawHeaders: response.rawHeaders, text: Buffer.concat(chunks).toString() }
}

/** Sends raw bytes, answers with all that came back until the connection closed. */
async function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  socket.write(bytes)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk)).on('error', () => undefined)
  await once(socket, 'close')
  return text
}

const answeredBy = async (location: string): Promise<unknown> => (await call({ headers: { 'x-skerry-location': location } })).headers['x-skerry-node']

describe('nearest', () => {
  test.each([
    ['Berlin', '52.52,13.40', 'fra-1'], ['New York', '40.71,-74.01', 'iad-1'], ['Singapore', '1.35,103.82', 'sin-1'],
    ['Tokyo', '35.68,139.69', 'sin-1'], ['São Paulo', '-23.55,-46.63', 'iad-1'], ['Nairobi', '-1.29,36.82', 'fra-1'],
  ])('%s', async (_city, location, node) => {
    expect(await answeredBy(location)).toBe(node)
  })

  test('the place comes from the address of a trusted proxy’s client; the header counts only where allowed', async () => {
    await gateway.close()
    gateway = await start({ trustedProxies: ['127.0.0.1'], allowLocationHeader: false })
    const american = await call({ headers: { 'x-forwarded-for': '1.2.3.4, 8.8.8.8', 'x-forwarded-proto': 'https', 'x-skerry-location': '1.35,103.82' } })
    const { headers } = JSON.parse(american.text) as { headers: Record<string, string> }
    expect(american.headers['x-skerry-node']).toBe('iad-1')
    expect(headers).toMatchObject({
      'x-skerry-client-address': '8.8.8.8', 'x-skerry-client-country': 'US', 'x-skerry-client-protocol': 'https', host: 'hello.localhost',
    })
    expect(headers['x-skerry-location']).toBeUndefined()
    expect((await call()).headers['x-skerry-node']).toBe('fra-1')
  })

  test('x-forwarded-for of a stranger is not believed, and x-skerry-* from outside is not passed on', async () => {
    const answer = await call({
      headers: {
        'x-forwarded-for': '8.8.8.8', authorization: 'Bearer of-the-client', 'x-skerry-client-address': '9.9.9.9', 'x-skerry-hops': '7',
        'x-skerry-id': 'x', 'x-skerry-forwarded': '1', 'x-skerry-anything': '1', 'x-skerry-affinity': 'key', connection: 'x-private', 'x-private': '1',
      },
    })
    const { headers } = JSON.parse(answer.text) as { headers: Record<string, string> }
    expect(headers).toMatchObject({
      'x-skerry-client-address': '127.0.0.1', 'x-skerry-hops': '0', 'x-skerry-client-authorization': 'Bearer of-the-client',
      'x-skerry-affinity': 'key', 'x-skerry-client-location': '52.5,13.4', authorization: `Bearer ${cluster.internalToken}`,
    })
    expect(headers['x-skerry-id']).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/)
    for (const name of ['x-skerry-anything', 'x-skerry-forwarded', 'x-private']) expect(headers[name], name).toBeUndefined()
  })
})

describe('failover', () => {
  test('a killed node is passed over without an error, and taken again when it is back', async () => {
    await cluster.node('fra').kill()
    for (let index = 0; index < 5; index++) expect(await answeredBy('52.52,13.40')).toBe('iad-1')
    await cluster.node('fra').revive()
    await vi.waitFor(async () => expect(await answeredBy('52.52,13.40')).toBe('fra-1'), { timeout: 5_000 })
  })

  test('an unsafe request moves on where nothing of it was sent or the node vouches, body and all', async () => {
    const body = 'x'.repeat(60_000)
    let received = ''
    cluster.node('iad').script = (request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (received += chunk)).on('end', () => response.end('done'))
    }
    cluster.node('fra').script = refuseNotBegun
    expect((await call({ method: 'POST', body })).text).toBe('done')
    expect(received).toBe(body)
    await cluster.node('fra').kill()
    received = ''
    expect((await call({ method: 'POST', body })).text).toBe('done')
    expect(received).toBe(body)
  })

  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('%s is repeated after a break before the head', async (method) => {
    cluster.node('fra').script = breakOff
    expect((await call({ method, ...(method === 'PUT' ? { body: 'abc' } : {}) })).status).toBe(200)
    expect([cluster.node('fra').requests, cluster.node('iad').requests]).toEqual([1, 1])
  })

  test.each(['POST', 'PATCH'])('%s is not repeated once it may have begun', async (method) => {
    cluster.node('fra').script = breakOff
    const answer = await call({ method, body: 'abc' })
    expect([answer.status, answer.headers['x-skerry-error']]).toEqual([502, 'isolate_crashed'])
    expect([cluster.node('iad').requests, cluster.node('sin').requests]).toEqual([0, 0])
  })

  test('a body beyond the replay buffer is not repeated, even for an idempotent method', async () => {
    cluster.node('fra').script = (request) => {
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > 200_000) request.socket.destroy()
      })
    }
    const answer = await call({ method: 'PUT', body: 'x'.repeat(1_000_000) })
    expect(answer.status).toBe(502)
    expect(cluster.node('iad').requests).toBe(0)
  })

  test('a connection broken after the head breaks the client’s', async () => {
    cluster.node('fra').script = (_request, response) => {
      response.writeHead(200)
      response.write('part')
      setImmediate(() => response.destroy())
    }
    await expect(call()).rejects.toThrow(/aborted|socket/)
    expect(cluster.node('iad').requests).toBe(0)
  })

  test('a draining node gets nothing while another is there', async () => {
    cluster.node('fra').readyStatus = 503
    await vi.waitFor(async () => expect(await answeredBy('52.52,13.40')).toBe('iad-1'))
    const { requests } = cluster.node('fra')
    for (let index = 0; index < 3; index++) expect(await answeredBy('52.52,13.40')).toBe('iad-1')
    expect(cluster.node('fra').requests).toBe(requests)
  })

  test('where every node refuses, the last refusal is the answer; where none is there, no_healthy_node', async () => {
    for (const node of cluster.nodes) node.script = refuseNotBegun
    const refused = await call({ method: 'POST', body: 'abc' })
    expect([refused.status, refused.headers['x-skerry-error'], refused.headers['retry-after']]).toEqual([503, 'overloaded', '1'])
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    const none = await call()
    expect([none.status, none.headers['content-type'], none.headers['retry-after']]).toEqual([503, 'application/problem+json', '1'])
    expect(JSON.parse(none.text)).toMatchObject({ code: 'no_healthy_node', requestId: expect.stringMatching(/^\w{26}$/) as string })
  })

  test('goes on with the last list while the control plane is down, and after a restart with the kept one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'skerry-gateway-'))
    try {
      await gateway.close()
      const nodesFile = join(directory, 'nodes.json')
      gateway = await start({ nodesFile })
      await gateway.close()
      cluster.failControlPlane(500)
      const outages: (string | undefined)[] = []
      gateway = await start({ nodesFile, onOutage: (error) => outages.push(error?.code) })
      expect(await answeredBy('52.52,13.40')).toBe('fra-1')
      cluster.failControlPlane(undefined)
      await vi.waitFor(() => expect(outages).toEqual(['server_unreachable', undefined]))
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describe('HTTP', () => {
  test('repeated set-cookie, order and odd status pass through; hop-by-hop headers do not', async () => {
    cluster.node('fra').script = (_request, response) => {
      response.writeHead(418, 'Short And Stout', ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'connection', 'x-private', 'x-private', '1', 'X-Skerry-Region', 'fra', 'content-length', '2'])
      response.end('hi')
    }
    const answer = await call()
    expect([answer.status, answer.text]).toEqual([418, 'hi'])
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(answer.headers['x-private']).toBeUndefined()
    expect(answer.headers['x-skerry-region']).toBe('fra')
    expect(answer.rawHeaders.filter((name) => name.toLowerCase() === 'date')).toHaveLength(1)
  })

  test.each([
    ['HEAD keeps the length', 'HEAD', 200, { 'content-length': '1234' }],
    ['204 has no body', 'GET', 204, {}], ['304 keeps the length and has no body', 'GET', 304, { 'content-length': '99', etag: '"x"' }],
  ])('%s', async (_name, method, status, headers) => {
    cluster.node('fra').script = (_request, response) => response.writeHead(status, headers).end()
    for (let index = 0; index < 2; index++) {
      const answer = await call({ method })
      expect([answer.status, answer.text]).toEqual([status, ''])
      expect(answer.headers).toMatchObject(headers)
      expect(answer.headers['transfer-encoding']).toBeUndefined()
    }
  })

  test('100-continue is answered when the body is wanted, not before there is a node', async () => {
    let body = ''
    cluster.node('fra').script = (request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => response.end('ok'))
    }
    const head = 'POST / HTTP/1.1\r\nHost: hello.localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n'
    const { hostname, port } = new URL(gateway.url)
    const socket: Socket = connect(Number(port), hostname)
    socket.setEncoding('latin1').write(head)
    const [first] = (await once(socket, 'data')) as [string]
    expect(first).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    socket.write('abc')
    let rest = ''
    socket.on('data', (chunk: string) => (rest += chunk))
    await once(socket, 'close')
    expect(rest).toMatch(/^HTTP\/1.1 200 OK/)
    expect(body).toBe('abc')
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    expect(await raw(head)).toMatch(/^HTTP\/1.1 503/)
  })

  test('pipelined requests on one connection are answered in order, and the connection is kept', async () => {
    const text = await raw('GET /1 HTTP/1.1\r\nHost: a.localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: b.localhost\r\nConnection: close\r\n\r\n')
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(2)
    expect(text.indexOf('"url":"/1"')).toBeLessThan(text.indexOf('"url":"/2"'))
  })

  test('a head goes out before the first chunk, and chunks as they come', async () => {
    let finish = (): void => undefined
    cluster.node('fra').script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      finish = () => {
        response.write('data: 1\n\n')
        finish = () => response.end('data: 2\n\n')
      }
    }
    const request = httpRequest(gateway.url, { headers: { host: 'hello.localhost' } }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const chunks: string[] = []
    finish()
    for await (const chunk of response) {
      chunks.push(String(chunk))
      finish()
    }
    expect(chunks).toEqual(['data: 1\n\n', 'data: 2\n\n'])
  })

  test('a client that goes away ends the request at the node', async () => {
    const closed = new Promise<void>((resolve) => {
      cluster.node('fra').script = (_request, response) => {
        response.on('close', () => resolve())
        response.writeHead(200).write('x')
      }
    })
    const request = httpRequest(gateway.url, { headers: { host: 'hello.localhost' } }).end()
    await once(request, 'response')
    request.destroy()
    await closed
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
      expect(metrics).toContain('skerry_gateway_requests_total{outcome="client_gone"} 1')
      expect(metrics).toContain('skerry_gateway_requests_in_flight 0')
    })
  })

  test.each([
    ['no host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n', 400],
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['length and chunks', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc', 400],
    ['a bad place', 'GET / HTTP/1.1\r\nHost: a\r\nx-skerry-location: 91,0\r\nConnection: close\r\n\r\n', 400],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['a huge head', `GET / HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 413],
  ])('%s is refused as a problem', async (_name, bytes, status) => {
    const text = await raw(bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text).toContain('application/problem+json')
    expect(await answeredBy('52.52,13.40')).toBe('fra-1')
  })

  test('a node that does not speak HTTP is passed over', async () => {
    const garbage = createTcpServer((socket) => socket.end('SSH-2.0-x\r\n'))
    garbage.listen(0, '127.0.0.1')
    await once(garbage, 'listening')
    const address = garbage.address()
    const port = typeof address === 'object' ? address?.port : 0
    cluster.node('fra').info = { ...cluster.node('fra').info, internalUrl: `http://127.0.0.1:${port}` }
    await vi.waitFor(async () => expect(await answeredBy('52.52,13.40')).toBe('iad-1'))
    garbage.close()
  })
})

describe('operation', () => {
  test('admin port: health, readiness, metrics', async () => {
    const status = async (path: string): Promise<number> => (await fetch(gateway.adminUrl + path)).status
    expect([await status('/healthz'), await status('/readyz'), await status('/nothing')]).toEqual([200, 200, 404])
    await call()
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    expect(metrics).toContain('skerry_gateway_requests_total{outcome="answered"} 1')
    expect(metrics).toContain('skerry_gateway_node_available{node="fra-1",region="fra"} 1')
    await Promise.all(cluster.nodes.map((node) => node.kill()))
    await vi.waitFor(async () => expect(await status('/readyz')).toBe(503))
  })

  test('draining lets what is under way finish', async () => {
    let finish = (): void => undefined
    const arrived = new Promise<void>((resolve) => {
      cluster.node('fra').script = (_request, response) => {
        finish = () => response.end('finished')
        resolve()
      }
    })
    const answer = call()
    await arrived
    let drained = false
    const drain = gateway.drain().then(() => (drained = true))
    expect((await fetch(`${gateway.adminUrl}/readyz`)).status).toBe(503)
    expect(drained).toBe(false)
    finish()
    expect((await answer).text).toBe('finished')
    await drain
    cluster.node('fra').script = echo('fra-1')
    expect((await call()).headers.connection).toBe('close')
  })

  test('an unreadable database, proxy range or port is refused at start', async () => {
    await expect(start({ geoDatabase: '/nowhere.mmdb' })).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(start({ trustedProxies: ['300.1.1.1/8'] })).rejects.toMatchObject({ code: 'config_invalid' })
    await expect(start({ port: Number(new URL(gateway.url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
