import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Errors that work against whoever reads them, and values that are too large for whoever takes them. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime()
})
afterAll(() => hostile.runtime.close())

const room = withLimits({ cpuMs: 200, wallMs: 20_000 })
const fetchOf = (body: string): string => `export default { async fetch(request, env, ctx) { ${body} } }`

/** Each is an expression of an error. */
const errors: Readonly<Record<string, string>> = {
  'a message that is a getter': `Object.defineProperty(new Error('x'), 'message', { get() { for (;;); } })`,
  'a stack that is a getter': `Object.defineProperty(new Error('x'), 'stack', { get() { for (;;); } })`,
  'a name that its class computes': `new (class extends Error { get name() { for (;;); } })('x')`,
  'a message that computes its text': `Object.assign(new Error('x'), { message: { toString() { for (;;); } } })`,
  'a message of 200 MB': `new Error('x'.repeat(2e8))`,
}

test.each(Object.entries(errors))('an error with %s that is thrown costs its request, and no cell', async (name, error) => {
  const { runtime } = hostile
  const crashes = runtime.status().cellCrashes
  for (const [how, source] of Object.entries({
    thrown: fetchOf(`throw ${error}`),
    'thrown by a timer': fetchOf(`setTimeout(() => { throw ${error} }); await new Promise((done) => setTimeout(done, 5)); return new Response('went on')`),
    'given to waitUntil': fetchOf(`ctx.waitUntil(Promise.reject(${error})); return new Response('went on')`),
    'thrown by a listener': fetchOf(`const target = new EventTarget(); target.addEventListener('e', () => { throw ${error} }); target.dispatchEvent(new Event('e')); return new Response('went on')`),
    'of a body': fetchOf(`return new Response(new ReadableStream({ pull() { throw ${error} } }))`),
  })) {
    const answer = await call(runtime, versionOf(`${name}, ${how}`, source, room))
    expect(answer.body.toString() === 'went on' || answer.error !== undefined, how).toBe(true)
    expect(await bystanderAnswer(runtime)).toBe('unharmed')
  }
  expect(runtime.status().cellCrashes).toBe(crashes)
}, 60_000)

// The engine's binding reads what nobody handles before the guest can: its code runs within the turn's CPU limit, and may cost the cell.
test.each(Object.entries(errors))('an error with %s that nobody handles harms nobody else', async (name, error) => {
  const { runtime } = hostile
  await call(runtime, versionOf(`${name}, unhandled`, fetchOf(`Promise.reject(${error}); return new Response('went on')`), room))
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  await call(runtime, versionOf(`${name}, at start`, `throw ${error}; export default {}`, room))
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().requestsInFlight).toBe(0)
}, 60_000)

const large: Readonly<Record<string, readonly [source: string, code: string]>> = {
  'text of 60 MB that is no UTF-8': [fetchOf(`return new Response(new TextDecoder().decode(new Uint8Array(6e7).fill(0xff)))`), 'memory_limit_exceeded'],
  'a table of ten million entries': [fetchOf(`return new Response(new WebAssembly.Table({ initial: 1e7, element: 'externref' }))`), 'uncaught_exception'],
  'a table that grows': [fetchOf(`const kept = []; for (;;) { const table = new WebAssembly.Table({ initial: 0, element: 'externref' }); table.grow(1e6); kept.push(table) }`), 'uncaught_exception'],
}

test.each(Object.entries(large))('%s costs the isolate at most', async (name, [source, code]) => {
  const { runtime } = hostile
  const crashes = runtime.status().cellCrashes
  expect((await call(runtime, versionOf(name, source, withLimits({ cpuMs: 10_000, wallMs: 25_000 })))).error?.code).toBe(code)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().cellCrashes).toBe(crashes)
}, 60_000)
