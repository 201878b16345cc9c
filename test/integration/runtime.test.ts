import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRuntime, type LogRecord, type Runtime } from '../../runtime/supervisor/index.ts'
import { call, streamCall, versionOf } from '../helpers/runtime-caller.ts'

const logs: LogRecord[] = []
const logWaiters: (() => void)[] = []
let runtime: Runtime

beforeAll(async () => {
  runtime = await createRuntime({
    dispatchSubrequest(subrequest, responder) {
      responder.head({ status: 200, statusText: 'OK', headers: ['x-upstream', 'yes'], url: subrequest.url, redirected: false }, true)
      responder.write(Buffer.from(`${subrequest.method} ${subrequest.url}`))
      responder.end()
      return { onChunk() {}, onEnd() {}, abort() {}, resume() {} }
    },
    onLog(record) {
      logs.push(record)
      for (const waiter of logWaiters) waiter()
    },
  })
  await runtime.ready()
})

afterAll(() => runtime.close())

function logged(matches: (record: LogRecord) => boolean): Promise<LogRecord> {
  return new Promise((resolve) => {
    const look = (): void => {
      const found = logs.find(matches)
      if (found !== undefined) resolve(found)
    }
    logWaiters.push(look)
    look()
  })
}

const hello = versionOf('hello', `export default { fetch() { return new Response('hello') } }`)

describe('a request', () => {
  test('is answered cold, then warm by the same isolate', async () => {
    const counter = versionOf('counter', `let n = 0; export default { fetch() { return new Response(String(++n)) } }`)
    const cold = await call(runtime, counter)
    expect(cold.head).toMatchObject({ status: 200, startKind: 'cold' })
    expect(cold.head?.startMs).toBeGreaterThan(0)
    const warm = await call(runtime, counter)
    expect(warm.head).toMatchObject({ startKind: 'warm', startMs: 0 })
    expect(warm.body.toString()).toBe('2')
  })

  test('with "isolation": "request" gets a fresh isolate each time', async () => {
    const counter = versionOf('fresh', `let n = 0; export default { fetch() { return new Response(String(++n)) } }`, { isolation: 'request' })
    for (let turn = 0; turn < 3; turn++) {
      const { head, body } = await call(runtime, counter)
      expect(head?.startKind).toBe('fresh')
      expect(body.toString()).toBe('1')
    }
  })

  test('carries bytes both ways unchanged', async () => {
    const echo = versionOf('echo', `export default { async fetch(request) { return new Response(await request.arrayBuffer()) } }`)
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256))
    const { body } = await call(runtime, echo, { method: 'POST', body: bytes })
    expect(body.equals(bytes)).toBe(true)
  })

  // Well-formed text crosses the boundary as a string, everything else as bytes; code inside must not notice.
  test.each([
    ['ASCII, as long as one field', 'socket', 'socket'],
    ['more than the loop in the isolate takes', 'true '.repeat(400), 'true '.repeat(400)],
    ['UTF-8 of all lengths', 'h\u00e9llo \u20ac \u{1f600}', 'h\u00e9llo \u20ac \u{1f600}'],
    ['a byte order mark, which text() takes away', '\ufeffmarked', 'marked'],
    ['what is no UTF-8', Buffer.from([0x61, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xff]), 'a\ufffd(\ufffd\ufffd\ufffd\ufffd'],
  ])('shows a whole body as text and as its very bytes: %s', async (_name, sent, text) => {
    const reader = versionOf('reader', `export default { async fetch(request) {
      const [copy, stream] = [request.clone(), request.clone()]
      const chunks = []
      for await (const chunk of stream.body) chunks.push(...chunk)
      return Response.json({ text: await request.text(), bytes: [...await copy.bytes()], chunks })
    } }`)
    const body = Buffer.from(sent)
    const answer = await call(runtime, reader, { method: 'POST', body })
    expect(JSON.parse(answer.body.toString())).toEqual({ text, bytes: [...body], chunks: [...body] })
  })

  test('loses nothing of a body that comes while the script is still being read', async () => {
    const reading = Promise.withResolvers<Uint8Array>()
    const source = Buffer.from('export default { fetch: async (request) => new Response(String((await request.arrayBuffer()).byteLength)) }')
    const late = { ...versionOf('late', source.toString()), readScript: () => reading.promise }
    const received: Buffer[] = []
    const pipe = streamCall(runtime, late, { method: 'POST' }, (chunk) => {
      received.push(Buffer.from(chunk))
      return true
    })
    expect(pipe.control.write(new Uint8Array(60_000))).toBe(false)
    pipe.control.end()
    reading.resolve(source)
    expect(await pipe.end).toBeUndefined()
    expect(Buffer.concat(received).toString()).toBe('60000')
  })

  test('streams 64 MB through a function, never more than a window at a time', async () => {
    const pass = versionOf('pass', `export default { fetch(request) { return new Response(request.body) } }`, {
      limits: { memoryMb: 128, cpuMs: 10_000, wallMs: 30_000, idleMs: 30_000, subrequests: 1, requestBodyMb: 100 },
    })
    let received = 0
    const pipe = streamCall(runtime, pass, { method: 'POST' }, (chunk) => {
      received += chunk.byteLength
      return true
    })
    const chunk = new Uint8Array(64 * 1024)
    for (let index = 0; index < 1_024; index++) if (!pipe.control.write(chunk)) await pipe.drained()
    pipe.control.end()
    expect(await pipe.end).toBeUndefined()
    expect(received).toBe(64 * 1024 * 1024)
  })

  test.each(['text', 'arrayBuffer', 'blob', 'bytes'])('that is read whole by %s() comes whole, whatever its length and however much was read before', async (method) => {
    const whole = versionOf(`whole-${method}`, `export default { async fetch(request) {
      const clone = request.method === 'PUT' ? request.clone() : undefined
      const answer = await request.${method}()
      if (clone !== undefined && (await clone.text()).length !== (answer.length ?? answer.byteLength ?? answer.size)) throw new Error('the clone differs')
      return new Response(answer)
    } }`, { limits: { memoryMb: 128, cpuMs: 10_000, wallMs: 30_000, idleMs: 30_000, subrequests: 1, requestBodyMb: 100 } })
    for (const [http, length, headers] of [['POST', 3_000_000, []], ['POST', 9_000_000, ['content-length', '9000000']], ['PUT', 300_000, []]] as const) {
      const sent = Buffer.alloc(length, 'a body that is like no other, ')
      const received: Buffer[] = []
      const pipe = streamCall(runtime, whole, { method: http, headers }, (chunk) => {
        received.push(Buffer.from(chunk))
        return true
      })
      for (let at = 0; at < length; at += 50_000) if (!pipe.control.write(sent.subarray(at, at + 50_000))) await pipe.drained()
      pipe.control.end()
      expect(await pipe.end).toBeUndefined()
      expect(Buffer.concat(received).equals(sent)).toBe(true)
    }
  })

  test('that is larger than the memory of its function ends the function, not its cell', async () => {
    const greedy = versionOf('greedy-reader', 'export default { async fetch(request) { return new Response(String((await request.arrayBuffer()).byteLength)) } }', {
      limits: { memoryMb: 32, cpuMs: 10_000, wallMs: 30_000, idleMs: 30_000, subrequests: 1, requestBodyMb: 100 },
    })
    const pipe = streamCall(runtime, greedy, { method: 'POST', headers: ['content-length', '80000000'] }, () => true)
    const chunk = new Uint8Array(64 * 1024)
    // After its end it takes what is written, without effect.
    for (let index = 0; index < 1_200; index++) if (!pipe.control.write(chunk)) await Promise.race([pipe.drained(), pipe.end])
    expect((await pipe.end)?.code).toBe('memory_limit_exceeded')
    expect((await call(runtime, hello)).body.toString()).toBe('hello')
  })

  test('whose reader stops is held back, and goes on when it reads again', async () => {
    const endless = versionOf(
      'endless',
      `export default { fetch() { let n = 0
        return new Response(new ReadableStream({ pull(c) { if (n++ < 64) c.enqueue(new Uint8Array(65536)); else c.close() } })) } }`,
      { limits: { memoryMb: 128, cpuMs: 5_000, wallMs: 30_000, idleMs: 30_000, subrequests: 1, requestBodyMb: 100 } },
    )
    let received = 0
    let paused = Promise.withResolvers<void>()
    const { control, end } = streamCall(runtime, endless, {}, (chunk) => {
      received += chunk.byteLength
      if (received < 200_000) return true
      paused.resolve()
      return false
    })
    await paused.promise
    // Requests of others pass meanwhile; what is under way of this one stays within its credit.
    for (let turn = 0; turn < 5; turn++) await call(runtime, hello)
    expect(received).toBeLessThanOrEqual(512 * 1024)
    const resumer = setInterval(() => {
      control.resume()
    }, 1)
    expect(await end).toBeUndefined()
    clearInterval(resumer)
    expect(received).toBe(64 * 65_536)
    paused = Promise.withResolvers<void>()
  })

  test('that the client gives up aborts request.signal', async () => {
    const waiter = versionOf(
      'waiter',
      `export default { fetch(request) { console.log('began'); request.signal.addEventListener('abort', () => console.log('aborted')); return new Promise(() => {}) } }`,
    )
    const { control } = streamCall(runtime, waiter, {}, () => true)
    await logged((record) => record.version === waiter && record.text === 'began')
    control.abort()
    await logged((record) => record.version === waiter && record.text === 'aborted')
  })

  test('goes on after its answer with what it passed to waitUntil', async () => {
    const later = versionOf(
      'later',
      `export default { fetch(request, env, ctx) { ctx.waitUntil(new Promise(done => setTimeout(() => { console.log('done later'); done() }, 5))); return new Response('now') } }`,
    )
    expect((await call(runtime, later)).body.toString()).toBe('now')
    await logged((record) => record.version === later && record.text === 'done later')
  })

  test('makes subrequests through the node, up to its limit', async () => {
    const fetches = versionOf(
      'fetches',
      `export default { async fetch() { const seen = []
        for (let n = 0; n < 4; n++) { try { const r = await fetch('http://upstream.test/' + n); seen.push(await r.text()) } catch (error) { seen.push(error.code) } }
        return Response.json(seen) } }`,
      { limits: { memoryMb: 128, cpuMs: 50, wallMs: 5_000, idleMs: 5_000, subrequests: 3, requestBodyMb: 1 } },
    )
    const { body } = await call(runtime, fetches)
    expect(JSON.parse(body.toString())).toEqual([
      'GET http://upstream.test/0',
      'GET http://upstream.test/1',
      'GET http://upstream.test/2',
      'subrequest_limit_exceeded',
    ])
  })
})

describe('a function that fails', () => {
  const cases: readonly [string, string, string][] = [
    ['throws', `export default { fetch() { throw new TypeError('oops') } }`, 'uncaught_exception'],
    ['rejects', `export default { async fetch() { await 0; throw new Error('oops') } }`, 'uncaught_exception'],
    ['returns nothing', `export default { fetch() {} }`, 'no_response'],
    ['has a syntax error', `export default { fetch( }`, 'startup_failed'],
    ['throws at start', `throw new Error('at start')`, 'startup_failed'],
    ['has no default export', `export const fetch = 1`, 'startup_failed'],
    ['loops', `export default { fetch() { for (;;); } }`, 'cpu_limit_exceeded'],
    ['loops after await', `export default { async fetch() { await 0; for (;;); } }`, 'cpu_limit_exceeded'],
    ['loops in a timer', `export default { fetch() { setTimeout(() => { for (;;); }, 1); return new Promise(() => {}) } }`, 'cpu_limit_exceeded'],
    [
      'loops in a stream',
      `export default { fetch(r) { return new Response(r.body.pipeThrough(new TransformStream({ transform() { for (;;); } }))) } }`,
      'cpu_limit_exceeded',
    ],
    ['loops in promises', `export default { fetch() { const spin = () => { Promise.resolve().then(spin) }; spin(); return new Promise(() => {}) } }`, 'cpu_limit_exceeded'],
    ['backtracks', `export default { fetch() { return new Response(String(/^(a+)+$/.test('a'.repeat(40) + 'b'))) } }`, 'cpu_limit_exceeded'],
  ]
  for (const [name, source, code] of cases) {
    test(`${name} -> ${code}, while another is served`, async () => {
      const [answer, other] = await Promise.all([call(runtime, versionOf(name, source), { method: 'POST', body: Buffer.from('x') }), call(runtime, hello)])
      expect(answer.error?.code).toBe(code)
      expect(other.body.toString()).toBe('hello')
    })
  }

  test('fills memory is ended for that, whatever CPU it may use', async () => {
    const hoarder = versionOf('hoarder', `export default { fetch() { const a = []; for (;;) a.push(new Array(1000).fill(1.1)) } }`, {
      limits: { memoryMb: 64, cpuMs: 20_000, wallMs: 20_000, idleMs: 1_000, subrequests: 1, requestBodyMb: 1 },
    })
    expect((await call(runtime, hoarder)).error).toMatchObject({ code: 'memory_limit_exceeded', limit: 64 })
    expect((await call(runtime, hello)).body.toString()).toBe('hello')
  })

  test('aborts or wedges its process is answered, and other functions go on', async () => {
    const sources = [
      `export default { fetch() { 'ab'.repeat(2e8).split('') } }`,
      `export default { fetch() { for (;;) new Array(6e7).fill(0) } }`,
    ]
    for (const [index, source] of sources.entries()) {
      const { error } = await call(runtime, versionOf(`fatal-${index}`, source))
      expect(['isolate_crashed', 'memory_limit_exceeded', 'cpu_limit_exceeded']).toContain(error?.code)
      expect((await call(runtime, hello)).body.toString()).toBe('hello')
    }
    expect(runtime.status().cellCrashes).toBeGreaterThan(0)
  })

  test('never answers is cut by its wall limit', async () => {
    const silent = versionOf('silent', `export default { fetch() { return new Promise(() => {}) } }`, {
      limits: { memoryMb: 128, cpuMs: 50, wallMs: 100, idleMs: 100, subrequests: 1, requestBodyMb: 1 },
    })
    expect((await call(runtime, silent)).error).toMatchObject({ code: 'wall_limit_exceeded', limit: 100 })
  })

  test('stops in the middle of its answer is cut by its idle limit', async () => {
    const stalls = versionOf(
      'stalls',
      `export default { fetch() { return new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)) } })) } }`,
      { limits: { memoryMb: 128, cpuMs: 50, wallMs: 5_000, idleMs: 100, subrequests: 1, requestBodyMb: 1 } },
    )
    const answer = await call(runtime, stalls)
    expect(answer.body.length).toBe(3)
    expect(answer.error?.code).toBe('wall_limit_exceeded')
  })

  test('is full is refused at once', async () => {
    const one = versionOf('one', `export default { fetch() { return new Promise(() => {}) } }`, {
      maxConcurrency: 1,
      limits: { memoryMb: 128, cpuMs: 50, wallMs: 200, idleMs: 200, subrequests: 1, requestBodyMb: 1 },
    })
    const [first, second] = await Promise.all([call(runtime, one), call(runtime, one)])
    expect(first.error?.code).toBe('wall_limit_exceeded')
    expect(second.error).toMatchObject({ code: 'concurrency_limit_exceeded', limit: 1 })
  })
})

test('a version is tried apart from what serves, and refused with the place of its fault', async () => {
  await expect(runtime.testLoad(versionOf('good', `export default { fetch() { return new Response() } }`))).resolves.toMatchObject({})
  const refusal: unknown = await runtime.testLoad(versionOf('bad', `const a = 1\nnull.x\nexport default {}`)).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'startup_failed', cause: { stack: expect.stringContaining('worker.js:2') as string } })
})

test('a version that ends the cell it is tried in is refused with the reason, and takes no other with it', async () => {
  const [loop, good] = await Promise.allSettled([
    runtime.testLoad(versionOf('endless-start', 'for (;;); export default {}')),
    runtime.testLoad(versionOf('beside', 'export default { fetch() { return new Response() } }')),
  ])
  expect(loop).toMatchObject({ reason: { code: 'startup_failed', message: expect.stringMatching(/Start-up used \d+ ms of CPU|did not load within/) as string } })
  expect(good.status).toBe('fulfilled')
})

test('a retired version finishes what it has begun, and no request is lost', async () => {
  const slow = versionOf('slow', `export default { fetch() { return new Promise(done => setTimeout(() => done(new Response('kept')), 30)) } }`)
  const answers = Array.from({ length: 5 }, () => call(runtime, slow))
  runtime.retire(slow.key)
  for (const answer of await Promise.all(answers)) expect(answer.body.toString()).toBe('kept')
})

test('a rejection that nobody handles is reported with the function\u2019s own frames alone', async () => {
  const version = versionOf('unhandled', `export default { fetch() { Promise.reject(new Error('lost')); return new Response('fine') } }`)
  expect((await call(runtime, version)).body.toString()).toBe('fine')
  const record = await logged((candidate) => candidate.version === version && candidate.kind === 'exception')
  expect(record.text).toContain('lost')
  expect(record.stack).toContain('worker.js')
  expect(record.stack).not.toMatch(/skerry:guest|file:|node:/)
})

test('a rejection that nobody handles is an event, which listeners may take over', async () => {
  const version = versionOf('taken', `
    addEventListener('unhandledrejection', (event) => {
      event.preventDefault()
      const { reason } = event
      console.log(reason.message ?? reason, reason instanceof TypeError, event.promise instanceof Promise, reason.stack?.includes('worker.js') ?? 'no stack')
    })
    let count = 0
    export default { fetch() { Promise.reject(count++ === 0 ? new TypeError('lost') : 'text'); return new Response('fine') } }`)
  for (const line of ['lost true true true', 'text false true no stack']) {
    expect((await call(runtime, version)).body.toString()).toBe('fine')
    expect((await logged((candidate) => candidate.version === version && candidate.text === line)).kind).toBe('console')
  }
})
