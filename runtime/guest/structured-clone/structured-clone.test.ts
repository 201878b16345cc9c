import { expect, test } from 'vitest'
import { guestFactory, runInNode } from '../../../test/helpers/guest-isolate.ts'

const guest = (await guestFactory())()

const same = async (body: string): Promise<void> => {
  expect(await guest.run(body)).toEqual(await runInNode(body))
}

test('clones what servers pass around', async () => {
  await same(`const d = new Date(5); const r = /a/gi; r.lastIndex = 3; const o = { d, r, m: new Map([[{ k: 1 }, new Set([1])]]), n: null, u: undefined, b: Object(1n) !== null, s: Object('s'), deep: [[1, , 3]], [Symbol('x')]: 1, get g() { return 4 } }
    o.self = o; const c = structuredClone(o)
    return [c.d.getTime(), c.d !== d, c.r.source, c.r.flags, c.r.lastIndex, r.lastIndex, [...c.m][0][0], [...[...c.m][0][1]], c.n, 'u' in c, typeof c.s, String(c.s), c.deep, 1 in c.deep[0], c.g, Reflect.ownKeys(c).length, c.self === c, Object.getOwnPropertyDescriptor(c, 'g').writable]`)
  await same(`const b = new ArrayBuffer(8); const o = { a: new Uint8Array(b, 2, 3), f: new Float64Array(b), v: new DataView(b, 1), b }; o.a[0] = 7; const c = structuredClone(o)
    return [c.a.buffer === c.b, c.f.buffer === c.b, c.v.byteOffset, c.v.byteLength, [...c.a], c.b !== b, c.a.constructor.name]`)
  await same(`const e = new RangeError('m', { cause: { x: 1 } }); const c = structuredClone(e); const n = structuredClone(Object.assign(new Error('q'), { name: 'Custom' }))
    return [c instanceof RangeError, c.message, c.cause, Object.prototype.toString.call(c), c.name, n.name, n.message, c.stack === e.stack]`)
  await same(`class P { x = 1; #y = 2 } const c = structuredClone(new P()); return [c.constructor === Object, c.x, structuredClone('s'), structuredClone(1n) === 1n, structuredClone(undefined) === undefined, JSON.stringify(structuredClone(JSON.parse('{"__proto__":{"a":1}}')))]`)
  await same(`return [structuredClone(Object.create(Date.prototype)) instanceof Date, structuredClone(Object.create(null)) !== null, structuredClone(new DOMException('m', 'AbortError')).name]`)
})

test('clones exceptions with their stack', async () => {
  expect(await guest.run(`const e = new DOMException('m', 'AbortError'); const c = structuredClone(e); const q = structuredClone(new QuotaExceededError('full', { quota: 5 }))
    return [c.name, c.message, c.code, c.stack === e.stack, c instanceof DOMException, q instanceof QuotaExceededError, q.name, q.quota, q.requested]`))
    .toEqual(['AbortError', 'm', 20, true, true, true, 'QuotaExceededError', 5, null])
})

test('transfers buffers', async () => {
  await same(`const b = new Uint8Array([1, 2, 3]).buffer; const o = { v: new Uint8Array(b, 1) }; const c = structuredClone(o, { transfer: [b] }); return [b.byteLength, b.detached, [...c.v], o.v.length]`)
  await same(`const b = new ArrayBuffer(4); const names = []; for (const t of [[b, b], [{}], [5]]) { try { structuredClone(1, { transfer: t }) } catch (e) { names.push(e.name) } } try { structuredClone({ b, f() {} }, { transfer: [b] }) } catch {} return [b.byteLength, names.length]`)
})

test('transfers streams, whose chunks are cloned on the way', async () => {
  expect(await guest.run(`const chunk = { n: 1 }; const from = new ReadableStream({ start(c) { c.enqueue(chunk); c.close() } }); const to = structuredClone({ from }, { transfer: [from] }).from
    const chunks = []; for await (const c of to) chunks.push(c.n, c !== chunk); return [chunks, from.locked, to instanceof ReadableStream]`)).toEqual([[1, true], true, true])
  expect(await guest.run(`const seen = []; const from = new WritableStream({ write: (c) => void seen.push(c), close: () => void seen.push('closed') }); const to = structuredClone(from, { transfer: [from] })
    const w = to.getWriter(); w.write('a'); await w.close(); return [seen, from.locked]`)).toEqual([['a', 'closed'], true])
  expect(await guest.run(`const from = new TransformStream({ transform: (c, t) => t.enqueue(c + 1) }); const to = structuredClone(from, { transfer: [from] }); const out = []
    const source = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2); c.close() } }); for await (const c of source.pipeThrough(to)) out.push(c); return out`)).toEqual([2, 3])
  expect(await guest.run(`const from = new ReadableStream({ start(c) { c.error(new RangeError('bad')) } }); const to = structuredClone(from, { transfer: [from] }); try { await to.getReader().read() } catch (e) { return e.message }`)).toBe('bad')
  await expect(guest.run(`const s = new ReadableStream(); s.getReader(); structuredClone(s, { transfer: [s] })`)).rejects.toMatchObject({ name: 'DataCloneError' })
  await expect(guest.run(`const s = new ReadableStream(); structuredClone(s)`)).rejects.toMatchObject({ name: 'DataCloneError' })
})

test('blobs and files', async () => {
  expect(await guest.run(`const f = structuredClone(new File(['abc'], 'n', { type: 'a/b', lastModified: 3 })); const b = structuredClone({ b: new Blob(['x'], { type: 't/u' }) }).b; return [f instanceof File, f.name, f.lastModified, f.type, await f.text(), b.type, await b.text()]`))
    .toEqual([true, 'n', 3, 'a/b', 'abc', 't/u', 'x'])
})

test.each([`() => {}`, `Symbol('x')`, `Promise.resolve()`, `new WeakMap()`, `{ a: [() => {}] }`, `new EventTarget()`, `new Headers()`, `new (class extends EventTarget {})()`, `Object(Symbol())`])(
  'refuses %s with DataCloneError',
  async (value) => {
    await expect(guest.run(`structuredClone(${value})`)).rejects.toMatchObject({ name: 'DataCloneError' })
  },
)
