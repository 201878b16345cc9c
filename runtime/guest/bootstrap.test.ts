import { expect, test } from 'vitest'
import { guestFactory } from '../../test/helpers/guest-isolate.ts'
import { GuestEvent, HostOperation } from '../bridge/index.ts'

const open = await guestFactory()
const guest = open()

test('boots once and hides its entry', async () => {
  expect(await guest.run(`return ['__skerryBoot' in globalThis, typeof WebAssembly, navigator.userAgent, self === globalThis]`))
    .toEqual([false, 'object', 'Skerry', true])
})

test('offers the minimum common API under its own names', async () => {
  const interfaces = [
    'AbortController', 'AbortSignal', 'Blob', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy', 'Crypto', 'CryptoKey', 'CustomEvent', 'DOMException',
    'ErrorEvent', 'Event', 'EventTarget', 'File', 'FormData', 'Headers', 'MessageEvent', 'Navigator', 'Performance', 'PromiseRejectionEvent',
    'ReadableByteStreamController', 'ReadableStream', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest', 'ReadableStreamDefaultController',
    'ReadableStreamDefaultReader', 'Request', 'Response', 'SubtleCrypto', 'TextDecoder', 'TextDecoderStream', 'TextEncoder', 'TextEncoderStream',
    'TransformStream', 'TransformStreamDefaultController', 'URL', 'URLSearchParams', 'WritableStream', 'WritableStreamDefaultController',
    'WritableStreamDefaultWriter',
  ]
  const operations = ['atob', 'btoa', 'clearInterval', 'clearTimeout', 'fetch', 'queueMicrotask', 'reportError', 'setInterval', 'setTimeout', 'structuredClone']
  expect(await guest.run(`return ${JSON.stringify([...interfaces, ...operations])}.filter((name) => globalThis[name]?.name !== name)`)).toEqual([])
  expect(await guest.run(`return ${JSON.stringify(interfaces)}.filter((name) => Object.prototype.toString.call(globalThis[name].prototype) !== '[object ' + name + ']')`)).toEqual([])
})

test('gives properties the attributes of WebIDL', async () => {
  const attributesOf = (owner: string, key: string): string => `(({ writable, enumerable, configurable, get }) => [writable, enumerable, configurable, typeof get])(Object.getOwnPropertyDescriptor(${owner}, '${key}'))`
  expect(await guest.run(`return [${attributesOf('globalThis', 'URL')}, ${attributesOf('globalThis', 'fetch')}, ${attributesOf('globalThis', 'crypto')}, ${attributesOf('URL.prototype', 'href')}, ${attributesOf('globalThis', 'console')}]`)).toEqual([
    [true, false, true, 'undefined'], [true, true, true, 'undefined'], [null, true, true, 'function'], [null, true, true, 'function'], [true, false, true, 'undefined'],
  ])
  expect(await guest.run(`const before = performance; globalThis.performance = 1; const during = performance; globalThis.performance = before; return during`)).toBe(1)
})

test('reports what nobody caught and goes on', async () => {
  const other = open()
  await other.run(`setTimeout(() => { throw new TypeError('late') }, 5); queueMicrotask(() => { throw new Error('soon') }); reportError('odd'); await new Promise((done) => setTimeout(done, 10))`)
  expect(other.output().toSorted()).toEqual(['exception: Error: soon', 'exception: TypeError: late', 'exception: odd'])
  await other.run(`addEventListener('error', (event) => { event.preventDefault(); globalThis.seen = [event.error, event.target === globalThis] }); reportError(7)`)
  expect([other.output().length, await other.run(`return seen`)]).toEqual([3, [7, true]])
  other.dispose()
})

test('survives events that make no sense', async () => {
  const other = open()
  for (const kind of Object.values(GuestEvent)) {
    for (const first of [undefined, 'x', -1, new Uint8Array(3)]) expect(() => other.event(kind, 99, first, first)).not.toThrow()
  }
  expect(await other.run('return 1')).toBe(1)
  other.dispose()
})

test('adopts handlers and answers a request', async () => {
  const other = open()
  expect(other.adopt('7')).not.toBe('')
  expect(other.adopt(`{ fetch: (request) => new Response(new URL(request.url).pathname, { headers: { 'x-a': 'b' } }) }`)).toBe('')
  other.event(GuestEvent.request, 2, 'GET\nhttp://h/path\n{}', undefined)
  const answer = other.calls.find((call) => call.operation === HostOperation.respond)
  expect([answer?.id, answer?.second, String(answer?.first).includes('x-a\nb')]).toEqual([2, '/path', true])
  other.dispose()
})

test('streams iterate, tee and come from iterables', async () => {
  expect(await guest.run(`const out = []; const [a, b] = ReadableStream.from([1, 2, 3]).tee(); for await (const x of a) out.push(x); for await (const x of b) out.push(x)
    const upper = new TransformStream({ transform: (c, k) => k.enqueue(c.toUpperCase()) }); for await (const x of ReadableStream.from(['a']).pipeThrough(upper)) out.push(x); return out`))
    .toEqual([1, 2, 3, 1, 2, 3, 'A'])
  expect(await guest.run(`const controller = new AbortController(); const done = new ReadableStream({}).pipeTo(new WritableStream(), { signal: controller.signal }).catch((e) => [e.name, e instanceof DOMException]); controller.abort(); return await done`))
    .toEqual(['AbortError', true])
})
