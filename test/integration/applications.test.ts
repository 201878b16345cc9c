import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FormData, type Response } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEdge, type TestEdge } from '../../sdk/testing/index.ts'
import { readerOf } from '../helpers/body-reader.ts'
import { type Origin, startOrigin } from '../helpers/origin.ts'
import { until } from '../helpers/until.ts'

/** Applications on well-known packages, unmodified, bundled as `skerry deploy` does it, on an edge with real cells and production limits. */

const everyByte = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7) % 256))
let origin: Origin
let edge: TestEdge
let gates = 0

beforeAll(async () => {
  origin = await startOrigin((request, response) => {
    switch (new URL(request.url ?? '', origin.url).pathname) {
      case '/echo':
        response.writeHead(200, { 'content-type': 'application/octet-stream', 'x-method': request.method ?? '' })
        request.pipe(response)
        break
      case '/cookies':
        response.writeHead(207, { 'set-cookie': ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT'] }).end('two')
        break
      case '/gzip':
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(gzipSync('squeezed '.repeat(10_000)))
        break
      case '/redirect':
        response.writeHead(302, { location: '/elsewhere' }).end()
        break
      case '/endless':
        response.write('first')
        break
      default:
        response.writeHead(404).end('no such page')
    }
  })
  edge = await startTestEdge({ directory: join(import.meta.dirname, '../fixtures/applications'), allowOutbound: [origin.address] })
})

afterAll(async () => {
  await edge?.close()
  await origin?.close()
})

function at(functionName: string, path: string): string {
  return `${edge.url.replace('127.0.0.1', `${functionName}.localhost`)}${path}`
}

/** A gate of the origin that nobody else uses. */
function newGate(): { readonly name: string; readonly url: string; readonly query: string } {
  gates += 1
  const name = `gate-${gates}`
  const url = `${origin.url}/gate/${name}`
  return { name, url, query: `gate=${encodeURIComponent(url)}` }
}

const json = async (response: Promise<Response>): Promise<unknown> => (await response).json()

describe('Hono with zod', () => {
  const post = (body: unknown) =>
    edge.fetch(at('hono', '/notes'), { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

  test('validates, answers, and keeps its state between requests', async () => {
    const created = await post({ title: 'first', at: '2026-02-28' })
    expect(created.status).toBe(201)
    const location = created.headers.get('location') ?? ''
    const read = await edge.fetch(at('hono', location))
    expect(read.headers.get('x-application')).toBe('notes')
    expect(await read.json()).toEqual({ title: 'first', tags: [], at: '2026-02-28' })
  })

  test('names the fields that are wrong', async () => {
    const refused = await post({ title: '', tags: [1], at: '2026-02-30' })
    expect(refused.status).toBe(422)
    expect(await refused.json()).toEqual({ issues: ['title', 'tags.0', 'at'] })
  })

  test('answers what is not there, and streams text', async () => {
    const missing = await edge.fetch(at('hono', '/notes/none'))
    expect([missing.status, await missing.text()]).toEqual([404, 'no such note'])
    expect(await (await edge.fetch(at('hono', '/lines'))).text()).toBe('one\ntwo\nthree\n')
  })
})

test('itty-router routes', async () => {
  expect(await json(edge.fetch(at('itty', '/sum/2/40')))).toEqual({ sum: 42 })
  const echoed = await edge.fetch(at('itty', '/echo'), { method: 'POST', body: '{"a":[1]}' })
  expect([echoed.status, await echoed.json()]).toEqual([201, { a: [1] }])
  expect(await json(edge.fetch(at('itty', '/secret')))).toEqual({ status: 403, error: 'not you' })
  expect((await edge.fetch(at('itty', '/none'))).status).toBe(404)
})

test('jose signs and verifies HS256 and ES256, and refuses what was changed', async () => {
  const round = { role: 'editor', refusal: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' }
  expect(await json(edge.fetch(at('jose', '/')))).toEqual({ HS256: round, ES256: round })
})

test('react-dom/server.edge sends the page before what it waits for', async () => {
  const gate = newGate()
  const response = await edge.fetch(at('page', `/?${gate.query}`))
  const reader = readerOf(response)
  const shell = await reader.until('comments are coming')
  expect(shell).toContain('<h1>An article</h1>')
  expect(shell).not.toContain('<li>')
  origin.open(gate.name)
  const rest = await reader.rest()
  expect(rest).toContain(`<li>first ${gate.name}</li>`)
  expect(rest).toContain('<li>second</li>')
  expect(rest).toContain('</html>')
})

test('server-sent events come as they are sent, and end with the client', async () => {
  const [first, second, never] = [newGate(), newGate(), newGate()]
  const brokenOffBefore = origin.brokenOff()
  const response = await edge.fetch(at('events', `/?${[first, second, never].map(({ query }) => query).join('&')}`))
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = readerOf(response)
  expect(await reader.until('\n\n')).toBe('event: hello\ndata: 0\n\n')
  origin.open(first.name)
  expect(await reader.until('\n\n')).toBe(`id: 1\ndata: ${first.name}\n\n`)
  origin.open(second.name)
  expect(await reader.until('\n\n')).toBe(`id: 2\ndata: ${second.name}\n\n`)
  await reader.cancel()
  await until('the function hears of it', () => edge.logs.some(({ function: name, text }) => name === 'events' && text === 'request aborted'))
  // What it was waiting for is broken off with it.
  await until('its subrequest ends', () => origin.brokenOff() > brokenOffBefore)
})

describe('a proxy', () => {
  const through = (path: string): string => at('proxy', `${path}?origin=${encodeURIComponent(origin.url)}`)

  test('carries bytes both ways unchanged', async () => {
    const response = await edge.fetch(through('/echo'), { method: 'PUT', body: everyByte })
    expect(response.headers.get('x-method')).toBe('PUT')
    const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    expect(hash(new Uint8Array(await response.arrayBuffer()))).toBe(hash(everyByte))
  })

  test('hands on status, repeated set-cookie and redirects', async () => {
    const cookies = await edge.fetch(through('/cookies'))
    expect(cookies.status).toBe(207)
    expect(cookies.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT'])
    const redirect = await edge.fetch(through('/redirect'), { redirect: 'manual' })
    expect([redirect.status, redirect.headers.get('location')]).toEqual([302, '/elsewhere'])
  })

  test('hands on what was compressed so that the client can read it', async () => {
    const response = await edge.fetch(through('/gzip'))
    expect(await response.text()).toBe('squeezed '.repeat(10_000))
  })

  test('streams: what has come is handed on while the rest is awaited, and a client that leaves ends it upstream', async () => {
    const brokenOffBefore = origin.brokenOff()
    const reader = readerOf(await edge.fetch(through('/endless')))
    expect(await reader.until('first')).toBe('first')
    await reader.cancel()
    await until('the upstream connection is closed', () => origin.brokenOff() > brokenOffBefore)
  })

  test('reaches nothing that the operator does not allow', async () => {
    const response = await edge.fetch(at('proxy', `/?origin=${encodeURIComponent('http://127.0.0.1:2')}`))
    expect(response.status).toBe(500)
    expect(response.headers.get('x-skerry-error')).toBe('uncaught_exception')
    await until('the exception is told', () => edge.logs.some(({ function: name, text }) => name === 'proxy' && /127\.0\.0\.1/.test(text)))
  })
})

describe('the platform', () => {
  test('FormData goes both ways as multipart', async () => {
    const form = new FormData()
    form.append('title', 'Grüße "quoted"')
    form.append('file', new File([Uint8Array.of(0, 255, 13, 10, 45, 45)], 'bytes.bin', { type: 'application/x-bytes' }))
    const answer = await (await edge.fetch(at('platform', '/form'), { method: 'POST', body: form })).formData()
    expect(answer.get('names')).toBe('title,file')
    expect(answer.get('title')).toBe('Grüße "quoted"')
    const file = answer.get('file') as File
    expect([file.name, file.type]).toEqual(['re-bytes.bin', 'application/x-bytes'])
    expect([...new Uint8Array(await file.arrayBuffer())]).toEqual([45, 45, 10, 13, 255, 0])
  })

  test('WebAssembly runs, from bytes and from an imported module', async () => {
    expect(await json(edge.fetch(at('platform', '/wasm')))).toEqual([5, 0, false])
  })

  test('WebCrypto digests, seals and refuses what was spoiled', async () => {
    const hex = createHash('sha256').update('message').digest('hex')
    expect(await json(edge.fetch(at('platform', '/crypto')))).toEqual({ hex, opened: 'message', refusal: 'OperationError', uuid: true })
  })

  test('waitUntil goes on after the answer', async () => {
    const gate = newGate()
    const response = await edge.fetch(at('platform', `/later?${gate.query}`))
    expect(await response.text()).toBe('answered')
    const isDone = (): boolean => edge.logs.some(({ text }) => text === `after the answer ${gate.name}`)
    expect(isDone()).toBe(false)
    origin.open(gate.name)
    await until('what was left is done', isDone)
  })

  test('structuredClone copies what it should, and refuses functions', async () => {
    expect(await json(edge.fetch(at('platform', '/clone')))).toEqual([true, true, 0, true, [1, 2], 'far', 'DataCloneError'])
  })

  test('fetch is broken off by AbortController and by time', async () => {
    const before = { asked: origin.asked(), brokenOff: origin.brokenOff() }
    expect(await json(edge.fetch(at('platform', `/abort?${newGate().query}`)))).toEqual(['AbortError', 'TimeoutError', 'mine'])
    // On a busy machine a fetch may be given up before its connection is there: then nothing has to be closed.
    await until('what was asked is broken off', () => origin.brokenOff() - before.brokenOff === origin.asked() - before.asked)
  })
})
