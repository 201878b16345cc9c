import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRandom } from '../../../test/helpers/random.ts'
import { GatewayFixture } from '../testing/gateway-fixture.ts'

/**
 * What a client sends so that gateway and node disagree where one request ends and the next begins, or whose it is. The node tells what it
 * saw: no request may reach it for which the client has no answer.
 */

interface Seen {
  readonly line: string
  readonly rawHeaders: readonly string[]
}

let fixture: GatewayFixture
let seen: Seen[] = []

beforeAll(async () => {
  fixture = await GatewayFixture.start()
  for (const node of fixture.cluster.nodes) {
    node.script = (request, response) => {
      let bytes = 0
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      request.on('end', () => {
        const line = `${request.method} ${request.url} ${bytes}`
        seen.push({ line, rawHeaders: request.rawHeaders })
        response.writeHead(200, { 'x-seen': line, 'content-length': 0 }).end()
      })
    }
  }
})
afterAll(() => fixture.close())
beforeEach(() => {
  seen = []
})

/** No request, wherever it comes: the connection ends there at the latest. */
const nonsense = `\r\n${'?'.repeat(40_000)}\r\n\r\n`

/** Sends bytes, and nonsense after them; answers with all that came back. */
async function exchange(bytes: string): Promise<{ readonly statuses: readonly number[]; readonly lines: readonly string[]; readonly text: string }> {
  const { hostname, port } = new URL(fixture.gateway.url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk)).on('error', () => undefined)
  socket.write(bytes + nonsense, 'latin1')
  await once(socket, 'close')
  return {
    statuses: [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status)).filter((status) => status >= 200),
    lines: [...text.matchAll(/^x-seen: (.*)\r$/gm)].map(([, line = '']) => line), text,
  }
}

const header = (name: string): string | undefined => {
  const raw = seen[0]?.rawHeaders ?? []
  const values = raw.filter((_value, index) => index % 2 === 1 && raw[index - 1] === name)
  return values.length > 1 ? `${values.length} times` : values[0]
}

const hidden = 'GET /hidden HTTP/1.1\r\nHost: a.localhost\r\n\r\n'
const post = (...lines: readonly string[]): string => ['POST /outer HTTP/1.1', 'Host: a.localhost', ...lines, '', ''].join('\r\n')

describe('is refused, and nothing of it reaches a node:', () => {
  test.each([
    ['length and chunks', post('Content-Length: 5', 'Transfer-Encoding: chunked') + `0\r\n\r\n${hidden}`],
    ['chunks and length', post('Transfer-Encoding: chunked', `Content-Length: ${hidden.length + 5}`) + `0\r\n\r\n${hidden}`],
    ['two lengths', post('Content-Length: 0', `Content-Length: ${hidden.length}`) + hidden],
    ['the same length twice', post('Content-Length: 1', 'Content-Length: 1') + `x${hidden}`],
    ['a list of lengths', post('Content-Length: 1, 1') + `x${hidden}`],
    ...['+1', '-1', '0x1', '1 1', '1_0', '1.0', '1e1', '99999999999999999999', '\v1', '1\v'].map((length) => [`the length ${JSON.stringify(length)}`, post(`Content-Length: ${length}`) + `x${hidden}`]),
    ...[
      'xchunked', 'chunkedx', 'chunked, identity', 'identity', 'identity, chunked', 'gzip, chunked', 'chunked, chunked', 'chunked,', ',chunked', '"chunked"', 'chunked;q=1',
      '\vchunked', 'chunked\v', 'cow', '', 'chunked\u00A0', 'chunk\u0000ed',
    ].map((coding) => [`the coding ${JSON.stringify(coding)}`, post(`Transfer-Encoding: ${coding}`) + `0\r\n\r\n${hidden}`]),
    ['chunked twice', post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + `0\r\n\r\n${hidden}`],
    ['one coding of two', post('Transfer-Encoding: chunked', 'Transfer-Encoding: cow') + `0\r\n\r\n${hidden}`],
    ['chunks in HTTP/1.0', `POST /outer HTTP/1.0\r\nHost: a.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['a space before the colon', post('Transfer-Encoding : chunked') + `0\r\n\r\n${hidden}`],
    ['a folded coding', post('Transfer-Encoding:', ' chunked') + `0\r\n\r\n${hidden}`],
    ['a folded header', post('X-A: b', ' Content-Length: 5') + hidden],
    ['a first header with a space before it', `POST /outer HTTP/1.1\r\n Host: a.localhost\r\nContent-Length: 5\r\n\r\n${hidden}`],
    ['a bare LF in the head', `POST /outer HTTP/1.1\r\nHost: a.localhost\nContent-Length: 5\r\n\r\n${hidden}`],
    ['a bare LF after the request line', `POST /outer HTTP/1.1\nHost: a.localhost\r\n\r\n`],
    ['a bare LF at the end of the head', `GET /outer HTTP/1.1\r\nHost: a.localhost\r\n\n${hidden}`],
    ['a bare CR in a value', post('X-A: b\rContent-Length: 5') + hidden],
    ['a NUL in a name', post('Transfer-Encoding\u0000: chunked') + `0\r\n\r\n${hidden}`],
    ['a header without a name', post(': chunked') + hidden],
    ['a header without a colon', post('Transfer-Encoding') + hidden],
    ['no Host', 'GET /outer HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET /outer HTTP/1.1\r\nHost: a.localhost\r\nHost: b.localhost\r\n\r\n'],
    ...['a.localhost, b.localhost', 'a.localhost b', 'a@b.localhost', 'a.localhost/x', 'a.localhost?x', 'a.localhost#x', 'a.localhost:80:80', 'a.localhost:x', 'a.localhost:99999', '[::1', 'a%2eb', 'a\\b', '\u00E4.localhost'].map(
      (host) => [`the Host ${host}`, `GET /outer HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    ),
    ['another host in the target', 'GET http://b.localhost/outer HTTP/1.1\r\nHost: a.localhost\r\n\r\n'],
    ['another port in the target', 'GET http://a.localhost:81/outer HTTP/1.1\r\nHost: a.localhost\r\n\r\n'],
    ...['http://user:pass@a.localhost/', 'http://a.localhost@b.localhost/', 'http:///outer', 'ftp://a.localhost/', 'a.localhost:80', '*', '?x', '/a b', '/a#b', 'http://a.localhost#b', '/a\tb', '/a\u007Fb', '/\u00C3\u00BC'].map(
      (target) => [`the target ${target}`, `GET ${target} HTTP/1.1\r\nHost: a.localhost\r\n\r\n`],
    ),
    ['CONNECT', 'CONNECT a.localhost:80 HTTP/1.1\r\nHost: a.localhost:80\r\n\r\n'],
    ['HTTP/2.0 in text', `GET /outer HTTP/2.0\r\nHost: a.localhost\r\n\r\n`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['HTTP/0.9', 'GET /outer\r\n\r\n'],
    ['no version', 'GET /outer HTTP\r\nHost: a.localhost\r\n\r\n'],
    ['a method that is none', 'G@T /outer HTTP/1.1\r\nHost: a.localhost\r\n\r\n'],
    ['an expectation that is none', 'GET /outer HTTP/1.1\r\nHost: a.localhost\r\nExpect: 200-ok\r\n\r\n'],
    ['a header of the PROXY protocol from who is no proxy', `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${hidden}`],
  ])('%s', async (_name, bytes) => {
    const { statuses, text } = await exchange(bytes)
    expect(statuses).toEqual([400])
    expect(text).toContain('application/problem+json')
    expect(seen).toEqual([])
  })
})

describe('breaks its own request only:', () => {
  test.each([
    ...['0x1', '+1', '-1', ' 1', 'FFFFFFFFFFFFFFFFF', '1 ;x', 'g', '', '1\n', '1\r', '1;a\nb'].map((size) => [`the chunk size ${JSON.stringify(size)}`, `${size}\r\nx\r\n0\r\n\r\n`]),
    ['a chunk longer than it says', `1\r\nxy\r\n0\r\n\r\n`],
    ['a chunk that ends in a bare LF', `1\r\nx\n0\r\n\r\n`],
    ['an endless extension', `1;${'a'.repeat(40_000)}\r\nx\r\n0\r\n\r\n`],
    ['a length among the trailers', '0\r\nContent-Length: 5\r\n\r\n'],
    ['a trailer with a space before the colon', '0\r\nX-A : b\r\n\r\n'],
    ['a trailer that is folded', '0\r\nX-A: b\r\n c\r\n\r\n'],
  ])('%s', async (_name, body) => {
    const { lines, statuses } = await exchange(post('Transfer-Encoding: chunked') + body + hidden)
    expect(lines).toEqual([])
    expect(statuses).not.toContain(200)
    expect(seen).toEqual([])
  })
})

describe('reaches the node as one thing:', () => {
  test('trailers are not passed on, whatever they say', async () => {
    const trailers = 'Host: b.localhost\r\nAuthorization: Bearer x\r\nX-Skerry-Hops: 7\r\n'
    const { lines } = await exchange(`${post('Transfer-Encoding: chunked', 'Trailer: Host')}3;a=b\r\nabc\r\n0\r\n${trailers}\r\n${hidden}`)
    expect(lines).toEqual(['POST /outer 3', 'GET /hidden 0'])
    expect([header('host'), header('content-length'), header('transfer-encoding'), header('trailer'), header('x-skerry-hops')]).toEqual(['a.localhost', undefined, 'chunked', undefined, '0'])
  })

  test.each([
    ['an underscore for a dash', post('Transfer_Encoding: chunked', 'Content-Length: 5') + `0\r\n\r\n${hidden}`, ['POST /outer 5', 'GET /hidden 0']],
    ['a coding in capitals', post('TRANSFER-ENCODING: CHUNKED') + `1\r\nx\r\n0\r\n\r\n${hidden}`, ['POST /outer 1', 'GET /hidden 0']],
    ['a length that Connection names', post('Connection: content-length, x-a', 'X-A: 1', 'Content-Length: 2') + `ab${hidden}`, ['POST /outer 2', 'GET /hidden 0']],
    ['a coding that Connection names', post('Connection: transfer-encoding', 'Transfer-Encoding: chunked') + `1\r\nx\r\n0\r\n\r\n${hidden}`, ['POST /outer 1', 'GET /hidden 0']],
    ['a GET with a body', `GET /outer HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 3\r\n\r\nabc${hidden}`, ['GET /outer 3', 'GET /hidden 0']],
    ['h2c that is asked for', `GET /outer HTTP/1.1\r\nHost: a.localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n${hidden}`, ['GET /outer 0']],
    ['an expectation without a body', `GET /outer HTTP/1.1\r\nHost: a.localhost\r\nExpect: 100-Continue\r\n\r\n${hidden}`, ['GET /outer 0', 'GET /hidden 0']],
    ['empty lines before a request', `\r\n\r\n${hidden}`, ['GET /hidden 0']],
    ['OPTIONS of everything', 'OPTIONS * HTTP/1.1\r\nHost: a.localhost\r\n\r\n', ['OPTIONS / 0']],
    ['a whole URL', 'GET http://A.localhost/x?y HTTP/1.1\r\nHost: a.localhost\r\n\r\n', ['GET /x?y 0']],
    ['percents that are none, and dots', 'GET /..%2f%zz/../%2e%2e//x\\y HTTP/1.1\r\nHost: a.localhost\r\n\r\n', ['GET /..%2f%zz/../%2e%2e//x\\y 0']],
    ['what follows Connection: close', `GET /outer HTTP/1.1\r\nHost: a.localhost\r\nConnection: close\r\n\r\n${hidden}`, ['GET /outer 0']],
  ])('%s', async (_name, bytes, expected) => {
    const { lines } = await exchange(bytes)
    expect(lines).toEqual(expected)
    expect(seen.map(({ line }) => line).toSorted()).toEqual([...expected].toSorted())
    const names = seen.flatMap(({ rawHeaders }) => rawHeaders.filter((_value, index) => index % 2 === 0))
    for (const name of ['upgrade', 'http2-settings', 'expect', 'te', 'x-a']) expect(names).not.toContain(name)
    expect(header('host')?.toLowerCase()).toBe('a.localhost')
  })

  test('errors come behind the answers that are due before them', async () => {
    for (const bad of ['NONSENSE\r\n\r\n', 'CONNECT a.localhost:80 HTTP/1.1\r\nHost: a.localhost:80\r\n\r\n', post('Transfer-Encoding: cow') + hidden, post('Transfer-Encoding: chunked') + 'zz\r\n']) {
      seen = []
      const { statuses, lines } = await exchange(hidden + hidden + bad)
      expect([statuses, lines, seen.length], bad).toEqual([[200, 200, 400], ['GET /hidden 0', 'GET /hidden 0'], 2])
    }
  })

  test('what clients say of themselves in the names of proxies, and of us, is dropped', async () => {
    const claims = [
      'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: bank.example', 'X-Forwarded-Port: 443', 'X-Real-IP: 1.1.1.1', 'Forwarded: for=1.1.1.1;host=bank.example',
      'X-Skerry-Client-Address: 1.1.1.1', 'X-Skerry-Client-Location: 1,1', 'X-Skerry-Client-Country: XX', 'X-Skerry-Client-Protocol: https', 'X-Skerry-Client-Authorization: stolen', 'X-Skerry-Id: 01J00000000000000000000000', 'X-Skerry-Hops: 7',
      'X-Skerry-Forwarded: 1', 'X-Skerry-Other: 1', `Traceparent: 00-${'1'.repeat(32)}-${'1'.repeat(16)}-01`, `Traceparent: 00-${'2'.repeat(32)}-${'2'.repeat(16)}-01`, 'Proxy-Authorization: Basic x', 'Keep-Alive: timeout=9', 'TE: trailers',
    ]
    await exchange(`GET / HTTP/1.1\r\nHost: a.localhost\r\n${claims.join('\r\n')}\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n`)
    const raw = (seen[0]?.rawHeaders ?? []).filter((_value, index) => index % 2 === 0)
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip', 'forwarded', 'x-skerry-client-authorization', 'x-skerry-forwarded', 'x-skerry-other', 'traceparent', 'proxy-authorization', 'keep-alive', 'te']) {
      expect(raw, name).not.toContain(name)
    }
    expect([header('x-skerry-client-address'), header('x-skerry-client-protocol'), header('x-skerry-hops'), header('x-skerry-client-country'), header('cookie')]).toEqual(['127.0.0.1', 'http', '0', undefined, 'a=1; b=2'])
    expect(header('x-skerry-id')).not.toBe('01J00000000000000000000000')
  })

  test('a trusted proxy may say them', async () => {
    const gateway = await fixture.startGateway({ trustedProxies: ['127.0.0.1'] })
    try {
      const headers = { host: 'a.localhost', 'x-forwarded-for': '9.9.9.9, 8.8.8.8', 'x-forwarded-proto': 'http, https', 'x-forwarded-host': 'shop.example', forwarded: 'for=1.1.1.1' }
      await fetch(gateway.url, { headers })
      expect([header('x-skerry-client-address'), header('x-skerry-client-protocol'), header('x-forwarded-host'), header('forwarded')]).toEqual(['8.8.8.8', 'https', 'shop.example', undefined])
    } finally {
      await gateway.close()
    }
  })
})

test('mutated pipelines: the node sees what the client has answers for, and nothing else', async () => {
  const random = createRandom(20_261_129)
  const tokens: [string, ...string[]] = [
    '\r', '\n', '\r\n', ' ', '\t', '\0', ':', ',', ';', '0', '1', 'f', '\r\n\r\n', '0\r\n\r\n', 'Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Content-Length: 0\r\n',
    'Host: b.localhost\r\n', 'Connection: close\r\n', 'Expect: 100-continue\r\n', 'Upgrade: h2c\r\n', ' HTTP/1.1\r\n', 'GET /n HTTP/1.1\r\nHost: a.localhost\r\n\r\n', '\u00FF', '\v',
  ]
  const one = (index: number): string => random.pick([
    () => `GET /${index} HTTP/1.1\r\nHost: a.localhost\r\n\r\n`,
    () => `POST /${index} HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 5\r\n\r\nabcde`,
    () => `PUT /${index} HTTP/1.1\r\nHost: a.localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n`,
  ])()
  const mutate = (text: string): string => {
    const at = random.between(0, text.length)
    const kind = random.next()
    if (kind < 0.5) return text.slice(0, at) + random.pick(tokens) + text.slice(at)
    if (kind < 0.75) return text.slice(0, at) + text.slice(at + random.between(1, 3))
    return text.slice(0, at) + random.pick(tokens) + text.slice(at + 1)
  }
  let answered = 0
  for (let round = 0; round < 300; round += 1) {
    seen = []
    let text = Array.from({ length: random.between(1, 4) }, (_, index) => one(index)).join('')
    for (let times = random.between(0, 3); times > 0; times -= 1) text = mutate(text)
    const { lines } = await exchange(text)
    expect(seen.map(({ line }) => line).toSorted(), JSON.stringify(text)).toEqual([...lines].toSorted())
    answered += lines.length
  }
  expect(answered).toBeGreaterThan(300)
})
