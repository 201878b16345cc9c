import { createServer, type RequestListener, type Server } from 'node:http'
import { Agent } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { runClient } from './client.ts'
import { sendChecked } from './request.ts'

const agent = new Agent()
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}/`
}

test('the right answer is accepted, and the host that was asked for is sent', async () => {
  const url = await serve((request, response) => response.end(request.headers.host))
  await expect(sendChecked({ url, host: 'warm.localhost:1', expectedBody: 'warm.localhost:1' }, agent, 5_000)).resolves.toBeDefined()
})

test('a wrong body and a wrong status are failures that say what came', async () => {
  const url = await serve((_, response) => response.writeHead(503).end('overloaded'))
  await expect(sendChecked({ url, expectedBody: 'overloaded' }, agent, 5_000)).rejects.toThrow(/503 "overloaded"/)
  const other = await serve((_, response) => response.end('something else'))
  await expect(sendChecked({ url: other, expectedBody: 'hello' }, agent, 5_000)).rejects.toThrow(/not 200 "hello"/)
})

test('an answer that never comes is a failure', async () => {
  const url = await serve(() => {})
  await expect(sendChecked({ url, expectedBody: '' }, agent, 50)).rejects.toThrow(/no answer within 50 ms/)
})

test('an answer that breaks off is a failure', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('some', () => response.destroy())
  })
  await expect(sendChecked({ url, expectedBody: 'some' }, agent, 5_000)).rejects.toThrow()
})

test('a body is sent by POST, with its type', async () => {
  const url = await serve((request, response) => {
    response.write(`${request.method} ${request.headers['content-type']} `)
    request.pipe(response)
  })
  await expect(sendChecked({ url, body: { type: 'text/plain', text: 'in' }, expectedBody: 'POST text/plain in' }, agent, 5_000)).resolves.toBeDefined()
})

const noWarmUp = { requests: [], repeats: 0 }

test.each([{ kind: 'closed', gapMs: 1 }, { kind: 'open', perSecond: 200 }, { kind: 'burst' }] as const)('the client process times each answer and keeps its server-timing: $kind', async (pace) => {
  const url = await serve((_, response) => response.setHeader('server-timing', 'start;dur=1;desc="cold"').end('hello'))
  const requests = Array.from({ length: 3 }, () => ({ url, expectedBody: 'hello' }))
  const { samples } = await runClient({ kind: 'requests', warmUp: noWarmUp, requests, pace, timeoutMs: 5_000 })
  expect(samples).toHaveLength(3)
  expect(samples.every((sample) => sample.elapsedMs > 0 && sample.serverTiming === 'start;dur=1;desc="cold"')).toBe(true)
})

test('a burst has every request under way before the first answer', async () => {
  const waiting: (() => void)[] = []
  const url = await serve((_, response) => {
    waiting.push(() => response.end('hello'))
    if (waiting.length === 5) for (const answer of waiting) answer()
  })
  const requests = Array.from({ length: 5 }, () => ({ url, expectedBody: 'hello' }))
  const { samples } = await runClient({ kind: 'requests', warmUp: noWarmUp, requests, pace: { kind: 'burst' }, timeoutMs: 5_000 })
  expect(samples).toHaveLength(5)
})

test('what warms up is sent again and again, and what is told in between comes before the rest', async () => {
  const asked: string[] = []
  const url = await serve((request, response) => {
    asked.push(request.url ?? '')
    response.end('hello')
  })
  const request = (path: string) => ({ url: url + path, expectedBody: 'hello' })
  const warmUp = { requests: [request('a'), request('b')], repeats: 2 }
  const onWarm = (): number => asked.push('warm')
  const result = await runClient({ kind: 'requests', warmUp, requests: [request('c')], pace: { kind: 'closed', gapMs: 0 }, timeoutMs: 5_000 }, onWarm)
  expect(asked).toEqual(['/a', '/b', '/a', '/b', '/a', '/b', 'warm', '/c'])
  expect([result.warmUp.length, result.samples.length]).toEqual([2, 1])
})

test('the client process stops at the first wrong answer', async () => {
  const url = await serve((_, response) => response.end('hello'))
  const requests = [{ url, expectedBody: 'hello' }, { url, expectedBody: 'other' }]
  const wrong = runClient({ kind: 'requests', warmUp: noWarmUp, requests, pace: { kind: 'closed', gapMs: 0 }, timeoutMs: 5_000 })
  await expect(wrong).rejects.toThrow(/not 200 "other"/)
})
