import { describe, expect, test } from 'vitest'
import { doors, useHttpProbe } from '../helpers/http-probe.ts'
import type { RawClient } from '../helpers/raw-client.ts'
import { until } from '../helpers/until.ts'

/** HTTP/1.1 as it stands on the wire, at a node's own door and at the gateway's. */

const probe = useHttpProbe()

describe.each(doors)('through the %s', (door) => {
  const open = () => probe.open(door)
  const headOf = (requestLine: string, ...headers: readonly string[]) => probe.head(door, requestLine, headers)
  const ask = (requestLine: string, ...headers: readonly string[]) => probe.ask(door, requestLine, ...headers)

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

  test('set-cookie stays repeated, and a cookie for everybody is dropped', async () => {
    const answer = await ask('GET /cookies')
    expect(answer.all('set-cookie')).toEqual(['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'])
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
      for await (const { text } of probe.cluster().client.tail('probe', { signal: controller.signal })) heard.push(text)
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

  test('x-skerry-* and hop-by-hop headers from outside do not reach the function; the documented inputs do', async () => {
    const answer = await ask('GET /headers', 'X-Skerry-Hops: 7', 'X-Skerry-Client-Address: 9.9.9.9', 'X-Skerry-Forwarded: 1', 'X-Skerry-Anything: 1',
      'X-Skerry-Id: 01JAAAAAAAAAAAAAAAAAAAAAAA', 'X-Skerry-Location: 1.5,103', 'X-Skerry-Affinity: me', 'X-Forwarded-For: 9.9.9.9', 'Connection: keep-alive, X-Private',
      'X-Private: 1', 'TE: trailers', 'Proxy-Authorization: Basic eA==', 'Authorization: Bearer mine', 'Cookie: a=1', 'Cookie: b=2')
    const headers = new Map(JSON.parse(answer.body) as [string, string][])
    expect([...headers.keys()].filter((name) => name.startsWith('x-skerry-')).toSorted()).toEqual(['x-skerry-affinity', 'x-skerry-location'])
    expect(headers.get('authorization')).toBe('Bearer mine')
    expect(headers.get('cookie')).toBe('a=1; b=2')
    expect(headers.get('x-forwarded-for')).toBe('127.0.0.1')
    expect(headers.get('host')).toBe(/Host: (.*)\r/.exec(headOf('GET /'))?.[1])
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
