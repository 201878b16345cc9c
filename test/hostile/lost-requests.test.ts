import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RuntimeOptions, SubrequestResponder } from '../../runtime/supervisor/index.ts'
import { cellsBelow, signal } from '../chaos/processes.ts'
import { hasProcessFolder, killCells } from '../helpers/processes.ts'
import { call, versionOf, streamCall } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Requests whose isolate or cell goes away under them: each is settled once, and what was counted is counted back. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime({ cellsPerAccount: 1 })
})
afterAll(() => hostile.runtime.close())

const waits = `export default { async fetch(request) { if (request.method === 'PUT') for (;;); await new Promise((done) => setTimeout(done, 100)); return new Response('late') } }`

test('an isolate that is cut takes its requests along: safe ones are repeated, the rest told', async () => {
  const { runtime } = hostile
  const version = versionOf('cut under others', waits)
  await call(runtime, version)
  const others = Array.from({ length: 20 }, (_, index) => call(runtime, version, { method: index % 2 === 0 ? 'GET' : 'POST' }))
  const offender = await call(runtime, version, { method: 'PUT' })
  expect(offender.error?.code).toBe('cpu_limit_exceeded')
  for (const [index, other] of (await Promise.all(others)).entries()) {
    if (index % 2 === 0) expect(other.body.toString()).toBe('late')
    else expect(other.error?.code).toBe('isolate_crashed')
  }
  expect(runtime.status().requestsInFlight).toBe(0)
})

test.runIf(hasProcessFolder).each([0, 20, 60])('a cell killed %i ms into fifty requests leaves none unsettled and none settled twice', async (delayMs) => {
  const { runtime } = hostile
  const version = versionOf(`killed after ${delayMs}`, waits, { maxConcurrency: 50, ...withLimits({ wallMs: 4_000 }) })
  await call(runtime, version)
  let settled = 0
  const answers = Array.from({ length: 50 }, async (_, index) => {
    const { end } = streamCall(runtime, version, { method: index % 2 === 0 ? 'GET' : 'POST' }, () => true)
    const error = await end
    settled += 1
    return error?.code ?? 'answered'
  })
  await new Promise((resolve) => setTimeout(resolve, delayMs))
  await killCells(process.pid)
  const codes = new Set(await Promise.all(answers))
  expect(settled).toBe(50)
  for (const code of codes) expect(['answered', 'isolate_crashed', 'overloaded']).toContain(code)
  expect(runtime.status().requestsInFlight).toBe(0)
  // Its whole concurrency is free again.
  const after = await Promise.all(Array.from({ length: 50 }, () => call(runtime, version)))
  expect(after.map(({ error }) => error?.code)).toEqual(Array.from({ length: 50 }, () => undefined))
})

/** A runtime apart, and what kills its cells, within their sandboxes, as somebody from outside would: those of other tests are left alone. */
async function startApart(options: Partial<RuntimeOptions> = {}) {
  const others = new Set(await cellsBelow(process.pid))
  const { runtime } = await startHostileRuntime({ spareCells: 1, ...options })
  const killAll = async (): Promise<void> => {
    for (const cell of await cellsBelow(process.pid)) if (!others.has(cell)) signal(cell, 'SIGKILL')
  }
  return { runtime, killAll }
}

test.runIf(hasProcessFolder)('a safe request whose cell is killed from outside four times, and those with it that nobody uses yet, is answered', { timeout: 90_000 }, async () => {
  const responders: SubrequestResponder[] = []
  let begun = Promise.withResolvers<undefined>()
  const { runtime, killAll } = await startApart({
    spareCells: 3,
    dispatchSubrequest: (_subrequest, responder) => {
      responders.push(responder)
      begun.resolve(undefined)
      return { onChunk: () => undefined, onEnd: () => undefined, abort: () => undefined, resume: () => undefined }
    },
  })
  try {
    const asks = `export default { async fetch() { await fetch('http://a.test/'); return new Response('at last') } }`
    // Many cells have to start in that time, on a machine that others use too.
    const answer = call(runtime, versionOf('outlives its cells', asks, withLimits({ wallMs: 60_000 })))
    const over = answer.then(({ error, body }) => Promise.reject(new Error(`it is over too soon: ${body.toString()}`, { cause: error })))
    over.catch(() => undefined)
    for (let kills = 0; kills < 4; kills += 1) {
      await Promise.race([begun.promise, over])
      begun = Promise.withResolvers()
      // One after another: what is placed in the next meanwhile goes down with it.
      await killAll()
    }
    // The last that asked lives; those before it have nobody to answer any more.
    await Promise.race([begun.promise, over])
    for (const responder of responders) responder.head({ status: 200, statusText: 'OK', headers: [], url: 'http://a.test/', redirected: false }, false)
    expect((await answer).body.toString()).toBe('at last')
  } finally {
    await runtime.close()
  }
})

test.runIf(hasProcessFolder)('a safe request is answered whose turn ran when its cell was killed from outside with something unread', async () => {
  const { runtime, killAll } = await startApart()
  try {
    const spins = 'export default { fetch() { let sum = 0; for (let index = 0; index < 1e9; index++) sum += index % 7; return new Response(`spun ${sum > 0}`) } }'
    const version = versionOf('spins when killed', spins, withLimits({ cpuMs: 20_000, wallMs: 25_000 }))
    const answer = call(runtime, version)
    // Whether its turn has begun can not be seen from here; where it has not, the test is the easier one.
    await new Promise((resolve) => setTimeout(resolve, 200))
    const unread = streamCall(runtime, version, { method: 'POST' }, () => true)
    unread.control.write(new Uint8Array(64 * 1024))
    await new Promise((resolve) => setImmediate(resolve))
    // The pipe breaks before what stands around the process in its sandbox ends.
    await killAll()
    unread.control.abort()
    expect((await answer).body.toString()).toBe('spun true')
  } finally {
    await runtime.close()
  }
})

const fatal: readonly (readonly [string, string])[] = [
  ['splits a huge string', `'ab'.repeat(2e8).split('')`],
  ['grows a Map', `const m = new Map(); for (let i = 0; ; i++) m.set(i, i)`],
  ['fills an array', `new Array(1e8).fill(1.1)`],
  ['fills for ever', `for (;;) new Array(6e7).fill(0)`],
  ['squares a BigInt', `let n = 3n ** 1000000n; for (;;) n *= n`],
  ['replaces without end', `'a'.repeat(5e7).replace(/a/g, 'bb')`],
  ['grows an ArrayBuffer', `const kept = []; for (;;) kept.push(new ArrayBuffer(1e7))`],
  ['joins strings', `let s = 'x'; for (;;) { s = s.repeat(2); s.charCodeAt(0); JSON.stringify(s) }`],
]

test.each(fatal)('code that %s is answered, and another function is served', async (name, statement) => {
  const { runtime } = hostile
  const { error } = await call(runtime, versionOf(`fatal: ${name}`, `export default { fetch() { ${statement} } }`, withLimits({ memoryMb: 64 })))
  expect(['isolate_crashed', 'memory_limit_exceeded', 'cpu_limit_exceeded', 'wall_limit_exceeded', 'uncaught_exception', 'no_response']).toContain(error?.code)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
}, 30_000)

test('a body that is cut on either side gives its window back', async () => {
  const { runtime } = hostile
  const version = versionOf('cancels', `export default { async fetch(request) { const reader = request.body.getReader(); await reader.read(); await reader.cancel('enough'); return new Response('cancelled') } }`)
  for (let turn = 0; turn < 5; turn++) {
    const pipe = streamCall(runtime, version, { method: 'POST' }, () => true)
    // More than a window: it would stall if what nobody reads were not thrown away.
    for (let index = 0; index < 16; index++) if (!pipe.control.write(new Uint8Array(64 * 1024))) await Promise.race([pipe.drained(), pipe.end])
    pipe.control.end()
    expect(await pipe.end).toBeUndefined()
  }
})

test('exchanges of another isolate in the same cell are out of reach', async () => {
  const { runtime } = hostile
  const waiting = call(runtime, versionOf('victim', `export default { fetch() { return new Promise((done) => setTimeout(() => done(new Response('untouched')), 200)) } }`))
  // Ids are small even numbers; the guest's tables are its own, whatever it patches.
  await call(runtime, versionOf('prober', `Map.prototype.get = function () { return 2 }; Map.prototype.has = () => true; export default { async fetch() { for (let n = 0; n < 50; n++) console.log(n); return new Response('x') } }`))
  expect((await waiting).body.toString()).toBe('untouched')
})
