import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GatewayFixture } from '../testing/gateway-fixture.ts'

let fixture: GatewayFixture

beforeEach(async () => {
  fixture = await GatewayFixture.start()
})

afterEach(() => fixture.close())

describe('HTTP', () => {
  test('repeated set-cookie, order and odd status pass through; hop-by-hop headers do not', async () => {
    fixture.cluster.node('fra').script = (_request, response) => {
      response.writeHead(418, 'Short And Stout', ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'connection', 'x-private', 'x-private', '1', 'X-Skerry-Region', 'fra', 'content-length', '2'])
      response.end('hi')
    }
    const answer = await fixture.call()
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
    fixture.cluster.node('fra').script = (_request, response) => response.writeHead(status, headers).end()
    for (let index = 0; index < 2; index++) {
      const answer = await fixture.call({ method })
      expect([answer.status, answer.text]).toEqual([status, ''])
      expect(answer.headers).toMatchObject(headers)
      expect(answer.headers['transfer-encoding']).toBeUndefined()
    }
  })

  test('100-continue is answered when the body is wanted, not before there is a node', async () => {
    let body = ''
    fixture.cluster.node('fra').script = (request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk)).on('end', () => response.end('ok'))
    }
    const head = 'POST / HTTP/1.1\r\nHost: hello.localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n'
    const { hostname, port } = new URL(fixture.gateway.url)
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
    await Promise.all(fixture.cluster.nodes.map((node) => node.kill()))
    expect(await fixture.raw(head)).toMatch(/^HTTP\/1.1 503/)
  })

  test('pipelined requests on one connection are answered in order, and the connection is kept', async () => {
    const text = await fixture.raw('GET /1 HTTP/1.1\r\nHost: a.localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: b.localhost\r\nConnection: close\r\n\r\n')
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(2)
    expect(text.indexOf('"url":"/1"')).toBeLessThan(text.indexOf('"url":"/2"'))
  })

  test('a head goes out before the first chunk, and chunks as they come', async () => {
    let finish = (): void => undefined
    fixture.cluster.node('fra').script = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      finish = () => {
        response.write('data: 1\n\n')
        finish = () => response.end('data: 2\n\n')
      }
    }
    const request = httpRequest(fixture.gateway.url, { headers: { host: 'hello.localhost' } }).end()
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
      fixture.cluster.node('fra').script = (_request, response) => {
        response.on('close', () => resolve())
        response.writeHead(200).write('x')
      }
    })
    const request = httpRequest(fixture.gateway.url, { headers: { host: 'hello.localhost' } }).end()
    await once(request, 'response')
    request.destroy()
    await closed
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${fixture.gateway.adminUrl}/metrics`)).text()
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
    const text = await fixture.raw(bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text).toContain('application/problem+json')
    expect(await fixture.answeredBy('52.52,13.40')).toBe('fra-1')
  })

  test('the largest head that a function may answer with passes, once', async () => {
    let runs = 0
    for (const node of fixture.cluster.nodes) {
      node.script = (_request, response) => {
        runs += 1
        response.writeHead(200, { 'x-large': 'a'.repeat(128 * 1024) })
        response.end()
      }
    }
    const text = await fixture.raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect([text.slice(0, 15), text.includes('a'.repeat(128 * 1024)), runs]).toEqual(['HTTP/1.1 200 OK', true, 1])
  })

  test('a node that does not speak HTTP is passed over', async () => {
    const garbage = createTcpServer((socket) => socket.end('SSH-2.0-x\r\n'))
    garbage.listen(0, '127.0.0.1')
    await once(garbage, 'listening')
    const address = garbage.address()
    const port = typeof address === 'object' ? address?.port : 0
    fixture.cluster.node('fra').info = { ...fixture.cluster.node('fra').info, internalUrl: `http://127.0.0.1:${port}` }
    await vi.waitFor(async () => expect(await fixture.answeredBy('52.52,13.40')).toBe('iad-1'))
    garbage.close()
  })
})
