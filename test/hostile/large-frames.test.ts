import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Code that wants frames on the pipe which are so long that the node ends the cell for them. */
let hostile: HostileRuntime

beforeAll(async () => {
  hostile = await startHostileRuntime()
})
afterAll(() => hostile.runtime.close())

const handler = (body: string): string => `const long = 'x'.repeat(70e6); export default { async fetch() { ${body} } }`
/** What `bytes.length` says is a lie: the guest takes them for few. */
const lie = `const typed = Object.getPrototypeOf(Uint8Array.prototype); const { get } = Object.getOwnPropertyDescriptor(typed, 'length')
  Object.defineProperty(typed, 'length', { get() { return Math.min(get.call(this), 1) }, configurable: true })`

const attacks: readonly (readonly [string, string, string])[] = [
  ['the head of an answer', handler(`return new Response('x', { headers: { a: long } })`), 'no_response'],
  ['a status text', handler(`return new Response('x', { statusText: long })`), 'no_response'],
  ['an answer', handler(`const bytes = new Uint8Array(70e6); ${lie}; return new Response(bytes)`), 'no_response'],
  ['a chunk', handler(`const bytes = new Uint8Array(70e6); const min = Math.min; Math.min = () => 7e7; return new Response(new ReadableStream({ pull(c) { c.enqueue(bytes); c.close() } }))`), 'uncaught_exception'],
  ['an exception', handler(`throw new Error(long)`), 'uncaught_exception'],
  ['the code of an exception', handler(`String.prototype.slice = () => long; throw new Error('x')`), 'uncaught_exception'],
  ['why a body broke off', handler(`String.prototype.slice = () => long; return new Response(new ReadableStream({ pull() { throw new Error('x') } }))`), 'uncaught_exception'],
  ['why a module failed', `throw new Error('x'.repeat(70e6)); export default {}`, 'startup_failed'],
  ['what is wrong with an export', `export default { get fetch() { throw new Error('x'.repeat(70e6)) } }`, 'startup_failed'],
]

test.each(attacks)('%s that is too long fails for itself', async (name, source, code) => {
  const { runtime } = hostile
  const crashes = runtime.status().cellCrashes
  const { error } = await call(runtime, versionOf(`long: ${name}`, source, withLimits({ memoryMb: 1_024, cpuMs: 3_000 })))
  expect(error?.code).toBe(code)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().cellCrashes).toBe(crashes)
})

test('heads of subrequests that are too long are refused', async () => {
  const { runtime } = hostile
  const crashes = runtime.status().cellCrashes
  const version = versionOf('long subrequests', handler(`
    const tries = [() => fetch('http://a.test/' + long), () => fetch('http://a.test/', { method: long }), () => fetch('http://a.test/', { headers: { a: long } })]
    const codes = []
    for (const attempt of tries) codes.push(await attempt().then(() => '', (error) => error.code))
    codes.push(await new Promise((resolve) => { new WebSocket('ws://a.test/' + long).onerror = (event) => resolve(event.error.code) }))
    return Response.json(codes)`), withLimits({ memoryMb: 512, cpuMs: 4_000, wallMs: 20_000 }))
  expect(JSON.parse((await call(runtime, version)).body.toString())).toEqual(Array(4).fill('subrequest_failed'))
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().cellCrashes).toBe(crashes)
}, 25_000)

test('a module whose start ends its cell is not tried in one cell after another', async () => {
  const { runtime } = hostile
  const crashes = runtime.status().cellCrashes
  const version = versionOf('ends cells', `'ab'.repeat(2e8).split(''); export default {}`)
  expect((await call(runtime, version)).error?.code).toMatch(/isolate_crashed|memory_limit_exceeded/)
  expect(runtime.status().cellCrashes - crashes).toBeLessThanOrEqual(2)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
})
