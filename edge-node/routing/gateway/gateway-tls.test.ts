import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { makeCertificate } from '../../../test/helpers/certificates.ts'
import type { Gateway } from '../gateway/index.ts'
import { GatewayFixture } from '../testing/gateway-fixture.ts'

/** A gateway with certificates, before scripted nodes: what clients meet by TLS, and HTTP/2 from end to end. */

let directory: string
let spare: string
let fixture: GatewayFixture
let gateway: Gateway
let session: ClientHttp2Session
const notices: string[] = []

const openSession = async (to: Gateway): Promise<ClientHttp2Session> => {
  const opened = connectHttp2(to.url, { servername: 'a.localhost', rejectUnauthorized: false })
  await once(opened, 'connect')
  return opened
}

beforeAll(async () => {
  [directory, spare] = await Promise.all(['front', 'spare'].map((name) => mkdtemp(join(tmpdir(), `skerry-${name}-`)))) as [string, string]
  makeCertificate(directory, ['one.example.com'], { file: 'one' })
  makeCertificate(directory, ['*.example.org', 'a.localhost'], { file: 'wild' })
  makeCertificate(spare, ['one.example.com'], { file: 'next', days: 5 })
  makeCertificate(spare, [], { file: 'default' })
  fixture = await GatewayFixture.start()
  await fixture.restart({ tls: { directory }, redirectPort: 0, onNotice: (text) => void notices.push(text) })
  gateway = fixture.gateway
  session = await openSession(gateway)
})
afterEach(() => {
  fixture.cluster.node('fra').script = (request, response) => {
    request.resume()
    response.end('ok')
  }
})
afterAll(async () => {
  session.destroy()
  await fixture.close()
  await Promise.all([directory, spare].map((folder) => rm(folder, { recursive: true })))
})

interface Hello {
  readonly socket: TLSSocket
  readonly names: string | undefined
  readonly fingerprint: string
}

async function greet(servername: string | undefined, options: Parameters<typeof connect>[1] = {}): Promise<Hello> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', { ...(servername === undefined ? {} : { servername }), rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  const { subjectaltname, fingerprint256 } = socket.getPeerCertificate()
  return { socket, names: subjectaltname, fingerprint: fingerprint256 }
}

async function ask(headers: OutgoingHttpHeaders = {}, body?: string): Promise<{ readonly headers: IncomingHttpHeaders; readonly text: string }> {
  const stream = session.request({ ':authority': 'a.localhost', ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  const [answered] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk)
  return { headers: answered, text }
}

describe('certificates', () => {
  test('go by the name that is asked for; nobody is shown another\'s', async () => {
    const names: (string | undefined)[] = []
    for (const name of ['one.example.com', 'x.example.org']) {
      const hello = await greet(name)
      names.push(hello.names)
      hello.socket.destroy()
    }
    expect(names).toEqual(['DNS:one.example.com', 'DNS:*.example.org, DNS:a.localhost'])
    for (const name of ['x.y.example.org', 'example.com', undefined]) await expect(greet(name)).rejects.toThrow(/handshake failure/)
  })

  test('nobody speaks what is too old, or HTTP/2 without having chosen it', async () => {
    await expect(greet('one.example.com', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow()
    await expect(greet('one.example.com', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' })).rejects.toThrow()
    await expect(greet('one.example.com', { ALPNProtocols: ['h3'] })).rejects.toThrow()
    const old = await greet('one.example.com', { maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1', 'h2'] })
    expect([old.socket.getProtocol(), old.socket.alpnProtocol]).toEqual(['TLSv1.2', 'h2'])
    old.socket.destroy()
  })

  test('are changed under connections that go on, and tickets are good after it', async () => {
    const first = await greet('one.example.com')
    const [ticket] = (await once(first.socket, 'session')) as [Buffer]
    await copyFile(join(spare, 'next.key'), join(directory, 'one.key'))
    await gateway.reload?.()
    const between = await greet('one.example.com')
    expect([between.fingerprint, notices.at(-1)]).toEqual([first.fingerprint, expect.stringContaining('one.crt')])
    await copyFile(join(spare, 'next.crt'), join(directory, 'one.crt'))
    await gateway.reload?.()
    const second = await greet('one.example.com')
    expect(second.fingerprint).not.toBe(first.fingerprint)
    expect((await greet('one.example.com', { session: ticket })).socket.isSessionReused()).toBe(true)
    first.socket.write('GET / HTTP/1.1\r\nHost: a.localhost\r\nConnection: close\r\n\r\n')
    expect(String((await once(first.socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /)
    expect((await ask()).text).toBe('ok')
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    const expiry = Number(/skerry_tls_certificate_expiry_seconds\{certificate="one.crt"\} (\d+)/.exec(metrics)?.[1])
    expect(expiry * 1_000 - Date.now()).toBeGreaterThan(4 * 86_400_000)
    await Promise.all(['crt', 'key'].map((ending) => copyFile(join(spare, `default.${ending}`), join(directory, `default.${ending}`))))
    await gateway.reload?.()
    expect((await greet('somebody.else')).names).toBeUndefined()
    await Promise.all(['crt', 'key'].map((ending) => rm(join(directory, `default.${ending}`))))
    await gateway.reload?.()
  })

  test('that can not be used keep the gateway from starting where there is no other', async () => {
    const broken = { certificateFile: join(spare, 'broken.crt'), keyFile: join(spare, 'broken.key') }
    await Promise.all(Object.values(broken).map((file) => writeFile(file, 'x', { mode: 0o600 })))
    await expect(fixture.startGateway({ tls: { pairs: [broken] } })).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

describe('HTTP/2', () => {
  test('reaches the node as HTTP/1.1 that says what the client said', async () => {
    fixture.cluster.node('fra').script = (request, response) => {
      request.setEncoding('utf8')
      let body = ''
      request.on('data', (chunk: string) => (body += chunk)).on('end', () => {
        response.writeHead(200, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'content-type', 'application/json', 'trailer', 'x-t', 'transfer-encoding', 'chunked'])
        response.write(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
        response.addTrailers({ 'x-t': '1' })
        response.end()
      })
    }
    const answer = await ask({ ':method': 'PUT', ':path': '/x?y', cookie: ['a=1', 'b=2'], 'x-forwarded-host': 'bank.example', 'x-skerry-hops': '9', te: 'trailers', authorization: 'Bearer mine' }, 'abc')
    expect(JSON.parse(answer.text)).toMatchObject({
      method: 'PUT', url: '/x?y', body: 'abc',
      headers: { host: 'a.localhost', cookie: 'a=1; b=2', 'x-skerry-client-protocol': 'https', 'x-skerry-client-authorization': 'Bearer mine', 'x-skerry-hops': '0', 'transfer-encoding': 'chunked' },
    })
    expect(answer.text).not.toContain('bank.example')
    expect(answer.headers).toMatchObject({ ':status': 200, 'set-cookie': ['a=1', 'b=2'], 'content-type': 'application/json' })
    expect(answer.headers['trailer']).toBeUndefined()
  })

  test('streams both ways as things come', async () => {
    fixture.cluster.node('fra').script = (request, response) => {
      response.writeHead(200).flushHeaders()
      request.pipe(response)
    }
    const stream = session.request({ ':authority': 'a.localhost', ':method': 'POST' })
    for (const part of ['one', 'two', 'three']) {
      stream.write(part)
      expect(String((await once(stream, 'data'))[0])).toBe(part)
    }
    stream.end()
    stream.resume()
    await once(stream, 'end')
  })

  test('what a client gives up is given up at the node, and what a node breaks off is reset', async () => {
    const gone = new Promise<void>((resolve) => {
      fixture.cluster.node('fra').script = (_request, response) => {
        response.on('close', () => resolve())
        response.writeHead(200).write('x')
      }
    })
    const stream = session.request({ ':authority': 'a.localhost' })
    await once(stream, 'response')
    stream.close(8)
    await gone
    fixture.cluster.node('fra').script = (_request, response) => {
      response.writeHead(200)
      response.write('part')
      setImmediate(() => response.destroy())
    }
    const broken = session.request({ ':authority': 'a.localhost' })
    broken.on('error', () => undefined).resume()
    await new Promise((resolve) => broken.once('close', resolve))
    expect(broken.rstCode).not.toBe(0)
    await vi.waitFor(async () => expect(await (await fetch(`${gateway.adminUrl}/metrics`)).text()).toContain('skerry_gateway_requests_in_flight 0'))
  })

  test('HEAD, 204 and 304 have no body, and problems are problems', async () => {
    fixture.cluster.node('fra').script = (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'content-length': 12 }).end()
      else response.writeHead(Number(request.url?.slice(1)), { etag: '"x"' }).end()
    }
    for (const [method, path, status] of [['HEAD', '/', 200], ['GET', '/204', 204], ['GET', '/304', 304]] as const) {
      const answer = await ask({ ':method': method, ':path': path })
      expect([answer.headers[':status'], answer.text]).toEqual([status, ''])
    }
    const refused = await ask({ 'x-skerry-location': '91,0' })
    expect([refused.headers[':status'], refused.headers['content-type'], JSON.parse(refused.text)]).toMatchObject([400, 'application/problem+json', { code: 'bad_request' }])
  })

  test('WebSockets come by HTTP/1.1, which the same port speaks', async () => {
    fixture.cluster.node('fra').script = ({ headers, socket: wire }) => {
      const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      wire.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n\x81\x05hello`, 'latin1')
    }
    const socket = new WebSocket(gateway.url.replace('https:', 'wss:'), { headers: { host: 'a.localhost' }, agent: new Agent({ servername: 'a.localhost', rejectUnauthorized: false }) })
    expect(String((await once(socket, 'message'))[0])).toBe('hello')
    socket.terminate()
    expect(session.remoteSettings.enableConnectProtocol).not.toBe(true)
  })
})
