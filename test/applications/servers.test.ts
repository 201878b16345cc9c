import { createTRPCClient, httpBatchLink, httpBatchStreamLink, httpLink, splitLink, TRPCClientError } from '@trpc/client'
import { FormData, type RequestInit, type Response } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Applications, jsonRequest, startApplications } from '../helpers/applications.ts'
import { readerOf } from '../helpers/body-reader.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'
import { until } from '../helpers/until.ts'

/** Servers for GraphQL, RPC and plain HTTP, unmodified. */

let applications: Applications
let origin: Origin

beforeAll(async () => {
  origin = await startOrigin((request, response) => {
    response.writeHead(201, { 'content-type': 'text/x-echo', 'x-method': request.method ?? '', 'x-added-seen': String(request.headers['x-added']) })
    request.pipe(response)
  })
  applications = await startApplications('servers', origin.address)
})
afterAll(async () => {
  await applications?.close()
  await origin?.close()
})

const gate = (name: string): string => `${origin.url}/gate/${name}`

describe('graphql-yoga', () => {
  const query = (text: string, variables: unknown = {}): Promise<unknown> =>
    applications.askJson('yoga', '/graphql', jsonRequest({ query: text, variables }))
  const subscribe = (text: string, variables: unknown): Promise<Response> =>
    applications.ask('yoga', '/graphql', {
      method: 'POST',
      body: JSON.stringify({ query: text, variables }),
      headers: { 'content-type': 'application/json', 'accept': 'text/event-stream' },
    })

  test('queries with arguments, enums, fragments and aliases', async () => {
    const text = `query Q($contains: String) { all: notes(contains: $contains) { ...Parts words: length(unit: WORDS) } __typename }
      fragment Parts on Note { id title tags length }`
    expect(await query(text, { contains: 'fir' })).toEqual({
      data: { all: [{ id: '1', title: 'first', tags: ['a'], length: 5, words: 1 }], __typename: 'Query' },
    })
  })

  test('resolves unions and introspects', async () => {
    const text = '{ there: find(id: 1) { __typename ... on Note { title } } missing: find(id: 99) { __typename ... on Missing { id } } }'
    expect(await query(text)).toEqual({ data: { there: { __typename: 'Note', title: 'first' }, missing: { __typename: 'Missing', id: '99' } } })
    expect(await query('{ __type(name: "Unit") { enumValues { name } } }')).toEqual({
      data: { __type: { enumValues: [{ name: 'CHARACTERS' }, { name: 'WORDS' }] } },
    })
  })

  test('answers GET, and refuses a mutation by it', async () => {
    const url = (text: string): string => `/graphql?query=${encodeURIComponent(text)}`
    expect(await applications.askJson('yoga', url('{ method }'))).toEqual({ data: { method: 'GET' } })
    expect((await applications.ask('yoga', url('mutation { add(note: { title: "x" }) { id } }'))).status).toBe(405)
  })

  test('mutates, and publishes to subscribers', async () => {
    const subscribed = readerOf(await subscribe('subscription { added { title tags } }', {}))
    const added = query('mutation Add($note: NewNote!) { add(note: $note) { title tags } }', { note: { title: 'Grüße', tags: ['x'] } })
    expect(await added).toEqual({ data: { add: { title: 'Grüße', tags: ['x'] } } })
    const seen = await subscribed.until('"tags"')
    expect(seen).toContain('event: next\ndata: {"data":{"added":{"title":"Grüße","tags":["x"]}}}')
    await subscribed.cancel()
  })

  test('sends events of a subscription as they happen, and completes', async () => {
    const response = await subscribe('subscription S($gates: [String!]!) { opened(gates: $gates) }', { gates: [gate('yoga-1'), gate('yoga-2')] })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = readerOf(response)
    origin.open('yoga-1')
    expect(await reader.until('yoga-1')).toContain('event: next\ndata: {"data":{"opened":"yoga-1"}}')
    origin.open('yoga-2')
    const rest = await reader.rest()
    expect(rest).toContain('event: next\ndata: {"data":{"opened":"yoga-2"}}')
    expect(rest).toMatch(/event: complete\ndata:\s*$/)
  })

  test('shows what a resolver says and hides what it did not foresee', async () => {
    expect(await query('{ fails }')).toMatchObject({ data: { fails: null }, errors: [{ message: 'not for you', path: ['fails'], extensions: { code: 'FORBIDDEN' } }] })
    const hidden = await query('{ hidden }')
    expect(hidden).toMatchObject({ errors: [{ message: 'Unexpected error.' }] })
    expect(JSON.stringify(hidden)).not.toContain('password')
  })

  test('names what is wrong with a document', async () => {
    expect(await query('{ nothing }')).toMatchObject({ errors: [{ message: 'Cannot query field "nothing" on type "Query".', locations: [{ line: 1, column: 3 }] }] })
    expect(await query('{ notes')).toMatchObject({ errors: [{ message: 'Syntax Error: Expected Name, found <EOF>.' }] })
  })

  test('takes a batch, a file by multipart, and shows GraphiQL to browsers', async () => {
    const batch = jsonRequest([{ query: '{ method }' }, { query: '{ __typename }' }])
    expect(await applications.askJson('yoga', '/graphql', batch)).toEqual([{ data: { method: 'POST' } }, { data: { __typename: 'Query' } }])
    const form = new FormData()
    form.append('operations', JSON.stringify({ query: 'mutation ($file: File!) { upload(file: $file) }', variables: { file: null } }))
    form.append('map', JSON.stringify({ 0: ['variables.file'] }))
    form.append('0', new File(['in the file'], 'a.txt', { type: 'text/x-mine' }))
    expect(await applications.askJson('yoga', '/graphql', { method: 'POST', body: form })).toEqual({ data: { upload: 'a.txt text/x-mine in the file' } })
    const page = await applications.ask('yoga', '/graphql', { headers: { accept: 'text/html' } })
    expect([page.headers.get('content-type'), await page.text()]).toEqual(['text/html', expect.stringContaining('GraphiQL')])
  })
})

describe('tRPC', () => {
  // The router's type lives in the application, which is JavaScript: the client's calls are checked by their answers alone.
  type Procedure = Record<'query' | 'mutate', (input?: unknown) => Promise<unknown>>
  interface Client {
    readonly greet: Procedure
    readonly me: Procedure
    readonly math: { readonly add: Procedure }
    readonly upload: Procedure
    readonly afterGate: Procedure
    readonly gates: Procedure
    readonly fails: Procedure
  }
  let asked: string[] = []
  const options = (headers: Record<string, string> = {}) => ({
    url: 'http://trpc/trpc',
    headers,
    fetch: async (input: unknown, init: unknown) => {
      const { pathname, search } = new URL(String(input))
      const { body, ...rest } = init as RequestInit
      asked.push(`${rest.method} ${pathname}`)
      // undici's own fetch knows undici's FormData alone, not Node's.
      const sent = body instanceof globalThis.FormData ? copyForm(body) : body
      return applications.ask('trpc', pathname + search, { ...rest, ...(sent === undefined ? {} : { body: sent }) })
    },
  })
  const copyForm = (from: globalThis.FormData): FormData => {
    const copy = new FormData()
    for (const [name, value] of from) copy.append(name, value)
    return copy
  }
  const isForm = ({ input }: { readonly input: unknown }): boolean => input instanceof globalThis.FormData
  const clientWith = (headers?: Record<string, string>, link: typeof httpBatchLink | typeof httpBatchStreamLink = httpBatchLink): Client => {
    asked = []
    return createTRPCClient({
      links: [splitLink({ condition: isForm, true: httpLink(options(headers)), false: link(options(headers)) })],
    }) as unknown as Client
  }
  const refusal = async (call: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await call.then(() => undefined, (reason: unknown) => reason)
    return error instanceof TRPCClientError ? { message: error.message, ...error.data } : error
  }

  test('queries in one batch, and mutates', async () => {
    const client = clientWith({ 'x-user': 'ann' })
    expect(await Promise.all([client.greet.query({ name: 'Grüße' }), client.me.query()])).toEqual(['hello Grüße', 'ann'])
    expect(asked).toEqual(['GET /trpc/greet,me'])
    expect(await client.math.add.mutate([2, 40])).toEqual({ sum: 42 })
  })

  test('sets headers of the answer', async () => {
    const response = await applications.ask('trpc', '/trpc/math.add', jsonRequest([1, 2]))
    expect([response.headers.get('x-calculated'), await response.json()]).toEqual(['3', { result: { data: { sum: 3 } } }])
  })

  test('tells errors of input, of procedures and of paths', async () => {
    const client = clientWith()
    expect(await refusal(client.greet.query({ name: '' }))).toMatchObject({ code: 'BAD_REQUEST', httpStatus: 400, issues: ['name'] })
    expect(await refusal(client.me.query())).toMatchObject({ code: 'UNAUTHORIZED', httpStatus: 401, message: 'who are you?' })
    expect(await refusal(client.fails.query())).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', httpStatus: 500, message: 'unforeseen' })
    const missing = await applications.ask('trpc', '/trpc/nothing')
    expect([missing.status, await missing.json()]).toMatchObject([404, { error: { data: { code: 'NOT_FOUND', path: 'nothing' } } }])
    // A batch answers for each of its calls.
    const both = await applications.ask('trpc', `/trpc/greet,me?batch=1&input=${encodeURIComponent('{"0":{"name":"bob"}}')}`)
    expect([both.status, await both.json()]).toMatchObject([207, [{ result: { data: 'hello bob' } }, { error: { data: { code: 'UNAUTHORIZED' } } }]])
  })

  test('streams a batch: what is ready comes first', async () => {
    const client = clientWith({}, httpBatchStreamLink)
    const late = client.afterGate.query(gate('trpc-late'))
    expect(await client.greet.query({ name: 'early' }).finally(() => origin.open('trpc-late'))).toBe('hello early')
    expect(await late).toBe('trpc-late')
  })

  test('streams what a query yields', async () => {
    const parts = (await clientWith({}, httpBatchStreamLink).gates.query([gate('trpc-1'), gate('trpc-2')])) as AsyncIterable<string>
    const seen: string[] = []
    origin.open('trpc-1')
    for await (const part of parts) {
      seen.push(part)
      origin.open('trpc-2')
    }
    expect(seen).toEqual(['trpc-1', 'trpc-2'])
  })

  test('takes FormData', async () => {
    const form = new globalThis.FormData()
    form.append('title', 'Grüße')
    form.append('file', new File(['in the file'], 'a.txt'))
    expect(await clientWith().upload.mutate(form)).toEqual({ title: 'Grüße', file: 'in the file' })
  })

  test('sends a subscription as events', async () => {
    const response = await applications.ask('trpc', '/trpc/ticks?input=2', { headers: { accept: 'text/event-stream' } })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(await response.text()).toMatch(/^event: connected\ndata: \{.*\}\n\n+data: 1\n\n+data: 2\n\n+event: return\ndata: \n\n+$/)
  })
})

describe('h3', () => {
  const get = (path: string, init?: RequestInit): Promise<Response> => applications.ask('h3', path, init)
  const json = (path: string, init?: RequestInit): Promise<unknown> => applications.askJson('h3', path, init)
  const basic = (credentials: string): RequestInit => ({ headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } })

  test('routes, and runs middleware around its handlers', async () => {
    expect(await json('/users/a%20b?x=1&x=2')).toEqual({ id: 'a b', query: { x: ['1', '2'] } })
    expect(await (await get('/files/a/b.txt')).text()).toBe('a/b.txt')
    expect(await (await get('/nested/inner')).text()).toBe('/inner')
    const guarded = await get('/guarded/room', basic('ann:secret'))
    expect([guarded.headers.get('x-before'), await guarded.json()]).toEqual(['yes', { user: 'ann', answer: 'inside' }])
    const refused = await get('/guarded/room', basic('ann:wrong'))
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Basic realm=/)])
  })

  test('answers every kind of value', async () => {
    expect((await get('/nothing')).status).toBe(204)
    const page = await get('/html')
    expect([page.headers.get('content-type'), await page.text()]).toEqual(['text/html; charset=utf-8', '<p>&lt;escaped&gt;</p>'])
    const redirect = await get('/redirect', { redirect: 'manual' })
    expect([redirect.status, redirect.headers.get('location')]).toEqual([307, '/users/1'])
    expect(new Uint8Array(await (await get('/binary')).arrayBuffer())).toEqual(Uint8Array.of(0, 255, 128))
    const blob = await get('/blob')
    expect([blob.headers.get('content-type'), await blob.text()]).toEqual(['text/x-blob', 'of a blob'])
    const response = await get('/response')
    expect([response.status, response.headers.get('x-own'), await response.text()]).toEqual([203, '1', 'as it is'])
    expect(await (await get('/iterable')).text()).toBe('one2{"three":3}')
  })

  test('reads bodies, validates and limits them', async () => {
    expect(await json('/body', jsonRequest({ a: [1] }))).toEqual({ a: [1] })
    expect(await json('/body', { method: 'POST', body: new URLSearchParams({ a: '1' }) })).toEqual({ a: '1' })
    const form = new FormData()
    form.append('title', 'Grüße')
    form.append('file', new File(['in the file'], 'a.txt'))
    expect(await json('/form', { method: 'POST', body: form })).toEqual({ title: 'Grüße', file: 'in the file' })
    expect(await json('/validated', jsonRequest({ name: 'ann' }))).toEqual({ name: 'ann' })
    expect((await get('/validated', jsonRequest({ name: 1 }))).status).toBe(400)
    const chunked = (size: number): RequestInit => ({ method: 'POST', duplex: 'half', body: new Blob(['x'.repeat(size)]).stream() })
    expect(await json('/limited', chunked(100))).toEqual({ length: 100 })
    expect((await get('/limited', chunked(101))).status).toBe(413)
    expect((await get('/limited', { method: 'POST', body: 'x'.repeat(101) })).status).toBe(413)
  })

  test('keeps cookies and sealed sessions', async () => {
    const first = await get('/cookies')
    expect(first.headers.getSetCookie()).toEqual(['seen=first; Path=/; HttpOnly', expect.stringMatching(/^old=; Max-Age=0/)])
    const session = await get('/session')
    expect(await session.json()).toEqual({ count: 1 })
    const sealed = session.headers.getSetCookie().at(-1)?.split(';', 1)[0] ?? ''
    expect(sealed).toMatch(/^visits=/)
    expect(await json('/session', { headers: { cookie: sealed } })).toEqual({ count: 2 })
    expect(await json('/session', { headers: { cookie: `${sealed.slice(0, -4)}AAAA` } })).toEqual({ count: 1 })
  })

  test('handles CORS, caching and timing', async () => {
    const preflight = await get('/cors', { method: 'OPTIONS', headers: { 'origin': 'https://own.example', 'access-control-request-method': 'PUT' } })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, 'https://own.example'])
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT')
    expect((await get('/cached')).headers.get('etag')).toBe('"tag"')
    const again = await get('/cached', { headers: { 'if-none-match': '"tag"' } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect((await get('/timed')).headers.get('server-timing')).toMatch(/^work;dur=\d/)
  })

  test('shows errors that are meant, hides others, and tells both to its hook', async () => {
    const meant = await get('/error')
    expect([meant.status, await meant.json()]).toMatchObject([418, { message: 'short and stout', data: { spout: true } }])
    const other = await get('/unforeseen')
    expect(other.status).toBe(500)
    expect(await other.text()).not.toContain('password')
    expect((await get('/nowhere')).status).toBe(404)
    await until('the hook heard of both', () => ['failed: 418', 'failed: 500'].every((line) => applications.edge.logs.some(({ text }) => text === line)))
  })

  test('sends events as they happen', async () => {
    const reader = readerOf(await get(`/events?gate=${encodeURIComponent(gate('h3-1'))}`))
    expect(await reader.until('\n\n')).toBe('id: 0\nevent: hello\ndata: two\ndata: lines\n\n')
    origin.open('h3-1')
    expect(await reader.rest()).toBe('data: h3-1\n\n')
    await until('its callback is called', () => applications.edge.logs.some(({ text }) => text === 'events closed'))
  })

  test('proxies', async () => {
    const proxied = await get(`/proxied/x?origin=${encodeURIComponent(origin.url)}`, { method: 'PUT', body: 'through and through' })
    expect([proxied.status, proxied.headers.get('x-method'), proxied.headers.get('x-added-seen')]).toEqual([201, 'PUT', '1'])
    expect([proxied.headers.get('content-type'), await proxied.text()]).toEqual(['text/x-echo', 'through and through'])
  })

  test('answers JSON-RPC', async () => {
    const call = (method: string): unknown => ({ jsonrpc: '2.0', method, params: [2, 3], id: 1 })
    expect(await json('/rpc', jsonRequest(call('add')))).toEqual({ jsonrpc: '2.0', id: 1, result: 5 })
    expect(await json('/rpc', jsonRequest([call('none')]))).toMatchObject([{ id: 1, error: { code: -32_601 } }])
  })
})
