import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openRawClient, type RawClient, type RawResponse } from '../helpers/raw-client.ts'
import { clusterTimeoutMs, hostOf, startTestCluster, type TestCluster } from '../helpers/test-cluster.ts'
import { until } from '../helpers/until.ts'

/** HTTP/1.1 as it stands on the wire, at a node's own door and at the gateway's. */

const probe = `
const routes = {
  '/echo': async (request) => new Response(await request.text(), { headers: { 'x-length': request.headers.get('content-length') ?? 'none' } }),
  '/headers': (request) => Response.json([...request.headers]),
  '/empty': () => new Response(null, { status: 204, headers: { 'x-kept': '1' } }),
  '/unchanged': () => new Response(null, { status: 304, headers: { etag: '"v1"', 'content-length': '1234' } }),
  '/known': () => new Response('twelve bytes'),
  '/stream': () => new Response(new ReadableStream({ start(c) { for (const part of ['a', 'bc', 'd']) c.enqueue(new TextEncoder().encode(part)); c.close() } })),
  '/cookies': () => {
    const headers = new Headers({ 'content-type': 'text/plain' })
    headers.append('set-cookie', 'a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT')
    headers.append('set-cookie', 'b=2')
    headers.append('set-cookie', 'wide=1; Domain=localhost')
    return new Response('', { headers })
  },
  '/forge': () => new Response('mine', { status: 503, headers: {
    'x-skerry-node': 'forged', 'x-skerry-error': 'overloaded', 'x-skerry-not-begun': '1', 'x-skerry-other': 'forged', 'x-skerry-version': 'forged',
    connection: 'close', 'transfer-encoding': 'chunked', 'x-mine': 'kept',
  } }),
  '/unread': () => new Response('not read', { status: 403 }),
  '/wait': (request) => {
    console.log('waiting')
    request.signal.addEventListener('abort', () => console.log('client gone'))
    return new Promise(() => {})
  },
  '/short': () => new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode('abc')); c.close() } }), { headers: { 'content-length': '9' } }),
}
export default { fetch: (request) => routes[new URL(request.url).pathname]?.(request) ?? new Response(request.method + ' ' + request.url) }`

let cluster: TestCluster
let doors: { readonly node: string; readonly gateway: string }
const clients: RawClient[] = []

beforeAll(async () => {
  cluster = await startTestCluster({ regions: ['fra'] })
  doors = { node: cluster.node('fra-1').url, gateway: cluster.cluster.description.gateway }
  await cluster.deploy({ probe }, { limits: { requestBodyMb: 1, cpuMs: 2_000 } })
  await cluster.deploy({ busy: 'export default { fetch: () => new Promise(() => {}) }' }, { concurrency: { max: 1 }, limits: { wallMs: 60_000 } })
}, clusterTimeoutMs)

afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

afterAll(() => cluster?.close(), clusterTimeoutMs)

describe.each(['node', 'gateway'] as const)('through the %s', (door) => {
  const open = async (): Promise<RawClient> => {
    const client = await openRawClient(doors[door])
    clients.push(client)
    return client
  }
  const headOf = (requestLine: string, ...headers: readonly string[]): string =>
    [`${requestLine} HTTP/1.1`, `Host: ${hostOf(doors[door], 'probe')}`, ...headers, '', ''].join('\r\n')
  const ask = async (requestLine: string, ...headers: readonly string[]): Promise<RawResponse> => {
    const client = await open()
    client.send(headOf(requestLine, ...headers))
    return client.response(requestLine.startsWith('HEAD'))
  }
  const expectProblem = (answer: RawResponse, status: number, code: string): void => {
    expect(answer.status).toBe(status)
    expect(answer.header('content-type')).toBe('application/problem+json')
    expect(answer.header('x-skerry-error')).toBe(code)
    expect(JSON.parse(answer.body)).toMatchObject({ status, code, requestId: answer.header('x-skerry-id') })
    expect(answer.header('x-skerry-not-begun')).toBeUndefined()
  }

  test('HEAD tells the length and sends no body, and the connection goes on', async () => {
    const client = await open()
    client.send(headOf('HEAD /known') + headOf('HEAD /stream') + headOf('GET /known'))
    const known = await client.response(true)
    expect([known.status, known.header('content-length')]).toEqual([200, '12'])
    expect((await client.response(true)).status).toBe(200)
    expect((await client.response()).body).toBe('twelve bytes')
    expect(client.unread()).toBe('')
  })

  test('204 and 304 have no body and no framing of one', async () => {
    const client = await open()
    client.send(headOf('GET /empty') + headOf('GET /unchanged') + headOf('GET /known'))
    const empty = await client.response()
    expect([empty.status, empty.header('x-kept'), empty.header('content-length'), empty.header('transfer-encoding')]).toEqual([204, '1', undefined, undefined])
    const unchanged = await client.response()
    expect([unchanged.status, unchanged.header('etag'), unchanged.header('transfer-encoding')]).toEqual([304, '"v1"', undefined])
    expect((await client.response()).body).toBe('twelve bytes')
  })

  test('a body of known length has content-length, a stream is chunked', async () => {
    const known = await ask('GET /known')
    expect([known.all('content-length'), known.header('transfer-encoding'), known.body]).toEqual([['12'], undefined, 'twelve bytes'])
    const streamed = await ask('GET /stream')
    expect([streamed.header('content-length'), streamed.all('transfer-encoding'), streamed.body]).toEqual([undefined, ['chunked'], 'abcd'])
  })

  test('an answer shorter than its content-length is cut off, not made to look whole', async () => {
    const client = await open()
    client.send(headOf('GET /short'))
    await expect(client.response()).rejects.toThrow('closed')
  })

  test('pipelined requests are answered in order on one connection', async () => {
    const client = await open()
    const paths = Array.from({ length: 20 }, (_, index) => `/page/${index}`)
    client.send(paths.map((path) => headOf(`GET ${path}`)).join(''))
    for (const path of paths) expect((await client.response()).body).toMatch(new RegExp(`^GET http://.*${path}$`))
  })

  test('a connection serves many requests, and ends where the client says so', async () => {
    const client = await open()
    for (let turn = 0; turn < 5; turn += 1) {
      client.send(`${headOf('POST /echo', 'Content-Length: 5')}turn${turn}`)
      expect((await client.response()).body).toBe(`turn${turn}`)
    }
    client.send(headOf('GET /known', 'Connection: close'))
    expect((await client.response()).header('connection')).toBe('close')
    await client.closed
  })

  test('HTTP/1.0 is answered without chunks', async () => {
    const client = await open()
    client.send(headOf('GET /stream').replace('HTTP/1.1', 'HTTP/1.0'))
    await client.closed
    expect(client.unread()).toMatch(/^HTTP\/1\.1 200 /)
    expect(client.unread()).toMatch(/\r\n\r\nabcd$/)
  })

  test('bodies come in by length and in chunks', async () => {
    const client = await open()
    client.send(`${headOf('POST /echo', 'Content-Length: 3')}abc`)
    const known = await client.response()
    expect([known.body, known.header('x-length')]).toEqual(['abc', '3'])
    client.send(`${headOf('POST /echo', 'Transfer-Encoding: chunked')}3\r\nabc\r\n`)
    client.send('2;extension=1\r\nde\r\n0\r\nTrailer: 1\r\n\r\n')
    const chunked = await client.response()
    expect([chunked.body, chunked.header('x-length')]).toEqual(['abcde', 'none'])
  })

  test('expect: 100-continue is accepted before the body is sent', async () => {
    const client = await open()
    client.send(headOf('POST /echo', 'Content-Length: 4', 'Expect: 100-continue'))
    expect((await client.response()).status).toBe(100)
    client.send('body')
    expect((await client.response()).body).toBe('body')
  })

  test('expect: 100-continue is refused where the body is too large, and another expectation always', async () => {
    const client = await open()
    client.send(headOf('POST /echo', 'Content-Length: 2000000', 'Expect: 100-continue'))
    const first = await client.response()
    // The gateway does not know the function's limits: it asks for the body, and hands on what the node says to it.
    expect(first.status).toBe(door === 'node' ? 413 : 100)
    if (door === 'gateway') client.send('x'.repeat(65_536))
    expectProblem(door === 'node' ? first : await client.response(), 413, 'request_too_large')
    expectProblem(await ask('POST /echo', 'Content-Length: 1', 'Expect: a-miracle'), 400, 'bad_request')
  })

  test('set-cookie stays repeated, and a cookie for everybody is dropped', async () => {
    const answer = await ask('GET /cookies')
    expect(answer.all('set-cookie')).toEqual(['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'])
  })

  test.each([
    ['a line that is none', 'NONSENSE\r\n\r\n'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: probe.localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['length and chunks', 'POST / HTTP/1.1\r\nHost: probe.localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: probe.localhost\r\nContent-Length: -3\r\n\r\n'],
    ['a header with a space', 'GET / HTTP/1.1\r\nHost : probe.localhost\r\n\r\n'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: probe.localhost\r\nHost: other.localhost\r\n\r\n'],
    ['an unknown target', 'GET nowhere HTTP/1.1\r\nHost: probe.localhost\r\n\r\n'],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: probe.localhost\r\nX-A: a\u0000b\r\n\r\n'],
  ])('%s -> 400', async (_name, text) => {
    const client = await open()
    client.send(text)
    expectProblem(await client.response(), 400, 'bad_request')
  })

  test('a chunk that is none breaks only its own request', async () => {
    const client = await open()
    client.send(`${headOf('POST /echo', 'Transfer-Encoding: chunked')}zz\r\nabc\r\n`)
    await client.closed
    expect(client.unread()).not.toMatch(/^HTTP\/1\.1 200/)
    expect((await ask('GET /known')).body).toBe('twelve bytes')
  })

  test('a head over 32 KB -> 413', async () => {
    expect((await ask('GET /known', `X-Large: ${'x'.repeat(30_000)}`)).status).toBe(200)
    expectProblem(await ask('GET /known', `X-Large: ${'x'.repeat(33_000)}`), 413, 'request_too_large')
    expectProblem(await ask(`GET /known?${'x'.repeat(33_000)}`), 413, 'request_too_large')
  })

  test('a body over requestBodyMb -> 413, by its length and by what comes', async () => {
    const announced = await open()
    announced.send(`${headOf('POST /echo', 'Content-Length: 1048577')}${'x'.repeat(1_000)}`)
    expectProblem(await announced.response(), 413, 'request_too_large')
    const client = await open()
    client.send(headOf('POST /echo', 'Transfer-Encoding: chunked'))
    for (let chunk = 0; chunk < 17; chunk += 1) client.send(`10000\r\n${'x'.repeat(65_536)}\r\n`)
    const answer = await client.response()
    expectProblem(answer, 413, 'request_too_large')
    expect(JSON.parse(answer.body)).toMatchObject({ limit: 1_048_576 })
  })

  test('an answer that comes before the body is read reaches the client', async () => {
    const client = await open()
    client.send(`${headOf('POST /unread', 'Content-Length: 1000000')}${'x'.repeat(1_000_000)}`)
    const answer = await client.response()
    expect([answer.status, answer.body]).toEqual([403, 'not read'])
  })

  test('a client that leaves aborts request.signal', async () => {
    const controller = new AbortController()
    const heard: string[] = []
    const tail = (async () => {
      for await (const { text } of cluster.client.tail('probe', { signal: controller.signal })) heard.push(text)
    })()
    // The tail counts from when a node knows of it: asked again until it is heard.
    const waiting: RawClient[] = []
    await until('the function waits', async () => {
      const client = await open()
      waiting.push(client)
      client.send(headOf('GET /wait'))
      await until('it is heard', () => heard.includes('waiting'), 500).catch(() => undefined)
      return heard.includes('waiting')
    })
    expect(heard).not.toContain('client gone')
    for (const client of waiting) client.close()
    await until('the function hears of it', () => heard.includes('client gone'))
    controller.abort()
    await tail
  })

  test('an unknown host -> 404 that names it', async () => {
    const client = await open()
    client.send('GET /here HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n')
    const answer = await client.response()
    expectProblem(answer, 404, 'function_not_found')
    expect(answer.body).toContain('nobody.localhost/here')
  })

  test('x-skerry-* and hop-by-hop headers from outside do not reach the function; the documented inputs do', async () => {
    const answer = await ask('GET /headers', 'X-Skerry-Hops: 7', 'X-Skerry-Client-Address: 9.9.9.9', 'X-Skerry-Forwarded: 1', 'X-Skerry-Anything: 1',
      'X-Skerry-Id: 01JAAAAAAAAAAAAAAAAAAAAAAA', 'X-Skerry-Location: 1.5,103', 'X-Skerry-Affinity: me', 'X-Forwarded-For: 9.9.9.9', 'Connection: keep-alive, X-Private',
      'X-Private: 1', 'TE: trailers', 'Proxy-Authorization: Basic eA==', 'Authorization: Bearer mine', 'Cookie: a=1', 'Cookie: b=2')
    const headers = new Map(JSON.parse(answer.body) as [string, string][])
    expect([...headers.keys()].filter((name) => name.startsWith('x-skerry-')).toSorted()).toEqual(['x-skerry-affinity', 'x-skerry-location'])
    expect(headers.get('authorization')).toBe('Bearer mine')
    expect(headers.get('cookie')).toBe('a=1; b=2')
    expect(headers.get('x-forwarded-for')).toBe('127.0.0.1')
    expect(headers.get('host')).toBe(hostOf(doors[door], 'probe'))
    for (const name of ['x-private', 'te', 'connection', 'proxy-authorization']) expect(headers.has(name)).toBe(false)
    expect(answer.header('x-skerry-id')).not.toBe('01JAAAAAAAAAAAAAAAAAAAAAAA')
  })

  test('a function can not forge what the node says', async () => {
    const client = await open()
    client.send(headOf('GET /forge') + headOf('GET /known'))
    const answer = await client.response()
    expect([answer.status, answer.body, answer.header('x-mine')]).toEqual([503, 'mine', 'kept'])
    expect([answer.all('x-skerry-node'), answer.all('x-skerry-region')]).toEqual([['fra-1'], ['fra']])
    for (const name of ['x-skerry-error', 'x-skerry-not-begun', 'x-skerry-other']) expect(answer.header(name)).toBeUndefined()
    expect(answer.all('x-skerry-version')).toEqual([expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/)])
    expect((await client.response()).body).toBe('twelve bytes')
  })

  test('a refusal says nothing of the inner hop', async () => {
    const [first, second] = [await open(), await open()]
    const head = `GET / HTTP/1.1\r\nHost: ${hostOf(doors[door], 'busy')}\r\n\r\n`
    first.send(head)
    second.send(head)
    const answer = await Promise.race([first.response(), second.response()])
    expectProblem(answer, 429, 'concurrency_limit_exceeded')
    expect(answer.header('retry-after')).toMatch(/^\d+$/)
  })

  test('traceparent is passed on where it is valid, and made where it is not', async () => {
    const valid = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const seen = async (...headers: readonly string[]): Promise<Map<string, string>> => new Map(JSON.parse((await ask('GET /headers', ...headers)).body) as [string, string][])
    const passed = await seen(`traceparent: ${valid}`, 'tracestate: a=1', 'tracestate: b=2')
    expect([passed.get('traceparent'), passed.get('tracestate')?.replaceAll(' ', '')]).toEqual([valid, 'a=1,b=2'])
    for (const headers of [[], ['traceparent: nonsense', 'tracestate: a=1']]) {
      const made = await seen(...headers)
      expect(made.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
      expect(made.has('tracestate')).toBe(false)
    }
  })
})
