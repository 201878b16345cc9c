import { createHash, createHmac } from 'node:crypto'
import { FormData, type RequestInit, type Response } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Applications, jsonRequest, startApplications } from '../helpers/applications.ts'
import { readerOf } from '../helpers/body-reader.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'
import { until } from '../helpers/until.ts'

/** Hono with most of its middleware and helpers, unmodified. */

let applications: Applications
let origin: Origin

beforeAll(async () => {
  // The application calls itself over HTTP too: the edge's port is free to choose, so all of loopback is allowed.
  origin = await startOrigin()
  applications = await startApplications('hono', '127.0.0.0/8')
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
})

const get = (path: string, init?: RequestInit): Promise<Response> => applications.ask('hono', path, init)
const text = async (path: string, init?: RequestInit): Promise<string> => (await get(path, init)).text()
const json = (path: string, init?: RequestInit): Promise<unknown> => applications.askJson('hono', path, init)
const statusAndText = async (path: string, init?: RequestInit): Promise<[number, string]> => {
  const response = await get(path, init)
  return [response.status, await response.text()]
}
const withHeaders = (headers: Record<string, string>): RequestInit => ({ headers })
const gateQuery = (...names: string[]): string => names.map((name) => `gate=${encodeURIComponent(`${origin.url}/gate/${name}`)}`).join('&')

describe('the application', () => {
  test('reads its environment, and has an execution context', async () => {
    expect(await text('/')).toBe('Grüße')
    expect((await get('/later')).status).toBe(204)
    await until('what was left is done', () => applications.edge.logs.some(({ text }) => text === 'done later'))
  })

  test('answers errors by its handlers', async () => {
    expect(await statusAndText('/throws')).toEqual([500, '{"caught":"unforeseen"}'])
    expect(await statusAndText('/refuses')).toEqual([418, 'short and stout'])
    expect(await statusAndText('/nowhere')).toEqual([404, 'nothing at /nowhere'])
  })

  test('logs its requests', async () => {
    await text('/users/5?logged=1')
    const lines = await until('both lines are there', () => {
      const found = applications.edge.logs.map(({ text }) => text).filter((line) => line.includes('logged=1'))
      return found.length === 2 && found
    })
    expect(lines[0]).toBe('<-- GET /users/5?logged=1')
    // eslint-disable-next-line no-control-regex
    expect(lines[1]?.replaceAll(/\u001B\[\d+m/g, '')).toMatch(/^--> GET \/users\/5\?logged=1 200 \d+ms$/)
  })
})

describe('routing', () => {
  test.each([
    ['/users/12', { id: '12' }],
    ['/users/ann%20b', { name: 'ann b' }],
    ['/optional', { kind: null }],
    ['/optional/x', { kind: 'x' }],
    ['/query?a=1&b=2&a=%C3%BC', { one: '1', all: ['1', 'ü'], every: { a: '1', b: '2' } }],
    ['/chain', ['first', 'second']],
    ['/combined/every', ['a', 'b']],
    ['/combined/some', ['second choice']],
    ['/routers/trie/g/members/m', { group: 'g', member: 'm' }],
    ['/routers/expression/g/members/m', { group: 'g', member: 'm' }],
  ])('takes %s to its handler', async (path, expected) => {
    expect(await json(path)).toEqual(expected)
  })

  test.each([
    ['GET', '/files/a/b/c.txt', '/files/a/b/c.txt'],
    ['PUT', '/on/b', 'PUT /on/b'],
    ['PATCH', '/all', 'PATCH'],
    ['OPTIONS', '/all', 'OPTIONS'],
    ['GET', '/mounted/deep/er', 'mounted /deep/er'],
    ['GET', '/routers/trie/none', 'trie otherwise'],
    ['GET', '/routers/expression/none', 'expression otherwise'],
  ])('answers %s %s', async (method, path, expected) => {
    expect(await statusAndText(path, { method })).toEqual([200, expected])
  })

  test('answers HEAD without a body', async () => {
    const response = await get('/users/1', { method: 'HEAD' })
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([200, 'application/json', ''])
  })

  test('combines, overrides and trims', async () => {
    expect((await get('/combined/except/closed')).status).toBe(403)
    expect((await get('/combined/except/open')).status).toBe(200)
    const override = { method: 'POST', body: new URLSearchParams({ _method: 'DELETE' }) }
    expect(await text('/overridden', override)).toBe('deleted')
    expect(await text('/overridden', { method: 'POST', body: new URLSearchParams({ a: '1' }) })).toBe('posted')
    const trimmed = await get('/strict/about/?a=1', { redirect: 'manual' })
    expect([trimmed.status, new URL(trimmed.headers.get('location') ?? '').pathname]).toEqual([301, '/strict/about'])
  })

  test('keeps the contexts of requests that overlap apart', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `name-${index}`)
    expect(await Promise.all(names.map((name) => text(`/stored/${name}`)))).toEqual(names)
  })

  test('negotiates type and language', async () => {
    expect(await text('/accepts', withHeaders({ accept: 'text/html;q=0.5, application/json' }))).toBe('application/json')
    expect(await text('/accepts', withHeaders({ accept: 'image/png' }))).toBe('text/html')
    expect(await text('/language', withHeaders({ 'accept-language': 'fr, de;q=0.8, en;q=0.5' }))).toBe('de')
    expect(await text('/language?lang=en', withHeaders({ 'accept-language': 'de' }))).toBe('en')
  })
})

describe('responses', () => {
  test('cors answers preflights and marks what it allows', async () => {
    const preflight = await get('/cors/data', {
      method: 'OPTIONS',
      headers: { 'origin': 'https://b.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a,x-b' },
    })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': 'https://b.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'x-a,x-b',
      'access-control-max-age': '600',
    })
    expect(preflight.headers.get('access-control-allow-methods')?.split(',')).toContain('PUT')
    const allowed = await get('/cors/data', withHeaders({ origin: 'https://a.example' }))
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(allowed.headers.get('access-control-expose-headers')).toBe('x-total')
    const foreign = await get('/cors/data', withHeaders({ origin: 'https://c.example' }))
    expect(foreign.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('etag digests bodies and answers 304 without one', async () => {
    const tag = `"${createHash('sha1').update('a body with a tag').digest('hex')}"`
    const first = await get('/etag/text')
    expect([first.headers.get('etag'), await first.text()]).toEqual([tag, 'a body with a tag'])
    const again = await get('/etag/text', withHeaders({ 'if-none-match': `"other", W/${tag}` }))
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, tag, ''])
    expect([again.headers.get('cache-control'), again.headers.get('x-dropped')]).toEqual(['max-age=60', null])
    const large = await get('/etag/large')
    const bytes = new Uint8Array(await large.arrayBuffer())
    expect(bytes).toEqual(Uint8Array.from({ length: 600_000 }, (_, index) => index % 251))
    expect(large.headers.get('etag')).toMatch(/^"[0-9a-f]{40}"$/)
  })

  test.each(['gzip', 'deflate'])('compress sends %s', async (encoding) => {
    const response = await get('/compress/text', withHeaders({ 'accept-encoding': encoding }))
    expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([encoding, 'Accept-Encoding'])
    expect(await response.text()).toBe('the quick brown fox '.repeat(1_000))
  })

  test.each([['/compress/text', 'identity'], ['/compress/short', 'gzip'], ['/compress/image', 'gzip']])('compress leaves %s as it is for %s', async (path, accepted) => {
    expect((await get(path, withHeaders({ 'accept-encoding': accepted }))).headers.has('content-encoding')).toBe(false)
  })

  test('secure-headers sets its headers, with a nonce for each request', async () => {
    const [first, second] = [await get('/secure'), await get('/secure')]
    const nonce = await first.text()
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'content-security-policy': `default-src 'self'; script-src 'nonce-${nonce}'`,
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'camera=()',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=15552000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
    })
    expect(Buffer.from(nonce, 'base64')).toHaveLength(16)
    expect(await second.text()).not.toBe(nonce)
  })

  test('timing measures', async () => {
    const measured = (await get('/timing')).headers.get('server-timing') ?? ''
    expect(measured).toMatch(/wait;dur=[\d.]+,region;desc="fra",total;dur=[\d.]+;desc="Total Response Time"/)
    expect(Number(/wait;dur=([\d.]+)/.exec(measured)?.[1])).toBeGreaterThanOrEqual(19)
  })

  test('timeout gives up', async () => {
    expect(await statusAndText('/timeout')).toEqual([504, 'Gateway Timeout'])
  })

  test('pretty-json, request-id, powered-by, cache, redirect and headers', async () => {
    expect(await text('/pretty?pretty')).toBe('{\n  "a": [\n    1\n  ]\n}')
    expect(await text('/pretty')).toBe('{"a":[1]}')
    const identified = await get('/identified')
    expect(await identified.text()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(identified.headers.get('x-powered-by')).toBe('Hono')
    expect(await text('/identified', withHeaders({ 'x-request-id': 'mine' }))).toBe('mine')
    expect(await text('/cached')).toBe('cached or not')
    const redirect = await get('/redirect', { redirect: 'manual' })
    expect([redirect.status, redirect.headers.get('location')]).toEqual([308, '/elsewhere'])
    const headers = await get('/headers')
    expect([headers.status, headers.headers.get('x-many'), await headers.text()]).toEqual([206, 'one, two', 'part'])
  })
})

describe('bodies', () => {
  test('come as text, JSON, bytes and blob, and again in another form', async () => {
    expect(await json('/echo/text', { method: 'POST', body: 'Grüße 😀' })).toEqual({ type: 'text/plain;charset=UTF-8', text: 'Grüße 😀' })
    expect(await json('/echo/json', jsonRequest({ a: [1, { b: null }] }))).toEqual({ a: [1, { b: null }] })
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(new Uint8Array(await (await get('/echo/bytes', { method: 'POST', body: bytes })).arrayBuffer())).toEqual(bytes)
    const blob = { method: 'POST', body: bytes, headers: { 'content-type': 'application/x-mine' } }
    expect(await json('/echo/blob', blob)).toEqual({ size: 256, type: 'application/x-mine' })
    expect(await json('/echo/twice', jsonRequest([1]))).toEqual(['[1]', [1], 3])
  })

  test('parse as forms, urlencoded and multipart', async () => {
    const body = new URLSearchParams([['a', '1'], ['a', '2'], ['b.c', 'deep & wide']])
    expect(await json('/form', { method: 'POST', body })).toEqual({ fields: { a: ['1', '2'], b: { c: 'deep & wide' } }, file: null })
    const form = new FormData()
    form.append('title', 'Grüße')
    form.append('file', new File(['in the file'], 'ä.txt', { type: 'text/plain' }))
    expect(await json('/form', { method: 'POST', body: form })).toEqual({ fields: { title: 'Grüße' }, file: ['ä.txt', 'text/plain', 'in the file'] })
  })

  test('are limited, with a length and without', async () => {
    const chunked = (size: number): RequestInit => ({ method: 'POST', duplex: 'half', body: new Blob(['x'.repeat(size)]).stream() })
    expect(await statusAndText('/limited', { method: 'POST', body: 'x'.repeat(100) })).toEqual([200, 'x'.repeat(100)])
    expect(await statusAndText('/limited', { method: 'POST', body: 'x'.repeat(101) })).toEqual([413, 'too much'])
    expect(await statusAndText('/limited', chunked(100))).toEqual([200, 'x'.repeat(100)])
    expect(await statusAndText('/limited', chunked(101))).toEqual([413, 'too much'])
  })

  test('are validated, as are query, headers and parameters', async () => {
    expect(await json('/validated/json', jsonRequest({ name: 'ann', more: 1 }))).toEqual({ name: 'ann' })
    expect(await statusAndText('/validated/json', jsonRequest({ name: '' }))).toEqual([400, 'a name is needed'])
    expect(await statusAndText('/validated/json', { ...jsonRequest({}), body: '{' })).toEqual([400, 'Malformed JSON in request body'])
    expect(await json('/validated/form', { method: 'POST', body: new URLSearchParams({ name: 'bob' }) })).toEqual({ name: 'bob' })
    expect(await json('/validated/query?name=cy')).toEqual({ name: 'cy' })
    expect((await get('/validated/query')).status).toBe(400)
    expect(await json('/validated/header', withHeaders({ 'x-name': 'dee' }))).toBe('dee')
    expect(await json('/validated/param/eve')).toEqual({ name: 'eve' })
  })
})

describe('cookies', () => {
  const signature = createHmac('sha256', 'a secret for cookies').update('ann').digest('base64')

  test('are set with their attributes, and signed', async () => {
    expect((await get('/cookies/set')).headers.getSetCookie()).toEqual([
      'plain=a%20b%3Bc; Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
      '__Host-guarded=value; Path=/; Secure',
      `signed=${encodeURIComponent(`ann.${signature}`)}; Path=/; Expires=Tue, 02 Jan 2001 03:04:05 GMT`,
      'old=; Max-Age=0; Path=/',
    ])
  })

  test('are read, and refused where the signature is wrong', async () => {
    const read = (cookie: string): Promise<unknown> => json('/cookies/get', withHeaders({ cookie }))
    const signed = encodeURIComponent(`ann.${signature}`)
    expect(await read(`plain=a%20b; signed=${signed}`)).toEqual({ plain: 'a b', all: { plain: 'a b', signed: `ann.${signature}` }, signed: 'ann' })
    expect(await read(`signed=${encodeURIComponent(`bob.${signature}`)}`)).toMatchObject({ signed: false })
  })
})

describe('guards', () => {
  const basic = (credentials: string): RequestInit => withHeaders({ authorization: `Basic ${Buffer.from(credentials).toString('base64')}` })

  test('basic-auth lets in who knows the password', async () => {
    expect(await statusAndText('/basic', basic('ann:pa:ss wörd'))).toEqual([200, 'in'])
    const refused = await get('/basic', basic('ann:other'))
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, String.raw`Basic realm="the \"inner\" circle"`])
  })

  test('bearer-auth lets in who has a token', async () => {
    expect((await get('/bearer', withHeaders({ authorization: 'Bearer token-two' }))).status).toBe(200)
    const wrong = await get('/bearer', withHeaders({ authorization: 'Bearer token-three' }))
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"'])
    expect((await get('/bearer', withHeaders({ authorization: 'Bearer two words' }))).status).toBe(400)
  })

  test('csrf refuses forms of others', async () => {
    const form = (from: string): RequestInit => ({ method: 'POST', body: new URLSearchParams({ a: '1' }), headers: { origin: from } })
    expect((await get('/csrf', form('https://own.example'))).status).toBe(200)
    expect((await get('/csrf', form('https://other.example'))).status).toBe(403)
    expect((await get('/csrf', jsonRequest({}))).status).toBe(200)
  })

  test('jwt accepts what was signed with the secret and is not over', async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const token = (payload: unknown, secret = 'a secret that only the server knows'): RequestInit => {
      const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}`
      return withHeaders({ authorization: `Bearer ${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}` })
    }
    expect(await json('/jwt/private', token({ sub: 'ann' }))).toEqual({ sub: 'ann' })
    expect((await get('/jwt/private', token({ sub: 'ann' }, 'other'))).status).toBe(401)
    expect((await get('/jwt/private', token({ sub: 'ann', exp: 1_000 }))).status).toBe(401)
    expect((await get('/jwt/private')).status).toBe(401)
    const signed = await text('/jwt/sign', jsonRequest({ sub: 'bob' }))
    expect(signed.split('.')[2]).toBe(createHmac('sha256', 'a secret that only the server knows').update(signed.slice(0, signed.lastIndexOf('.'))).digest('base64url'))
  })

  test('jwt signs and verifies with its algorithms', async () => {
    const algorithms = ['HS256', 'HS384', 'HS512', 'RS256', 'PS384', 'ES256', 'ES384', 'EdDSA']
    expect(await json('/jwt/algorithms')).toEqual(Object.fromEntries(algorithms.map((name) => [name, [name, name]])))
  })
})

describe('streams', () => {
  test('text comes as it is written', async () => {
    const reader = readerOf(await get(`/stream/text?${gateQuery('text-1', 'text-2')}`))
    expect(await reader.until('\n')).toBe('at once\n')
    origin.open('text-1')
    expect(await reader.until('\n')).toBe('text-1\n')
    origin.open('text-2')
    expect(await reader.rest()).toBe('text-2\n')
  })

  test('bytes are written and piped', async () => {
    expect(new Uint8Array(await (await get('/stream/bytes')).arrayBuffer())).toEqual(Uint8Array.of(0, 255, 1, 2, 3))
  })

  test('events come one by one, and the function hears when the reader leaves', async () => {
    const response = await get(`/stream/events?${gateQuery('event-1', 'event-never')}`)
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = readerOf(response)
    expect(await reader.until('\n\n')).toBe('event: hello\ndata: two\ndata: lines\nid: 0\nretry: 1000\n\n')
    origin.open('event-1')
    expect(await reader.until('\n\n')).toBe('data: event-1\nid: 1\n\n')
    await reader.cancel()
    await until('the function hears of it', () => applications.edge.logs.some(({ text }) => text === 'the reader of events left'))
  })

  test('an error in the middle is told to the reader', async () => {
    expect(await text('/stream/fails')).toBe('data: before\n\nevent: error\ndata: in the middle\n\n')
    await until('it is logged', () => applications.edge.logs.some(({ text }) => text === 'told: in the middle'))
  })
})

describe('pages', () => {
  test('are rendered and escaped in a layout', async () => {
    const page = await text(`/pages/escaped?name=${encodeURIComponent('<script>"&')}`)
    expect(page).toMatch(/^<!DOCTYPE html><html lang="en"><head><title>A &amp; B<\/title><style id="hono-css">/)
    expect(page).toMatch(/<h1 class="css-\d+">&lt;script&gt;&quot;&amp;<\/h1><input disabled="" value="&quot;quoted&quot;"\/><div><i>raw<\/i><\/div>/)
    expect(page).toContain('<p data-theme="dark">1two</p><p data-theme="light">outside</p></body></html>')
    expect(page).toContain('color:red')
  })

  test('an error boundary shows its fallback', async () => {
    expect(await text('/pages/broken')).toContain('<body><p>instead</p></body>')
  })

  test('templates escape what is not raw', async () => {
    expect(await text('/template')).toBe('<p>&lt;escaped&gt; <b>raw</b> awaited</p>')
  })

  test('what is suspended comes later', async () => {
    const reader = readerOf(await get(`/suspended?${gateQuery('suspended')}`))
    const shell = await reader.until('loading</p>')
    expect(shell).not.toContain('<b>')
    origin.open('suspended')
    expect(await reader.rest()).toContain('<b>suspended</b>')
  })
})

describe('the RPC client', () => {
  test('calls an application by its own request()', async () => {
    expect(await json('/client')).toEqual({
      url: 'http://inside.test/notes/7',
      read: { id: 'a b', tags: ['x', 'y'] },
      created: [201, { created: 'first' }],
      refused: [422, { error: 'no title' }],
      deleted: 204,
    })
  })

  test('calls over HTTP', async () => {
    expect(await json(`/client/remote?base=${encodeURIComponent(applications.edge.url)}`)).toEqual({ status: 201, ok: true, body: { created: 'far' } })
  })
})
