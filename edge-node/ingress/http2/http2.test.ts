import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeCertificate } from '../../../test/helpers/certificates.ts'
import { createRandom } from '../../../test/helpers/random.ts'
import { until } from '../../../test/helpers/until.ts'
import { openCertificates, type Certificates } from '../../../tls/index.ts'
import { ConnectionGate } from '../../protection/index.ts'
import { listen } from '../../routing/admin/index.ts'
import { answerProblem, createIngressServer, cutUnread, linger, readRequestHead } from '../index.ts'
import { block, flags, frame, frameTypes, RawHttp2 } from './testing/raw-http2.ts'

/** What clients do by HTTP/2 to a server of the ingress, on one server. */

let directory: string
let certificates: Certificates
let server: Server
let url: string
let session: ClientHttp2Session
const raws: RawHttp2[] = []
let begun = 0
let aborted = 0
let opened = 0
let told: string[] = []

type Route = (request: IncomingMessage, response: ServerResponse) => void
const routes: Record<string, Route> = {
  '/head': (request, response) => {
    const head = readRequestHead(request)
    response.writeHead(200, ['content-type', 'application/json', 'set-cookie', 'a=1', 'Set-Cookie', 'b=2', 'connection', 'keep-alive', 'keep-alive', 'timeout=5', 'te', 'gzip', 'content-type', 'application/json'])
    response.end(JSON.stringify({ method: request.method, host: head.host, target: head.target, headers: head.headers, isChunked: head.isChunked }))
  },
  '/echo': (request, response) => {
    response.writeHead(200, {})
    response.flushHeaders()
    request.pipe(response)
  },
  '/wait': (request, response) => {
    response.once('close', () => {
      aborted += response.writableFinished ? 0 : 1
    })
    request.once('aborted', () => undefined)
  },
  '/large': (_request, response) => {
    response.writeHead(200, ['content-length', String(1_000_000)])
    response.end(Buffer.alloc(1_000_000))
    cutUnread(response, { idleMs: 50, bytesPerSecondMin: 1e9, held: { add: () => undefined, clear: () => undefined } as never, party: 'x' })
  },
  '/break': (_request, response) => {
    response.writeHead(200, [])
    response.write('part')
    setImmediate(() => response.destroy())
  },
  '/unread': (request, response) => {
    response.writeHead(403, ['content-length', '2'])
    response.end('no')
    linger(request)
  },
  '/reused': (_request, response) => {
    response.writeHead(200, [])
    for (let index = 0; index < 16; index += 1) {
      const chunk = Buffer.alloc(64 * 1024, 'x')
      response.write(chunk, () => chunk.fill('-'))
    }
    response.end()
  },
  '/hints': (_request, response) => {
    response.writeEarlyHints({ link: '</a>; rel=preload' })
    response.writeHead(204, []).end()
  },
  '/names': (_request, response) => {
    response.writeHead(200, ['constructor', 'a', '__proto__', 'b', '__proto__', 'c']).end()
  },
  '/told': (request) => {
    for (const event of ['data', 'end', 'aborted']) request.on(event, () => told.push(event))
  },
  '/impossible': (_request, response) => {
    response.writeEarlyHints({ link: ['</a>'], upgrade: 'x' })
  },
  '/last': (_request, response) => {
    response.shouldKeepAlive = false
    response.writeHead(200, []).end('bye')
  },
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-http2-'))
  makeCertificate(directory, ['127.0.0.1'], { file: 'default' })
  certificates = await openCertificates({ directory, log: () => undefined })
  const problemContext = () => ({ requestId: 'id', node: 'test' })
  server = createIngressServer({
    problemContext, tls: certificates, http2: true, gate: new ConnectionGate({ connectionsMax: 100, refusal: () => '' }),
    handle: (request, response, expectsContinue) => {
      begun += 1
      if (expectsContinue) response.writeContinue()
      try {
        routes[readRequestHead(request).path]?.(request, response)
      } catch (error) {
        answerProblem(response, error as never, problemContext())
      }
    },
  })
  server.on('secureConnection', () => {
    opened += 1
  })
  url = `https://${await listen(server, '127.0.0.1', 0)}`
  session = connect(url, { rejectUnauthorized: false })
  await once(session, 'remoteSettings')
})
afterEach(() => {
  for (const raw of raws.splice(0)) raw.close()
})
afterAll(async () => {
  session.destroy()
  certificates.close()
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
  await rm(directory, { recursive: true })
})

interface Answer {
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

async function read(stream: ClientHttp2Stream): Promise<Answer> {
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk)
  return { headers, text }
}

async function ask(path: string, headers: OutgoingHttpHeaders = {}, body?: string): Promise<Answer> {
  const stream = session.request({ ':path': path, ...headers }, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return read(stream)
}

async function open(settings: Parameters<typeof RawHttp2.open>[1] = []): Promise<RawHttp2> {
  const raw = await RawHttp2.open(url, settings)
  raws.push(raw)
  return raw
}

const usual = [[':method', 'GET'], [':scheme', 'https'], [':authority', 'a.localhost'], [':path', '/head']] as const
const headers = (stream: number, fields: readonly (readonly [string, string])[], flagged: number = flags.endStream | flags.endHeaders): Buffer =>
  frame(frameTypes.headers, flagged, stream, block(fields))
const othersAreServed = async (): Promise<void> => expect((await ask('/head')).headers[':status']).toBe(200)

describe('a request', () => {
  it('is read as one of HTTP/1.1, with the authority for its host and its cookies in one', async () => {
    const { headers: answered, text } = await ask('/head?x', { ':authority': 'a.localhost:1', cookie: ['a=1', 'b=2'], te: 'trailers', 'x-a': '1' })
    expect(JSON.parse(text)).toEqual({ method: 'GET', host: 'a.localhost:1', target: '/head?x', headers: ['x-a', '1', 'cookie', 'a=1; b=2'], isChunked: false })
    expect(answered).toMatchObject({ ':status': 200, 'set-cookie': ['a=1', 'b=2'], 'content-type': 'application/json' })
    expect([answered['connection'], answered['keep-alive'], typeof answered.date]).toEqual([undefined, undefined, 'string'])
    expect(JSON.parse((await ask('/head', { ':method': 'POST' }, 'x')).text)).toMatchObject({ isChunked: true, headers: [] })
  })

  it('streams both ways at once, at the pace of who reads', async () => {
    const stream = session.request({ ':path': '/echo', ':method': 'POST' })
    await once(stream, 'response')
    for (const part of ['one', 'two']) {
      stream.write(part)
      expect(String((await once(stream, 'data'))[0])).toBe(part)
    }
    stream.pause()
    const sent = Buffer.alloc(3_000_000, 7)
    stream.end(sent)
    let bytes = 0
    for await (const chunk of stream) bytes += (chunk as Buffer).length
    expect(bytes).toBe(sent.length)
  })

  it('that is given up is given up here, and its neighbours are not', async () => {
    const before = begun
    const neighbour = session.request({ ':path': '/echo', ':method': 'POST' })
    const neighbourSaid = read(neighbour)
    const stream = session.request({ ':path': '/wait' })
    await until('both have begun', () => begun === before + 2)
    const waiting = aborted
    stream.close(constants.NGHTTP2_CANCEL)
    await until('it was told', () => aborted > waiting)
    neighbour.end('still here')
    expect(await neighbourSaid).toMatchObject({ text: 'still here' })
  })

  it('that is given up in the middle of its body has not come to its end, whatever the client gives for the reason', async () => {
    for (const code of [constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL]) {
      told = []
      const raw = await open()
      raw.send(headers(1, [[':method', 'POST'], ...usual.slice(1, 3), [':path', '/told']], flags.endHeaders), frame(frameTypes.data, 0, 1, Buffer.from('abc')))
      await until('a part came', () => told.length === 1)
      raw.send(frame(frameTypes.reset, 0, 1, Buffer.from([0, 0, 0, code])))
      await until('the rest is given up', () => told.length === 2)
      expect(told).toEqual(['data', 'aborted'])
    }
  })

  it('has 100 and 103 before its answer', async () => {
    const stream = session.request({ ':path': '/echo', ':method': 'POST', expect: '100-continue' })
    const said = read(stream)
    await once(stream, 'continue')
    stream.end('abc')
    expect(await said).toMatchObject({ text: 'abc' })
    const hinted = session.request({ ':path': '/hints' })
    const answered = read(hinted)
    const [hints] = (await once(hinted, 'headers')) as [IncomingHttpHeaders]
    expect(hints).toMatchObject({ ':status': 103, link: '</a>; rel=preload' })
    expect(await answered).toMatchObject({ headers: { ':status': 204 } })
    expect((await ask('/head', { expect: 'a-miracle' })).headers).toMatchObject({ ':status': 400, 'x-skerry-error': 'bad_request' })
  })

  it('that is answered before its body has come is not read on', async () => {
    const stream = session.request({ ':path': '/unread', ':method': 'POST' })
    stream.on('error', () => undefined)
    stream.write('x')
    expect((await read(stream)).text).toBe('no')
  })
})

describe('an answer', () => {
  it('is what was written, though whoever wrote it uses its memory for something else once he is told that it is written', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask('/reused')))
    for (const { text } of answers) expect([text.length, text.replaceAll('x', '')]).toEqual([16 * 64 * 1024, ''])
  })

  it('may have headers of any name', async () => {
    const answered = (await ask('/names')).headers
    expect(['constructor', '__proto__'].map((name) => Object.entries(answered).find(([key]) => key === name)?.[1])).toEqual(['a', 'b, c'])
  })

  it('that breaks off is reset, after what there was of it', async () => {
    const stream = session.request({ ':path': '/break' })
    const failed = once(stream, 'error')
    failed.catch(() => undefined)
    let text = ''
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await new Promise((resolve) => stream.once('close', resolve))
    expect([text, stream.rstCode]).toEqual(['part', constants.NGHTTP2_INTERNAL_ERROR])
    await othersAreServed()
  })

  it('that can not be said is reset', async () => {
    const stream = session.request({ ':path': '/impossible' })
    stream.on('error', () => undefined)
    await new Promise((resolve) => stream.once('close', resolve))
    expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR)
    await othersAreServed()
  })

  it('that the client does not take is given up, and others are not', async () => {
    const raw = await open([[4, 0]])
    raw.send(headers(1, [...usual.slice(0, 3), [':path', '/large']]))
    expect(await raw.find(({ type, stream }) => type === frameTypes.reset && stream === 1)).toBeDefined()
    raw.send(headers(3, [...usual.slice(0, 3), [':path', '/hints']]))
    expect(await raw.find(({ type, stream }) => type === frameTypes.headers && stream === 3)).toBeDefined()
  })

  it('that is the last says so, and the connection ends behind those under way', async () => {
    const own = connect(url, { rejectUnauthorized: false })
    const waiting = own.request({ ':path': '/echo', ':method': 'POST' })
    await once(waiting, 'response')
    const last = own.request({ ':path': '/last' })
    const goAway = once(own, 'goaway')
    expect((await read(last)).text).toBe('bye')
    expect((await goAway)[0]).toBe(constants.NGHTTP2_NO_ERROR)
    waiting.end('and me')
    let text = ''
    for await (const chunk of waiting) text += String(chunk)
    expect(text).toBe('and me')
    if (!own.destroyed) await once(own, 'close')
  })
})

it('HTTP/1.1 is spoken on the same port with who does not speak HTTP/2', async () => {
  const request = httpsRequest(`${url}/head`, { rejectUnauthorized: false }).end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect([response.httpVersion, response.statusCode, response.headers['set-cookie']]).toEqual(['1.1', 200, ['a=1', 'b=2']])
  response.resume()
})

describe('is refused as a problem, on a connection that goes on:', () => {
  it.each([
    ['another host in Host', [...usual, ['host', 'b.localhost']]],
    ['a path with a fragment', [...usual.slice(0, 3), [':path', '/head#x']]],
    ['a scheme that is none of ours', [usual[0], [':scheme', 'ftp'], usual[2], usual[3]]],
    ['CONNECT', [[':method', 'CONNECT'], [':authority', 'a.localhost:80']]],
  ] as readonly (readonly [string, readonly (readonly [string, string])[]])[])('%s', async (_name, fields) => {
    const raw = await open()
    raw.send(headers(1, fields))
    const answered = await raw.find(({ stream, type }) => stream === 1 && type === frameTypes.data)
    expect(JSON.parse(String(answered?.payload))).toMatchObject({ code: 'bad_request' })
    raw.send(headers(3, usual))
    expect(await raw.find(({ stream, type }) => stream === 3 && type === frameTypes.data)).toBeDefined()
  })
})

describe('is reset, and nothing of it begins:', () => {
  it.each([
    ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map((name) => [`the header ${name}`, [...usual, [name, 'x']]]),
    ['two Hosts', [...usual.filter(([name]) => name !== ':authority'), ['host', 'a'], ['host', 'b']]],
    ['an authority with a user', [usual[0], usual[1], [':authority', 'user@a.localhost'], usual[3]]],
    ['te beside trailers', [...usual, ['te', 'gzip']]],
    ['capitals in a name', [...usual, ['X-A', '1']]],
    ['no path', usual.slice(0, 3)],
    ['an empty path', [...usual.slice(0, 3), [':path', '']]],
    ['no method', usual.slice(1)],
    ['two paths', [...usual, [':path', '/b']]],
    ['a pseudo-header behind a header', [...usual.slice(0, 3), ['x-a', '1'], usual[3]]],
    ['a pseudo-header that is none', [...usual, [':x', '1']]],
    ['a length where nothing comes', [...usual, ['content-length', '5']]],
    ['two lengths', [...usual, ['content-length', '0'], ['content-length', '0']]],
    ['more fields than are taken', [...usual, ...Array.from({ length: 600 }, (_, index) => [`x-${index}`, '1'])]],
  ] as [string, [string, string][]][])('%s', async (_name, fields) => {
    const raw = await open()
    const before = begun
    raw.send(headers(1, fields), frame(frameTypes.ping, 0, 0, Buffer.alloc(8)))
    const told = await raw.find(({ type }) => type === frameTypes.reset || type === frameTypes.goAway)
    expect(told !== undefined || raw.socket.destroyed).toBe(true)
    expect(begun).toBe(before)
  })

  it('a body that is longer than it says, and one that is shorter', async () => {
    for (const [length, sent] of [['1', 'xyz'], ['5', 'xyz']] as const) {
      const raw = await open()
      raw.send(headers(1, [[':method', 'POST'], ...usual.slice(1, 3), [':path', '/echo'], ['content-length', length]], flags.endHeaders), frame(frameTypes.data, flags.endStream, 1, Buffer.from(sent)))
      const told = await raw.find(({ type }) => type === frameTypes.reset || type === frameTypes.goAway)
      expect(told !== undefined || raw.socket.destroyed).toBe(true)
      expect(raw.frames.some(({ type, flags: flagged }) => type === frameTypes.data && (flagged & flags.endStream) !== 0)).toBe(false)
    }
  })

  it('a NUL or a line end in a value never arrives', async () => {
    for (const value of ['a\0b', 'a\r\nx-b: 1', 'a\nb']) {
      const raw = await open()
      raw.send(headers(1, [...usual, ['x-a', value]]))
      const answered = await raw.find(({ stream, type }) => stream === 1 && (type === frameTypes.data || type === frameTypes.reset))
      if (answered?.type === frameTypes.data) expect(JSON.parse(String(answered.payload))).toMatchObject({ headers: [] })
    }
  })
})

describe('ends the connection, and no other:', () => {
  const ends = async (raw: RawHttp2): Promise<void> => {
    expect(await raw.find(({ type }) => type === frameTypes.goAway)).toSatisfy((found) => found !== undefined || raw.socket.destroyed)
    await raw.closed
    await othersAreServed()
  }

  it('requests that are given up at once, again and again', async () => {
    const raw = await open()
    const before = begun
    for (let index = 0; index < 2_000; index += 1) {
      const stream = 2 * index + 1
      raw.send(headers(stream, [...usual.slice(0, 3), [':path', '/wait']]), frame(frameTypes.reset, 0, stream, Buffer.from([0, 0, 0, 8])))
    }
    await ends(raw)
    expect(begun - before).toBeLessThan(250)
  })

  it('requests that the server has to give up, again and again', async () => {
    const raw = await open()
    for (let index = 0; index < 5_000; index += 1) {
      const stream = 2 * index + 1
      // A window that is opened by nothing is an error of the stream: the server resets it.
      raw.send(headers(stream, [...usual.slice(0, 3), [':path', '/wait']]), frame(frameTypes.windowUpdate, 0, stream, Buffer.alloc(4)))
    }
    await ends(raw)
  })

  it('a head without end', async () => {
    const raw = await open()
    raw.send(headers(1, usual, 0))
    for (let index = 0; index < 2_000; index += 1) raw.send(frame(frameTypes.continuation, 0, 1, block([[`x-${index}`, 'y'.repeat(500)]])))
    await ends(raw)
  })

  it.each([
    ['pings', () => frame(frameTypes.ping, 0, 0, Buffer.alloc(8))],
    ['settings', () => frame(frameTypes.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]))],
  ])('%s whose answers nobody reads', async (_name, make) => {
    const raw = await open()
    raw.socket.pause()
    const many = Buffer.concat(Array.from({ length: 20_000 }, make))
    for (let round = 0; round < 8 && raw.socket.writable; round += 1) raw.send(many)
    raw.socket.resume()
    await ends(raw)
  })

  it('settings that are none, and frames on streams that never were', async () => {
    const raw = await open()
    raw.send(frame(frameTypes.settings, 0, 0, Buffer.from([0, 4, 0xff, 0xff, 0xff, 0xff])))
    await ends(raw)
    const other = await open()
    other.send(frame(frameTypes.data, 0, 7, Buffer.from('x')))
    await ends(other)
  })
})

it('frames at random end their own connection at most', async () => {
  const random = createRandom(9_113)
  const bytes = (): Buffer => Buffer.from(Array.from({ length: random.between(0, 40) }, () => random.between(0, 255)))
  const path = (): string => random.pick(['/head', '/echo', '/wait', '/break', '/large', '/unread', '/hints'])
  for (let round = 0; round < 40; round += 1) {
    const raw = await open(random.next() < 0.3 ? [[random.between(1, 8), random.between(0, 70_000)]] : [])
    for (let times = 0; times < 30; times += 1) {
      const stream = random.between(0, 12)
      raw.send(random.next() < 0.4
        ? headers(2 * times + 1, [...usual.slice(0, 3), [':path', path()]], random.between(0, 255))
        : frame(random.between(0, 11), random.between(0, 255), stream, bytes()))
    }
    raw.send(frame(frameTypes.ping, 0, 0, Buffer.from('the last')))
    raw.socket.end()
    await raw.closed
  }
  await othersAreServed()
})

it('a connection has no more requests at a time than it was told', async () => {
  const raw = await open()
  const before = begun
  for (let index = 0; index < 150; index += 1) raw.send(headers(2 * index + 1, [...usual.slice(0, 3), [':path', '/wait']]))
  await until('those beyond it were refused', () => raw.frames.filter(({ type }) => type === frameTypes.reset).length === 50)
  expect(begun - before).toBe(100)
  const waiting = aborted
  raw.close()
  await until('all were given up with the connection', () => aborted - waiting === 100)
})

it('connections are closed where they are idle, when there is need', async () => {
  const own = connect(url, { rejectUnauthorized: false })
  await read(own.request({ ':path': '/head' }))
  const busy = session.request({ ':path': '/echo', ':method': 'POST' })
  await once(busy, 'response')
  server.closeIdleConnections()
  await once(own, 'close')
  busy.end('x')
  let text = ''
  for await (const chunk of busy) text += String(chunk)
  expect([text, opened > 20]).toEqual(['x', true])
})
