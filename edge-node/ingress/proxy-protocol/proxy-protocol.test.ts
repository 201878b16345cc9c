import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, Server } from 'node:http'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../../../test/helpers/certificates.ts'
import { createRandom } from '../../../test/helpers/random.ts'
import { readAll } from '../../../test/helpers/raw-http.ts'
import { type Certificates, openCertificates } from '../../../tls/index.ts'
import { ConnectionGate } from '../../protection/index.ts'
import { listen } from '../../routing/admin/index.ts'
import { createIngressServer } from '../index.ts'
import { parseProxyHeader } from './parse-proxy-header.ts'

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
const v4 = [9, 8, 7, 6, 1, 1, 1, 1, 0x12, 0x34, 0, 80]
const v6 = [0x20, 0x01, 0x0d, 0xb8, ...Array.from({ length: 11 }, () => 0), 1, ...Array.from({ length: 16 }, () => 2), 0x12, 0x34, 0, 80]

const binary = (command: number, family: number, payload: readonly number[]): Buffer =>
  Buffer.from([...signature, command, family, payload.length >> 8, payload.length & 0xff, ...payload])

describe('a header', () => {
  it.each([
    ['v1 IPv4', Buffer.from('PROXY TCP4 9.8.7.6 1.1.1.1 4660 80\r\n'), { address: '9.8.7.6', port: 4_660 }],
    ['v1 IPv6', Buffer.from('PROXY TCP6 2001:db8::1 ::1 4660 80\r\n'), { address: '2001:db8::1', port: 4_660 }],
    ['v1 of who does not know', Buffer.from('PROXY UNKNOWN ffff::1 whatever\r\n'), undefined],
    ['v2 IPv4', binary(0x21, 0x11, v4), { address: '9.8.7.6', port: 4_660 }],
    ['v2 IPv6', binary(0x21, 0x21, v6), { address: '2001:db8::1', port: 4_660 }],
    ['v2 with more after the addresses', binary(0x21, 0x11, [...v4, 1, 0, 2, 0x68, 0x32, 0x20, 0, 3, 1, 2, 3]), { address: '9.8.7.6', port: 4_660 }],
    ['v2 of the proxy itself', binary(0x20, 0x00, []), undefined],
    ['v2 of the proxy itself, with addresses', binary(0x20, 0x11, v4), undefined],
    ['v2 without a family', binary(0x21, 0x00, [1, 2, 3]), undefined],
    ['v2 of a socket of a file', binary(0x21, 0x31, Array.from({ length: 216 }, () => 0)), undefined],
  ])('%s', (_name, header, client) => {
    const all = Buffer.concat([header, Buffer.from('GET /')])
    expect(parseProxyHeader(all)).toEqual({ kind: 'complete', bytes: header.length, client })
    for (let length = 0; length < header.length; length += 1) expect(parseProxyHeader(all.subarray(0, length)), `${length} bytes`).toEqual({ kind: 'incomplete' })
  })

  it.each([
    'GET / HTTP/1.1\r\n', 'PROXY TCP4 9.8.7.6 1.1.1.1 4660\r\n', 'PROXY TCP4 9.8.7.256 1.1.1.1 1 80\r\n', 'PROXY TCP4 ::1 ::1 1 80\r\n', 'PROXY TCP6 1.1.1.1 1.1.1.1 1 80\r\n',
    'PROXY TCP4 9.8.7.6 1.1.1.1 70000 80\r\n', 'PROXY TCP4 9.8.7.6 1.1.1.1 01 80\r\n', 'PROXY TCP4  9.8.7.6 1.1.1.1 1 80\r\n', 'PROXY UDP4 9.8.7.6 1.1.1.1 1 80\r\n', 'PROXY TCP6 fe80::1%eth0 ::1 1 80\r\n',
    'proxy TCP4 9.8.7.6 1.1.1.1 1 80\r\n', `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`, 'PROXY TCP4 9.8.7.6 1.1.1.1 1 80\n'.padEnd(120, 'x'),
  ])('%j is none', (text) => expect(parseProxyHeader(Buffer.from(text))).toEqual({ kind: 'invalid' }))

  it.each([
    ['version 1', binary(0x11, 0x11, v4)], ['another command', binary(0x22, 0x11, v4)], ['another family', binary(0x21, 0x41, v4)], ['datagrams', binary(0x21, 0x12, v4)],
    ['half an address', binary(0x21, 0x11, v4.slice(0, 8))], ['IPv6 in the room of IPv4', binary(0x21, 0x21, v4)], ['64 KB', Buffer.from([...signature, 0x21, 0x11, 0xff, 0xff])],
  ])('with %s is none', (_name, header) => expect(parseProxyHeader(header)).toEqual({ kind: 'invalid' }))

  it('of any bytes is complete, incomplete or none, and never longer than what there is', () => {
    const random = createRandom(7)
    const seeds: [Buffer, ...Buffer[]] = [Buffer.from('PROXY TCP4 9.8.7.6 1.1.1.1 4660 80\r\n'), binary(0x21, 0x11, v4), binary(0x21, 0x21, v6)]
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = Buffer.from(random.pick(seeds))
      for (let times = random.between(0, 3); times > 0; times -= 1) bytes[random.between(0, bytes.length - 1)] = random.between(0, 255)
      const header = parseProxyHeader(bytes.subarray(0, random.between(0, bytes.length)))
      if (header.kind === 'complete') expect(header.bytes).toBeLessThanOrEqual(bytes.length)
    }
  })
})

describe('a server', () => {
  let directory: string
  let certificates: Certificates
  const servers: Server[] = []
  const urls = { plain: '', secure: '', strict: '' }

  const start = async (proxyProtocol: readonly string[], tls?: Certificates): Promise<string> => {
    const server = createIngressServer({
      proxyProtocol, tls, http2: true, problemContext: () => ({ requestId: 'id', node: 'test' }), gate: new ConnectionGate({ connectionsMax: 100, perClientMax: 2, refusal: () => 'HTTP/1.1 503 \r\n\r\n' }),
      handle: (request: IncomingMessage, response) => response.writeHead(200, []).end(`${request.url} of ${request.socket.remoteAddress} ${request.socket.remotePort}\n`),
    })
    servers.push(server)
    return `http://${await listen(server, '127.0.0.1', 0)}`
  }
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skerry-proxy-protocol-'))
    makeCertificate(directory, ['127.0.0.1'], { file: 'default' })
    certificates = await openCertificates({ directory, log: () => undefined })
    urls.plain = await start(['127.0.0.0/8'])
    urls.secure = await start(['127.0.0.0/8'], certificates)
    urls.strict = await start(['10.0.0.0/8'])
  })
  afterAll(async () => {
    certificates.close()
    await Promise.all(servers.map(async (server) => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }))
    await rm(directory, { recursive: true })
  })

  const dial = async (url: string): Promise<Socket> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const head = 'PROXY TCP4 9.8.7.6 1.1.1.1 4660 80\r\n'
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${path === '/last' ? 'Connection: close\r\n' : ''}\r\n`

  it.each([
    ['in one packet with requests', [`${head}${get('/1')}${get('/last')}`]],
    ['alone, and requests after it', [head, get('/1'), get('/last')]],
    ['byte by byte', [...head.split(''), get('/1') + get('/last')]],
  ])('takes the client from a header %s', async (_name, parts) => {
    const socket = await dial(urls.plain)
    const said = readAll(socket)
    for (const part of parts) {
      socket.write(part)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await said).match(/^\/.* of .*$/gm)).toEqual(['/1 of 9.8.7.6 4660', '/last of 9.8.7.6 4660'])
  })

  it('takes a large body behind a header', async () => {
    const socket = await dial(urls.plain)
    const said = readAll(socket)
    socket.write(`${head}POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(500_000)}${get('/last')}`)
    expect((await said).match(/^\/.* of .*$/gm)).toEqual(['/1 of 9.8.7.6 4660', '/last of 9.8.7.6 4660'])
  })

  it('lets the proxy speak for itself', async () => {
    const socket = await dial(urls.plain)
    const said = readAll(socket)
    socket.write(Buffer.concat([binary(0x20, 0, []), Buffer.from(get('/last'))]))
    expect(await said).toContain(`/last of 127.0.0.1 ${socket.localPort ?? ''}`)
  })

  it.each([
    ['nothing of the kind', get('/last')], ['half of one, and ends', 'PROXY TCP4 9.8'], ['one that is wrong', 'PROXY TCP4 x y z\r\n'], ['one that is too long', `PROXY ${'x'.repeat(10_000)}`],
  ])('closes on a proxy that sends %s', async (_name, bytes) => {
    const socket = await dial(urls.plain)
    const said = readAll(socket)
    socket.end(bytes)
    expect(await said).toBe('')
  })

  it('does not start with proxies that are none', async () => {
    await expect(start(['ten'])).rejects.toMatchObject({ code: 'config_invalid', field: 'proxyProtocol' })
  })

  it('does not believe who is no proxy', async () => {
    const socket = await dial(urls.strict)
    const said = readAll(socket)
    socket.write(head + get('/last'))
    expect(await said).toMatch(/^HTTP\/1\.1 400 /)
    const plain = await dial(urls.strict)
    const answer = readAll(plain)
    plain.write(get('/last'))
    expect(await answer).toContain('/last of 127.0.0.1')
  })

  it('counts connections for the client, not for the proxy', async () => {
    const open = async (address: string): Promise<string> => {
      const socket = await dial(urls.plain)
      socket.write(`PROXY TCP4 ${address} 1.1.1.1 4660 80\r\n${get('/')}`)
      const [chunk] = (await once(socket, 'data')) as [Buffer]
      held.push(socket)
      return String(chunk).slice(9, 12)
    }
    const held: Socket[] = []
    expect([await open('7.7.7.7'), await open('7.7.7.7'), await open('7.7.7.7'), await open('7.7.7.8')]).toEqual(['200', '200', '503', '200'])
    for (const socket of held) socket.destroy()
  })

  it('takes the header before TLS, for HTTP/1.1 and HTTP/2', async () => {
    for (const protocol of ['http/1.1', 'h2']) {
      const socket = await dial(urls.secure)
      socket.write(head)
      const secure = connectTls({ socket, ALPNProtocols: [protocol], rejectUnauthorized: false })
      await once(secure, 'secureConnect')
      if (protocol === 'h2') {
        const session = connectHttp2('https://127.0.0.1', { createConnection: () => secure })
        const stream = session.request({ ':path': '/2' })
        const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
        const [chunk] = (await once(stream, 'data')) as [Buffer]
        expect([headers[':status'], String(chunk)]).toEqual([200, '/2 of 9.8.7.6 4660\n'])
        session.destroy()
      } else {
        const said = readAll(secure)
        secure.write(get('/last'))
        expect(await said).toContain('/last of 9.8.7.6 4660')
      }
    }
  })
})
