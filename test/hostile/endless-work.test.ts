import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Code that wants to go on for free: outside any request, after its answer, in calls of the host. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime()
})
afterAll(() => hostile.runtime.close())

/** Uses CPU in small turns, each far below any limit. The host counts the turns by the seeds that they ask for. */
const burn = `const burn = () => { for (let step = 0; step < 2e7; step++); globalThis.turns = (globalThis.turns ?? 0) + 1 };`
const goOn: readonly (readonly [string, string])[] = [
  ['an interval of the module', `${burn} setInterval(burn, 1); export default { fetch() { return new Response(String(turns)) } }`],
  [
    'a timer set after the answer',
    `${burn} const loop = () => { burn(); setTimeout(loop, 1) }
     export default { fetch(request) { if (request.method === 'PUT') return new Response(String(globalThis.turns ?? 0))
       let p = Promise.resolve(); for (let i = 0; i < 50; i++) p = p.then(() => {}); p.then(() => setTimeout(loop, 1)); return new Response('0') } }`,
  ],
  [
    'crypto that nobody waits for',
    `${burn} const loop = async () => { for (;;) { await crypto.subtle.digest('SHA-256', new Uint8Array(1)); burn() } }
     export default { fetch(request) { if (request.method === 'PUT') return new Response(String(globalThis.turns ?? 0)); loop(); return new Response('0') } }`,
  ],
  [
    'waitUntil',
    `${burn} const loop = async () => { for (;;) { await new Promise((done) => setTimeout(done, 1)); burn() } }
     export default { fetch(request, env, ctx) { if (request.method === 'PUT') return new Response(String(globalThis.turns ?? 0)); ctx.waitUntil(loop()); return new Response('0') } }`,
  ],
]

test.each(goOn)('%s does not go on for ever', async (name, source) => {
  // Each look refills the budget by little.
  const version = versionOf(`goes on by ${name}`, source, withLimits({ cpuMs: 10, wallMs: 20_000 }))
  await call(hostile.runtime, version)
  let turns = -1
  // Done when no turn was added from one look to the next.
  await expect
    .poll(async () => {
      const before = turns
      turns = Number((await call(hostile.runtime, version, { method: 'PUT' })).body.toString())
      return turns === before
    }, { interval: 700, timeout: 25_000 })
    .toBe(true)
}, 30_000)

test('waitUntil beyond the CPU limit is told to the author', async () => {
  const version = versionOf('waits too long', `${burn} export default { fetch(r, e, ctx) { ctx.waitUntil((async () => { for (;;) { await new Promise((done) => setTimeout(done, 1)); burn() } })()); return new Response('now') } }`)
  expect((await call(hostile.runtime, version)).body.toString()).toBe('now')
  const record = await hostile.logged((candidate) => candidate.version === version && candidate.kind === 'failure')
  expect(record.code).toBe('cpu_limit_exceeded')
})

const floods: readonly (readonly [string, string])[] = [
  ['console lines', `console.log('x')`],
  ['subrequests', `fetch('http://a.test/').catch(() => {})`],
  ['timers', `try { setTimeout(() => {}, 1) } catch {}`],
  ['random bytes', `crypto.getRandomValues(new Uint8Array(65536))`],
  ['URLs', `new URL('http://a.test/' + 'b'.repeat(1000))`],
  ['swallowed errors', `try { console.log('x') } catch {}`],
]

test.each(floods)('a flood of %s is cut without harm to the cell', async (name, statement) => {
  const { runtime, logs, subrequests } = hostile
  const crashes = runtime.status().cellCrashes
  const [logsBefore, subrequestsBefore] = [logs.length, subrequests.length]
  const { error } = await call(runtime, versionOf(`flood of ${name}`, `export default { fetch() { for (;;) { ${statement} } } }`))
  expect(error?.code).toBe('cpu_limit_exceeded')
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().cellCrashes).toBe(crashes)
  expect(logs.length - logsBefore).toBeLessThan(5_000)
  expect(subrequests.length - subrequestsBefore).toBeLessThanOrEqual(50)
})

test('a flood while being loaded is a start-up that failed', async () => {
  const { runtime } = hostile
  const crashes = runtime.status().cellCrashes
  const { error } = await call(runtime, versionOf('floods at start', `for (;;) console.log('x'); export default {}`, withLimits({ wallMs: 20_000 })))
  expect(error?.code).toBe('startup_failed')
  expect(runtime.status().cellCrashes).toBe(crashes)
}, 30_000)

test('promises that never settle hold nothing up', async () => {
  const version = versionOf('never', `export default { fetch(r, e, ctx) { ctx.waitUntil(new Promise(() => {})); return new Response('answered') } }`, { maxConcurrency: 1 })
  for (let turn = 0; turn < 20; turn++) expect((await call(hostile.runtime, version)).body.toString()).toBe('answered')
  expect(hostile.runtime.status().requestsInFlight).toBe(0)
})

test('every subrequest beyond the limit is refused, and can be caught', async () => {
  const version = versionOf('many', `export default { async fetch() { const codes = {}; await Promise.all(Array.from({ length: 20 }, () => fetch('http://a.test/').then(() => 'ok', (e) => e.code).then((c) => { codes[c] = (codes[c] ?? 0) + 1 }))); return Response.json(codes) } }`, withLimits({ subrequests: 3 }))
  expect(JSON.parse((await call(hostile.runtime, version)).body.toString())).toEqual({ ok: 3, subrequest_limit_exceeded: 17 })
})

test('what crypto uses on other threads counts', async () => {
  const version = versionOf('derives', `export default { async fetch() {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits'])
    const derive = () => crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 1e6 }, key, 512)
    await Promise.all(Array.from({ length: 40 }, derive)); return new Response('derived') } }`, withLimits({ wallMs: 25_000 }))
  expect((await call(hostile.runtime, version)).error?.code).toBe('cpu_limit_exceeded')
  expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
})

test('more timers than an isolate may have are refused where they are started, not lost', async () => {
  const version = versionOf('timers', `export default { async fetch() {
    const kept = []
    try { for (;;) kept.push(setTimeout(() => {}, 60_000)) } catch (error) {
      for (const timer of kept) clearTimeout(timer)
      await new Promise((resolve) => setTimeout(resolve, 1))
      return new Response(kept.length + ' ' + error.name)
    } } }`, withLimits({ cpuMs: 5_000, wallMs: 20_000 }))
  expect((await call(hostile.runtime, version)).body.toString()).toBe('10000 RangeError')
  expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
})
