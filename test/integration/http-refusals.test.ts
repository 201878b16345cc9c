import { describe, expect, test } from 'vitest'
import { doors, expectProblem, useHttpProbe } from '../helpers/http-probe.ts'

/** What is malformed, too large or unknown, at a node's own door and at the gateway's. */

const probe = useHttpProbe()

describe.each(doors)('through the %s', (door) => {
  const open = () => probe.open(door)
  const headOf = (requestLine: string, ...headers: readonly string[]) => probe.head(door, requestLine, headers)
  const ask = (requestLine: string, ...headers: readonly string[]) => probe.ask(door, requestLine, ...headers)

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
    ['a coding beside chunked', 'POST / HTTP/1.1\r\nHost: probe.localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['HTTP/2.0 in text', 'GET / HTTP/2.0\r\nHost: probe.localhost\r\n\r\n'],
    ['another host in the target', 'GET http://other.localhost/ HTTP/1.1\r\nHost: probe.localhost\r\n\r\n'],
    ['a host with a user', 'GET / HTTP/1.1\r\nHost: user@probe.localhost\r\n\r\n'],
    ['a fragment', 'GET /#a HTTP/1.1\r\nHost: probe.localhost\r\n\r\n'],
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

  test('an unknown host -> 404 that names it', async () => {
    const client = await open()
    client.send('GET /here HTTP/1.1\r\nHost: nobody.localhost\r\n\r\n')
    const answer = await client.response()
    expectProblem(answer, 404, 'function_not_found')
    expect(answer.body).toContain('nobody.localhost/here')
  })

  test('a refusal says nothing of the inner hop', async () => {
    const [first, second] = [await open(), await open()]
    const head = probe.head(door, 'GET /', [], 'busy')
    first.send(head)
    second.send(head)
    const answer = await Promise.race([first.response(), second.response()])
    expectProblem(answer, 429, 'concurrency_limit_exceeded')
    expect(answer.header('retry-after')).toMatch(/^\d+$/)
  })
})
