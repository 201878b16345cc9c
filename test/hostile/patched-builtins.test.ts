import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, versionOf } from '../helpers/runtime-caller.ts'
import { bystanderAnswer, type HostileRuntime, startHostileRuntime, withLimits } from './hostile-runtime.ts'

/** Functions that patch what the guest layer stands on, to have the node believe what it should not. */
let hostile: HostileRuntime
let upstreamBytes = 0

beforeAll(async () => {
  hostile = await startHostileRuntime({
    dispatchSubrequest: (subrequest, responder) => {
      const chunk = new Uint8Array(64 * 1024)
      const send = (): void => {
        // Ends some time: a window that were never full would end here and not in memory.
        while (upstreamBytes < 32 * 1024 * 1024) {
          upstreamBytes += chunk.length
          if (!responder.write(chunk)) return
        }
      }
      setImmediate(() => {
        responder.head({ status: 200, statusText: 'OK', headers: [], url: subrequest.url, redirected: false }, true)
        send()
      })
      return { onChunk: () => undefined, onEnd: () => undefined, abort: () => undefined, resume: send }
    },
  })
})
afterAll(() => hostile.runtime.close())

test('credit for more than was sent is not believed', async () => {
  const version = versionOf('greedy', `
    export default { async fetch() {
      const reader = (await fetch('http://a.test/')).body.getReader()
      const prototype = Object.getPrototypeOf(Uint8Array.prototype); const length = Object.getOwnPropertyDescriptor(prototype, 'length')
      Object.defineProperty(prototype, 'length', { get() { return 4e9 }, configurable: true })
      await reader.read()
      Object.defineProperty(prototype, 'length', length)
      for (let step = 0; step < 4e8; step++);
      return new Response('done') } }`, withLimits({ cpuMs: 5_000 }))
  upstreamBytes = 0
  expect((await call(hostile.runtime, version)).body.toString()).toBe('done')
  expect(upstreamBytes).toBeLessThan(2 * 1024 * 1024)
})

describe('an answer', () => {
  test('whose header names were not lowered comes with lower ones', async () => {
    const version = versionOf('shouts', `String.prototype.toLowerCase = function () { return String(this) }
      export default { fetch() { return new Response('x', { headers: { 'Set-Cookie': 'a=b; Domain=localhost', 'Transfer-Encoding': 'chunked', 'Content-Length': '9', 'X-Skerry-Node': 'fake' } }) } }`)
    const { head } = await call(hostile.runtime, version)
    const names = (head?.headers ?? []).filter((_, index) => index % 2 === 0)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(name).toBe(name.toLowerCase())
  })

  test('with a head that is too large is refused', async () => {
    const version = versionOf('large head', `export default { fetch() { return new Response('x', { headers: { 'x-large': 'x'.repeat(1e6) } }) } }`)
    expect((await call(hostile.runtime, version)).error?.code).toBe('no_response')
  })

  test('with a whole body that is too large is refused', async () => {
    const version = versionOf('large body', `export default { fetch() {
      const body = new Uint8Array(6e6); const prototype = Object.getPrototypeOf(Uint8Array.prototype); const { get } = Object.getOwnPropertyDescriptor(prototype, 'length')
      Object.defineProperty(prototype, 'length', { get() { const n = get.call(this); return n > 5e6 ? 1 : n }, configurable: true })
      return new Response(body) } }`)
    const { error, body } = await call(hostile.runtime, version)
    expect(error?.code === 'no_response' || body.length <= 4 * 1024 * 1024).toBe(true)
  })

  const heads: readonly (readonly [string, string])[] = [
    ['a line break', `'a\\r\\nx-injected: 1'`],
    ['a line feed in disguise', `'a\\u010ax-injected\\u010a1'`],
    ['NUL', `'a\\u0000b'`],
  ]
  test.each(heads)('can not have %s in a header', async (_, value) => {
    const source = (where: string): string => `export default { fetch() { try { return new Response('x', ${where}) } catch (e) { return new Response(e.name) } } }`
    for (const where of [`{ headers: { 'x-a': ${value} } }`, `{ statusText: ${value} }`, `{ headers: [[${value}, 'b']] }`]) {
      const { head, body } = await call(hostile.runtime, versionOf(`injects ${where}`, source(where)))
      expect([body.toString(), head?.headers.includes('x-injected')]).toEqual(['TypeError', false])
    }
  })

  test.each([100, 101, 199, 600, 1_000, -1])('can not have status %i', async (status) => {
    const { body } = await call(hostile.runtime, versionOf(`status ${status}`, `export default { fetch() { try { return new Response(null, { status: ${status} }) } catch (e) { return new Response(e.name) } } }`))
    expect(body.toString()).toBe('RangeError')
  })

  test('that is no head at all is the trouble of its request alone', async () => {
    const crashesBefore = hostile.runtime.status().cellCrashes
    const { error } = await call(hostile.runtime, versionOf('senseless', `Array.prototype.join = () => 'senseless'; export default { fetch() { return new Response('x', { headers: { a: 'b' } }) } }`))
    expect(error?.code).toBe('no_response')
    expect(await bystanderAnswer(hostile.runtime)).toBe('unharmed')
    expect(hostile.runtime.status().cellCrashes).toBe(crashesBefore)
  })
})

/** Each leaves the isolate to itself: what counts is that the request is settled, and that nobody else notices. */
const patches: readonly (readonly [string, string])[] = [
  ['Promise.prototype.then', `Promise.prototype.then = function () { return new Promise(() => {}) }`],
  ['Array.prototype.push', `Array.prototype.push = function () { throw new Error('no') }`],
  ['JSON', `JSON.stringify = () => '{'; JSON.parse = () => ({ redirected: 1 })`],
  ['Function.prototype.call and apply', `Function.prototype.call = Function.prototype.apply = function () { return this }`],
  ['Symbol.iterator', `Array.prototype[Symbol.iterator] = function* () { yield 'x' }; Map.prototype[Symbol.iterator] = Set.prototype[Symbol.iterator] = function* () {}`],
  ['setters on Object.prototype', `for (const key of ['id', 'ownerId', 'then', 'status', 'value', 'callback']) Object.defineProperty(Object.prototype, key, { set() { throw new Error('no') }, get() { return undefined }, configurable: true })`],
  ['Map.prototype', `Map.prototype.get = () => undefined; Map.prototype.set = function () { return this }; Map.prototype.delete = () => true`],
  ['typed arrays', `Uint8Array.prototype.slice = Uint8Array.prototype.subarray = () => new Uint8Array(1e6); Uint8Array.prototype.set = () => {}`],
  ['Math', `Math.min = Math.max = () => 1e12`],
  ['then on Object.prototype', `Object.prototype.then = function (resolve) { resolve?.('taken') }`],
  ['then on Object.prototype that never settles', `Object.prototype.then = () => {}`],
  ['descriptors', `for (const key of ['get', 'set', 'value', 'writable', 'enumerable', 'configurable']) Object.prototype[key] = () => 'patched'`],
  ['traps on Object.prototype', `for (const key of ['apply', 'construct', 'has', 'getPrototypeOf', 'ownKeys']) Object.prototype[key] = () => 'patched'`],
  ['toJSON', `Object.prototype.toJSON = () => { throw new Error('no') }; String.prototype.toJSON = Number.prototype.toJSON = () => '{'`],
  ['constructor', `Object.prototype.constructor = Array.prototype.constructor = Promise.prototype.constructor = Uint8Array.prototype.constructor = Response.prototype.constructor = class { static [Symbol.species] = class {} }`],
  ['Symbol.species', `for (const known of [Promise, Array, ArrayBuffer, Object.getPrototypeOf(Uint8Array)]) Object.defineProperty(known, Symbol.species, { get() { throw new Error('no') } })`],
  ['Symbol.toPrimitive', `Object.prototype[Symbol.toPrimitive] = () => { throw new Error('no') }; Object.prototype[Symbol.toStringTag] = 'Uint8Array'; Object.prototype[Symbol.hasInstance] = () => true`],
  ['options on Object.prototype', `Object.assign(Object.prototype, { stream: true, fatal: true, ignoreBOM: true, status: 101, webSocket: {}, method: 'TRACE', body: 'x', headers: [['a', 'b']], signal: {}, type: 'bytes', highWaterMark: -1, size: () => NaN, shared: true, initial: 1e9, detail: 1 })`],
  ['Reflect and Object', `for (const owner of [Reflect, Object]) for (const key of Object.getOwnPropertyNames(owner)) if (typeof owner[key] === 'function' && key !== 'getOwnPropertyNames') try { owner[key] = () => { throw new Error('no') } } catch {}`],
  ['Error', `Error.prepareStackTrace = () => { throw new Error('no') }; Error.stackTraceLimit = 'x'; Error.captureStackTrace = () => { throw 1 }; globalThis.TypeError = globalThis.Error = undefined`],
  ['global object', `for (const key of Object.getOwnPropertyNames(globalThis)) if (!['Response', 'ReadableStream', 'console', 'Uint8Array', 'globalThis'].includes(key)) try { globalThis[key] = () => { throw new Error('no') } } catch {}`],
  ['numbers', `Object.defineProperty(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength', { get() { return -1 } })`],
]

test.each(patches)('a patched %s harms its own function at most', async (name, patch) => {
  const source = `${patch}; export default { async fetch(request) {
    const text = await request.text(); console.log('text', text)
    return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(70000)); c.close() } }), { headers: { 'x-a': 'b' } }) } }`
  const { runtime } = hostile
  const started = await call(runtime, versionOf(`patches ${name}`, source, withLimits({ wallMs: 300, idleMs: 300 })), { method: 'POST', body: Buffer.from('body') })
  expect(started.head !== undefined || started.error !== undefined).toBe(true)
  expect(await bystanderAnswer(runtime)).toBe('unharmed')
  expect(runtime.status().requestsInFlight).toBe(0)
})

test('no stack and no frame leads to the host', async () => {
  const version = versionOf('looks around', `export default { async fetch() {
    const seen = []
    Error.prepareStackTrace = (error, sites) => { for (const s of sites) seen.push(s.getFileName() ?? '', typeof s.getFunction(), typeof s.getThis()); return '' }
    new Headers({ get a() { void new Error().stack; return 'b' } })
    delete Error.prepareStackTrace
    const tries = [() => setTimeout(1), () => new URL(Symbol()), () => crypto.getRandomValues({}), () => new TextDecoder('no'), () => structuredClone(() => 1), () => console.log({ get a() { throw 1 } }), () => new Response(1n, { status: {} })]
    for (const attempt of tries) try { attempt() } catch (e) { seen.push(String(e.stack)) }
    try { await crypto.subtle.importKey('raw', new Uint8Array(1), 'no', false, []) } catch (e) { seen.push(String(e.stack), e.message) }
    seen.push(typeof process, typeof require, typeof __skerryBoot, String(Function('return typeof process')()), ({}).constructor.constructor('return typeof process')())
    return new Response(seen.join('\\n')) } }`)
  const { body } = await call(hostile.runtime, version)
  const text = body.toString()
  expect(text).toContain('worker.js')
  expect(text).not.toMatch(/file:|node:|\/runtime\/|isolated-vm|\.ts:/)
  expect(text.split('\n').filter((line) => line === 'function' || line === 'object')).toEqual([])
})
