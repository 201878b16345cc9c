import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRuntime, type LogRecord, type Runtime, type RunnableVersion } from '../../runtime/supervisor/index.ts'
import { call, streamCall, type StreamedCall, versionOf } from '../helpers/runtime-caller.ts'
import { until } from '../helpers/until.ts'

/** Bodies that a function hands on as they come: all but their beginning goes past it. */

const logs: LogRecord[] = []
let runtime: Runtime

beforeAll(async () => {
  runtime = await createRuntime({
    dispatchSubrequest: () => ({ onChunk() {}, onEnd() {}, abort() {}, resume() {} }),
    onLog: (record) => void logs.push(record),
  })
  await runtime.ready()
})

afterAll(() => runtime.close())

const chunkBytes = 64 * 1024

/** A chunk that is like no other. */
function chunkOf(index: number): Buffer {
  return Buffer.alloc(chunkBytes, `chunk ${index} of many, `)
}

interface Echo extends StreamedCall {
  readonly received: Buffer[]
  /** The client reads, or does not. */
  reads: boolean
}

function echo(version: RunnableVersion): Echo {
  const received: Buffer[] = []
  const call: Echo = Object.assign(streamCall(runtime, version, { method: 'POST' }, (chunk) => {
    received.push(Buffer.from(chunk))
    return call.reads
  }), { received, reads: true })
  return call
}

/** Sends so many chunks, however they are taken. */
async function send(exchange: StreamedCall, count: number): Promise<Buffer> {
  const sent: Buffer[] = []
  for (let index = 0; index < count; index++) {
    sent.push(chunkOf(index))
    if (!exchange.control.write(chunkOf(index))) await exchange.drained()
  }
  return Buffer.concat(sent)
}

test.each([
  ['in order, from the first byte to the last', 'return new Response(request.body)'],
  ['where its beginning was read', `const reader = request.body.getReader(); const { value } = await reader.read(); reader.releaseLock()
    if (value.length === 0) throw new Error('empty'); const rest = request.body
    return new Response(new ReadableStream({ async start(controller) { controller.enqueue(value); for await (const chunk of rest) controller.enqueue(chunk); controller.close() } }))`],
  ['where the answer comes late', 'await new Promise((resolve) => setTimeout(resolve, 20)); return new Response(request.body)'],
])('a body comes back %s', async (name, code) => {
  const exchange = echo(versionOf(name, `export default { async fetch(request) { ${code} } }`))
  const sent = await send(exchange, 40)
  exchange.control.end()
  expect(await exchange.end).toBeUndefined()
  expect(Buffer.concat(exchange.received).equals(sent)).toBe(true)
})

test.each([0, 1, 3])('a body of %s chunks that ends before the function has answered comes back', async (count) => {
  const exchange = echo(versionOf(`short ${count}`, `export default { async fetch(request) {
    await new Promise((resolve) => setTimeout(resolve, 20)); return new Response(request.body) } }`))
  const sent = Buffer.concat(Array.from({ length: count }, (_, index) => chunkOf(index)))
  for (let index = 0; index < count; index++) exchange.control.write(chunkOf(index))
  exchange.control.end()
  expect(await exchange.end).toBeUndefined()
  expect(Buffer.concat(exchange.received).equals(sent)).toBe(true)
})

test('a source waits for a client that does not read, and goes on when it does', async () => {
  const exchange = echo(versionOf('slow', 'export default { fetch: (request) => new Response(request.body) }'))
  exchange.reads = false
  let isDrained = false
  const sending = send(exchange, 40).then((sent) => {
    isDrained = true
    return sent
  })
  await until('the answer has begun', () => exchange.received.length > 0)
  for (let turn = 0; turn < 5; turn++) await call(runtime, versionOf('other', 'export default { fetch: () => new Response("x") }'))
  expect(isDrained).toBe(false)
  expect(Buffer.concat(exchange.received).length).toBeLessThanOrEqual(256 * 1024)
  exchange.reads = true
  exchange.control.resume()
  const sent = await sending
  exchange.control.end()
  expect(await exchange.end).toBeUndefined()
  expect(Buffer.concat(exchange.received).equals(sent)).toBe(true)
})

test('what was given to waitUntil goes on, and is told when the client goes', async () => {
  const version = versionOf('lingers', `export default { fetch(request, env, context) {
    context.waitUntil(new Promise((resolve) => request.signal.addEventListener('abort', () => { console.log('the client went'); resolve() })))
    return new Response(request.body) } }`)
  const exchange = echo(version)
  await send(exchange, 20)
  await until('most of it is through', () => exchange.received.length > 10)
  exchange.control.abort()
  await until('the function has heard of it', () => logs.some(({ text }) => text === 'the client went'))
})

test('a body that is on its way past the function outlives its isolate', async () => {
  const version = versionOf('replaced', `export default { fetch(request) {
    if (request.method === 'GET') { const all = []; for (;;) all.push(new Array(1e5).fill(0).map(() => ({}))) }
    return new Response(request.body) } }`)
  const exchange = echo(version)
  const first = await send(exchange, 20)
  await until('what was sent is through', () => Buffer.concat(exchange.received).length === first.length)
  const { error } = await call(runtime, version)
  expect(error?.code).toMatch(/limit_exceeded|isolate_crashed/)
  exchange.control.write(Buffer.from('the end'))
  exchange.control.end()
  expect(await exchange.end).toBeUndefined()
  expect(Buffer.concat(exchange.received).equals(Buffer.concat([first, Buffer.from('the end')]))).toBe(true)
})
