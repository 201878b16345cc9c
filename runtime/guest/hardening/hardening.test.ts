import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'
import { GuestEvent } from '../../bridge/index.ts'

const open = await guestFactory()

/** A module of bytes: `(memory limits...) (export "m" (memory 0)) (func (export "g") (param i32) (result i32) local.get 0 memory.grow)`. */
function moduleWithMemory(limits: readonly number[]): string {
  return JSON.stringify([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 5, limits.length + 1, 1, ...limits,
    7, 9, 2, 1, 0x6d, 2, 0, 1, 0x67, 0, 0, 10, 8, 1, 6, 0, 0x20, 0, 0x40, 0, 0x0b,
  ])
}

const wasm = (limits: readonly number[]): string => `new WebAssembly.Module(new Uint8Array(${moduleWithMemory(limits)}))`

test('no way leads to a resizable or shared buffer', async () => {
  const guest = open()
  const attempts = [
    `new ArrayBuffer(8, { maxByteLength: 1e9 })`,
    `new (new ArrayBuffer(1).constructor)(8, { maxByteLength: 1e9 })`,
    `new (Object.getPrototypeOf(class extends ArrayBuffer {}))(8, { maxByteLength: 1e9 })`,
    `new (class extends ArrayBuffer { constructor() { super(8, { maxByteLength: 1e9 }) } })()`,
    `Reflect.construct(ArrayBuffer, [8, { maxByteLength: 1e9 }], Array)`,
    `Reflect.construct(new Uint8Array(1).buffer.constructor, [8, { maxByteLength: 1e9 }])`,
    `new (ArrayBuffer[Symbol.species])(8, { maxByteLength: 1e9 })`,
    `new (new ArrayBuffer(8).slice(0).constructor)(8, { maxByteLength: 1e9 })`,
    `new (new ArrayBuffer(8).transfer(9).constructor)(8, { maxByteLength: 1e9 })`,
    `new (structuredClone(new ArrayBuffer(1)).constructor)(8, { maxByteLength: 1e9 })`,
    `new WebAssembly.Memory({ initial: 1, maximum: 2 }).buffer`,
    `new (new WebAssembly.Memory({ initial: 1 }).buffer.constructor)(8, { maxByteLength: 1e9 })`,
    `new Function('return new ArrayBuffer(8, { maxByteLength: 1e9 })')()`,
  ]
  const resizable = `Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'resizable').get`
  for (const attempt of attempts) expect(await guest.run(`return ${resizable}.call(${attempt})`), attempt).toBe(false)
  expect(await guest.run(`return ['resize' in ArrayBuffer.prototype, 'grow' in SharedArrayBuffer.prototype, 'wait' in Atomics, 'waitAsync' in Atomics, 'toResizableBuffer' in WebAssembly.Memory.prototype]`))
    .toEqual([false, false, false, false, false])
  guest.dispose()
})

test('a shared buffer does not grow, and is charged to the isolate', async () => {
  const guest = open({ memoryMb: 16 })
  const attempts = [
    `new SharedArrayBuffer(8, { maxByteLength: 1e9 })`,
    `Reflect.construct(SharedArrayBuffer, [8, { maxByteLength: 1e9 }])`,
    `new (class extends SharedArrayBuffer {})(8, { maxByteLength: 1e9 })`,
    `new (new SharedArrayBuffer(8).constructor)(8, { maxByteLength: 1e9 })`,
    `new (SharedArrayBuffer[Symbol.species])(8, { maxByteLength: 1e9 })`,
    `new (new SharedArrayBuffer(8).slice(0).constructor)(8, { maxByteLength: 1e9 })`,
    `new (new Uint8Array(new SharedArrayBuffer(8)).buffer.constructor)(8, { maxByteLength: 1e9 })`,
    `new (new WebAssembly.Memory({ shared: true, initial: 0, maximum: 0 }).buffer.constructor)(8, { maxByteLength: 1e9 })`,
  ]
  const growable = `Object.getOwnPropertyDescriptor(SharedArrayBuffer.prototype, 'growable').get`
  for (const attempt of attempts) expect(await guest.run(`return ${growable}.call(${attempt})`), attempt).toBe(false)
  await expect(guest.run(`const kept = []; for (let i = 0; i < 64; i++) kept.push(new SharedArrayBuffer(1e6))`)).rejects.toMatchObject({ name: 'RangeError' })
  await expect(guest.run(`SharedArrayBuffer(1)`)).rejects.toMatchObject({ name: 'TypeError' })
  guest.dispose()
})

test('a shared WebAssembly memory is a shared buffer that does not grow', async () => {
  const guest = open({ memoryMb: 16 })
  expect(await guest.run(`const memory = new WebAssembly.Memory({ initial: 1, maximum: 100, shared: true }); const { buffer } = memory; let grown = 'grown'
    try { memory.grow(1) } catch (error) { grown = error.name }
    return [memory instanceof WebAssembly.Memory, buffer instanceof SharedArrayBuffer, buffer.byteLength, Object.isFrozen(buffer), memory.buffer === buffer, grown]`))
    .toEqual([true, true, 65_536, true, true, 'RangeError'])
  await expect(guest.run(`const kept = []; for (let i = 0; i < 64; i++) kept.push(new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true }).buffer)`))
    .rejects.toMatchObject({ name: 'RangeError' })
  // A module that imports it finds no bytes, nothing to wait on, and no room to grow: (import "a" "m" (memory 0 1 shared)) with exports w: memory.atomic.wait32 at 0, g: memory.grow 1.
  const bytes = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 2, 9, 1, 1, 97, 1, 109, 2, 3, 0, 1, 3, 3, 2, 0, 0, 7, 9, 2, 1, 119, 0, 0, 1, 103, 0, 1,
    10, 21, 2, 12, 0, 65, 0, 65, 0, 66, 127, 254, 1, 2, 0, 11, 6, 0, 65, 1, 64, 0, 11,
  ]
  expect(await guest.run(`const memory = new WebAssembly.Memory({ initial: 0, maximum: 1, shared: true })
    let exports
    try { ({ exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(${JSON.stringify(bytes)})), { a: { m: memory } })) } catch (error) { return [error.name] }
    try { exports.w(); return ['waited'] } catch (error) { return [error.name, exports.g()] }`)).toEqual(['RuntimeError', -1])
  guest.dispose()
})

test('shared memory is no BufferSource, but where the standard allows it', async () => {
  const guest = open()
  expect(await guest.run(`const shared = new SharedArrayBuffer(4); const bytes = new Uint8Array(shared); bytes.set([104, 105])
    const outcomes = [new TextDecoder().decode(bytes.subarray(0, 2)), new TextDecoder().decode(shared).length, new TextEncoder().encodeInto('yo', bytes).written, bytes[0]]
    for (const use of [() => structuredClone(shared), () => structuredClone(bytes), () => crypto.getRandomValues(bytes)]) try { use(); outcomes.push('') } catch (error) { outcomes.push(error.name) }
    return outcomes`)).toEqual(['hi', 4, 2, 121, 'DataCloneError', 'DataCloneError', 'TypeError'])
  guest.dispose()
})

test('memory that the host handed over stays charged when it moves', async () => {
  const guest = open({ memoryMb: 32 })
  const keep = (move: string): string => `const text = '\u00fc'.repeat(5e5); const kept = []; for (let i = 0; i < 100; i++) kept.push(${move}); return kept.length`
  await expect(guest.run(keep('new TextEncoder().encode(text).buffer.transfer()'))).rejects.toThrow()
  guest.dispose()
  const other = open({ memoryMb: 32 })
  // A buffer that goes there and back leaves nothing behind.
  expect(await other.run(`let buffer = new TextEncoder().encode('\u00fc'.repeat(5e5)).buffer; for (let i = 0; i < 300_000; i++) buffer = buffer.transfer(); return buffer.byteLength`)).toBe(1e6)
  other.dispose()
})

test('buffers go on working', async () => {
  const guest = open()
  expect(await guest.run(`const b = new Uint8Array([1, 2, 3]).buffer; const c = b.transfer(); const d = c.transfer(5); const e = d.transferToFixedLength(2); class Sub extends ArrayBuffer {}
    return [b.detached, c.detached, d.detached, [...new Uint8Array(e)], b instanceof ArrayBuffer, new Sub(4).slice(1) instanceof Sub, new Sub(4).byteLength, ArrayBuffer.name, ArrayBuffer.length, ArrayBuffer.isView(new DataView(e)), Object.prototype.toString.call(e)]`))
    .toEqual([true, true, true, [1, 2], true, true, 4, 'ArrayBuffer', 1, true, '[object ArrayBuffer]'])
  await expect(guest.run(`ArrayBuffer(1)`)).rejects.toMatchObject({ name: 'TypeError' })
  await expect(guest.run(`new ArrayBuffer(-1)`)).rejects.toMatchObject({ name: 'RangeError' })
  guest.dispose()
})

test.each([
  ['no maximum', [0, 1]],
  ['a maximum of 4 GB', [1, 1, 0x80, 0x80, 4]],
] as const)('a module with %s can not grow beyond the limit', async (_, limits) => {
  const guest = open({ memoryMb: 16 })
  expect(await guest.run(`const { exports } = new WebAssembly.Instance(${wasm(limits)}); return [exports.g(100), exports.g(1000), exports.m.buffer.byteLength / 65536]`)).toEqual([1, -1, 101])
  guest.dispose()
})

test('memories count together', async () => {
  const guest = open({ memoryMb: 16 })
  await expect(guest.run(`globalThis.kept = []; for (let i = 0; i < 300; i++) kept.push(new WebAssembly.Memory({ initial: 1, maximum: 10 }))`)).rejects.toThrow(/WebAssembly memory limit.*16 MB/)
  expect(await guest.run(`return kept.reduce((sum, m) => { try { m.grow(9) } catch {} return sum + m.buffer.byteLength }, 0) <= 16 * 1024 * 1024`)).toBe(true)
  guest.dispose()
  const other = open({ memoryMb: 16 })
  await expect(other.run(`const m = ${wasm([1, 1, 100])}; globalThis.kept = []; for (let i = 0; i < 300; i++) kept.push(new WebAssembly.Instance(m).exports.g)`)).rejects.toThrow(/WebAssembly memory limit/)
  // Each of the first two has the hundred pages that it declares; the rest share what is left.
  expect(await other.run(`return kept.slice(0, 4).map((grow) => [grow(50), grow(49), grow(200)])`)).toEqual([[1, 51, -1], [1, 51, -1], [-1, -1, -1], [-1, -1, -1]])
  expect(await other.run(`return kept.reduce((sum, grow) => { while (grow(1) >= 0); return sum + grow(0) }, 0) <= 16 * 16`)).toBe(true)
  other.dispose()
})

test('modules that were compiled together share the limit when they are instantiated', async () => {
  const guest = open({ memoryMb: 16 })
  // Without a maximum each could have half of all; instantiated, each gets half of what the others left.
  expect(await guest.run(`const modules = [1, 2, 3, 4].map(() => ${wasm([0, 1])}); globalThis.kept = modules.map((m) => new WebAssembly.Instance(m))
    return [modules.every((m) => m instanceof WebAssembly.Module), kept.map(({ exports: { g } }) => { while (g(1) >= 0); return g(0) })]`)).toEqual([true, [128, 64, 32, 16]])
  guest.dispose()
})

test.each([
  [`new WebAssembly.Memory({ initial: 1, shared: true })`],
  [`new WebAssembly.Memory({ initial: 10000, maximum: 10000, shared: true })`],
  [wasm([3, 1, 2])],
  [`new WebAssembly.Memory({ initial: 10000 })`],
  [`(() => { let n = 0; return new WebAssembly.Memory({ get initial() { return n++ ? 60000 : 1 }, get shared() { return n++ > 5 } }).grow(5000) })()`],
  [`new (Object.getPrototypeOf(class extends WebAssembly.Memory {}))({ initial: 9000 })`],
  [`new (new WebAssembly.Memory({ initial: 1 }).constructor)({ initial: 9000 })`],
  [`Reflect.construct(WebAssembly.Memory.prototype.constructor, [{ initial: 9000 }], Object)`],
])('refuses %s', async (attempt) => {
  const guest = open({ memoryMb: 16 })
  await expect(guest.run(`return typeof ${attempt}`)).rejects.toThrow()
  guest.dispose()
})

test('modules that come in responses are capped like any other', async () => {
  const guest = open({ memoryMb: 16 })
  const response = `new Response(new Uint8Array(${moduleWithMemory([0, 1])}), { headers: { 'content-type': 'application/wasm' } })`
  expect(await guest.run(`const { instance } = await WebAssembly.instantiateStreaming(${response}); return instance.exports.g(60_000)`)).toBe(-1)
  expect(await guest.run(`const module = await WebAssembly.compileStreaming(${response}); return new WebAssembly.Instance(module).exports.g(60_000)`)).toBe(-1)
  const patches = `Response.prototype.arrayBuffer = Response.prototype.bytes = Headers.prototype.get = () => { throw new Error('patched') }`
  expect(await guest.run(`${patches}; return (await WebAssembly.instantiateStreaming(${response})).instance.exports.g(60_000)`)).toBe(-1)
  guest.dispose()
})

test('patched built-ins do not open the limit', async () => {
  const patches = `
    Uint8Array.prototype.slice = Uint8Array.prototype.subarray = Uint8Array.prototype.set = function () { return this }
    WeakMap.prototype.get = () => 0; WeakRef.prototype.deref = () => undefined; Array.prototype.filter = Array.prototype.reduce = () => []
    Array.prototype[Symbol.iterator] = function* () {}; Math.floor = Math.max = Math.min = Math.trunc = () => 65536; Reflect.construct = () => ({}); Reflect.apply = () => 0
    Object.values = () => []; globalThis.Number = () => 65536; Function.prototype.call = Function.prototype.apply = () => 65536
    Object.defineProperty(Array.prototype, 0, { set() {}, get() { return 65536 }, configurable: true })
    const original = Uint8Array; globalThis.Uint8Array = function () { return new original(9) }
    Object.defineProperty(original.prototype, 'length', { get: () => 8 }); Object.defineProperty(original.prototype, 'byteLength', { get: () => 8 })`
  const guest = open({ memoryMb: 16 })
  expect(await guest.run(`const bytes = new Uint8Array(${moduleWithMemory([0, 1])}); let grown; { ${patches}; grown = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.g(1000) } return grown`)).toBe(-1)
  guest.dispose()
})

test('asynchronous compile and instantiate settle', async () => {
  const guest = open()
  expect(await guest.run(`const bytes = new Uint8Array(${moduleWithMemory([0, 1])}); const { module, instance } = await WebAssembly.instantiate(bytes); const again = await WebAssembly.instantiate(await WebAssembly.compile(bytes.buffer))
    return [module instanceof WebAssembly.Module, instance instanceof WebAssembly.Instance, again.exports.g(1), WebAssembly.validate(bytes), WebAssembly.Module.exports(module).length, (await WebAssembly.compile(new Uint8Array(3)).catch((e) => e.name)), instance.exports.m instanceof WebAssembly.Memory]`))
    .toEqual([true, true, 1, true, 2, 'CompileError', true])
  await expect(guest.run(`await WebAssembly.instantiate(5)`)).rejects.toMatchObject({ name: 'TypeError' })
  guest.dispose()
})

/** A module of bytes with one table: `(table ...) (export "t" (table 0)) (func (export "g") (param i32) (result i32) ref.null func, local.get 0, table.grow)`. */
function moduleWithTable(table: readonly number[]): string {
  const bytes = [
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 4, table.length + 1, 1, ...table,
    7, 9, 2, 1, 0x74, 1, 0, 1, 0x67, 0, 0, 10, 11, 1, 9, 0, 0xd0, 0x70, 0x20, 0, 0xfc, 0x0f, 0, 0x0b,
  ]
  return `new WebAssembly.Module(new Uint8Array(${JSON.stringify(bytes)}))`
}

test.each([
  ['no maximum', [0x70, 0, 1]],
  ['a large maximum', [0x70, 1, 1, 0x80, 0x80, 0x80, 4]],
  ['a type by its number', [0x63, 0x70, 0, 1]],
  ['an initial value', [0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b]],
] as const)('a table of a module with %s does not grow beyond the limit', async (_, table) => {
  const guest = open({ memoryMb: 16 })
  expect(await guest.run(`const { exports } = new WebAssembly.Instance(${moduleWithTable(table)}); return [exports.g(1_000), exports.g(1_000_000), exports.t.length]`)).toEqual([1, -1, 1_001])
  guest.dispose()
})

test.each([
  [`new WebAssembly.Table({ initial: 1e7, element: 'externref' })`],
  [`new WebAssembly.Table({ minimum: 1e7, initial: 1e7, maximum: 1e7, element: 'anyfunc' })`],
  [`new WebAssembly.Table({ initial: 1, element: 'externref' }).grow(1e6)`],
  [`new WebAssembly.Table({ initial: 1, maximum: 1e7, element: 'externref' }).grow(1e6)`],
  [`new (Object.getPrototypeOf(class extends WebAssembly.Table {}))({ initial: 1e6, element: 'anyfunc' })`],
  [`new (new WebAssembly.Table({ initial: 1, element: 'anyfunc' }).constructor)({ initial: 1e6, element: 'anyfunc' })`],
  [`(() => { let n = 0; return new WebAssembly.Table({ get initial() { return n++ ? 1e7 : 1 }, element: 'externref' }).grow(1e6) })()`],
  [`(() => { for (const kept = [];;) kept.push(new WebAssembly.Table({ initial: 1e5, maximum: 1e5, element: 'externref' })) })()`],
  [moduleWithTable([0x70, 0, 0x80, 0x80, 0x80, 4])],
  // An expression that is none of the usual.
  [moduleWithTable([0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x1a, 0xd0, 0x70, 0x0b])],
])('refuses %s', async (attempt) => {
  const guest = open({ memoryMb: 16 })
  await expect(guest.run(`return typeof ${attempt}`)).rejects.toThrow()
  guest.dispose()
})

test('tables go on working', async () => {
  const guest = open()
  expect(await guest.run(`const table = new WebAssembly.Table({ initial: 2, element: 'externref' }, 'x'); const functions = new WebAssembly.Table({ initial: 1, maximum: 5, element: 'anyfunc' })
    const values = [table.get(1), table.grow(1, 'y'), table.get(2), table.length, functions.get(0), functions.grow(4), table instanceof WebAssembly.Table, WebAssembly.Table.name, WebAssembly.Table.length]
    for (const use of [() => functions.grow(1), () => WebAssembly.Table({}), () => new WebAssembly.Table({ initial: 1, element: 'no' }), () => new WebAssembly.Table({ element: 'anyfunc' }), () => new WebAssembly.Table()]) try { use(); values.push('') } catch (error) { values.push(error.name) }
    return values`)).toEqual(['x', 2, 'y', 3, null, 1, true, 'Table', 1, 'RangeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'])
  guest.dispose()
})

test('what instances of earlier turns had is there again', async () => {
  const guest = open({ memoryMb: 16 })
  await guest.run(`globalThis.module = ${wasm([0, 1])}`)
  for (let turn = 0; turn < 40; turn++) {
    guest.event(GuestEvent.credit, 77, 1)
    // Each may grow to an eighth of all at least.
    expect(await guest.run(`return new WebAssembly.Instance(module).exports.g(30)`)).toBe(1)
  }
  guest.event(GuestEvent.credit, 77, 1)
  expect(await guest.run(`return new WebAssembly.Memory({ initial: 200, maximum: 200 }).buffer.byteLength`)).toBe(200 * 65_536)
  guest.dispose()
})

test('what is in use stays counted from turn to turn', async () => {
  const guest = open({ memoryMb: 16 })
  await guest.run(`globalThis.kept = []`)
  const keep = async (): Promise<void> => {
    for (;;) {
      guest.event(GuestEvent.credit, 77, 1)
      await guest.run(`kept.push(new WebAssembly.Memory({ initial: 16, maximum: 16 }))`)
    }
  }
  await expect(keep()).rejects.toThrow(/WebAssembly memory limit: 1 MB wanted, 0 MB left of 16 MB/)
  expect(await guest.run(`return kept.length`)).toBe(16)
  guest.dispose()
})

/** `(import "m" "f" (func (result i32))) (func (export "g") (result i32) call 0)`, whose calls of `f` suspend it. */
const suspending = `const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 2, 7, 1, 1, 109, 1, 102, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 103, 0, 1, 10, 6, 1, 4, 0, 16, 0, 11))
  const waiting = []; const f = new WebAssembly.Suspending(() => new Promise((resolve) => waiting.push(resolve)))
  const g = WebAssembly.promising(new WebAssembly.Instance(module, { m: { f } }).exports.g)`

test('so many calls of WebAssembly may be suspended, and go on', async () => {
  const guest = open()
  expect(await guest.run(`${suspending}; const kept = []; let refused
    try { for (;;) kept.push(g()) } catch (error) { refused = error.name }
    const { length } = kept; for (const resolve of waiting.splice(0)) resolve(7)
    const answers = await Promise.all(kept); const again = g(); waiting.pop()(8)
    return [length, refused, answers.every((answer) => answer === 7), await again, WebAssembly.promising.name]`)).toEqual([1_000, 'RangeError', true, 8, 'promising'])
  await expect(guest.run(`WebAssembly.promising(() => 1)`)).rejects.toMatchObject({ name: 'TypeError' })
  guest.dispose()
})

test('calls of WebAssembly that failed are suspended no more, and what they throw arrives', async () => {
  const guest = open()
  expect(await guest.run(`${suspending.replace('new Promise(', 'Promise.reject(new RangeError("no"), ')}; const seen = new Set()
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 900 }, () => g().catch((error) => seen.add(error.message))))
    return [...seen]`)).toEqual(['no'])
  guest.dispose()
})
