import { expect, test } from 'vitest'
import { guestFactory, runInNode } from '../../../test/helpers/guest-isolate.ts'

const guest = (await guestFactory())()

const same = async (body: string): Promise<void> => {
  expect(await guest.run(body)).toEqual(await runInNode(body))
}

test('blobs join parts, slice and read', async () => {
  await same(`const b = new Blob(['aé', new Uint8Array([1, 2]), new Uint8Array([9, 8, 7]).buffer, new Blob(['in']), 5, new DataView(new ArrayBuffer(2))], { type: 'Text/PLAIN' })
    const s = b.slice(1, -3, 'X/Y'); return [b.size, b.type, [...new Uint8Array(await b.arrayBuffer())], s.size, s.type, await s.text(), [...await b.bytes()], b.slice(5, 2).size, b.slice(-4).size, new Blob().size, new Blob([], { type: 'é' }).type]`)
  await same(`const chunks = []; for await (const c of new Blob(['x'.repeat(70000)]).stream()) chunks.push(c.length); return chunks.reduce((a, b) => a + b)`)
  await same(`const out = []; for await (const c of new Blob([]).stream()) out.push(c); return out`)
  await same(`const source = new Uint8Array([1]); const b = new Blob([source]); source[0] = 2; return [...await b.bytes()]`)
  await expect(guest.run(`new Blob('text')`)).rejects.toMatchObject({ name: 'TypeError' })
  await expect(guest.run(`await Blob.prototype.text.call({})`)).rejects.toMatchObject({ name: 'TypeError' })
})

test('byob readers read blobs', async () => {
  expect(await guest.run(`const r = new Blob(['abc']).stream().getReader({ mode: 'byob' }); const a = await r.read(new Uint8Array(10)); const b = await r.read(new Uint8Array(10)); return [a.value.length, a.done, b.done]`)).toEqual([3, false, true])
})

test('files', async () => {
  await same(`const f = new File(['abc'], 'n\\uD800.txt', { type: 'a/b', lastModified: 5 }); return [f.name, f.size, f.type, f.lastModified, f instanceof Blob, await f.slice(1).text(), Object.prototype.toString.call(f)]`)
  expect(await guest.run(`return new File([], 'x').lastModified`)).toBe(1_767_225_600_000)
})

test('arguments are converted from left to right, options in order', async () => {
  await same(`const log = []; const part = { toString() { log.push('part'); return 'x' } }
    const options = { get endings() { log.push('endings') }, get type() { log.push('type'); return { toString() { log.push('to type'); return 'a/b' } } }, get lastModified() { log.push('modified') } }
    new File([part], { toString() { log.push('name'); return 'n' } }, options); return log.filter((entry) => entry !== 'name').length`)
  expect(await guest.run(`const log = []
    new File([{ toString() { log.push('part'); return 'x' } }], { toString() { log.push('name'); return 'n' } }, { get endings() { log.push('endings') }, get type() { log.push('type') }, get lastModified() { log.push('modified') } })
    return log`)).toEqual(['part', 'name', 'endings', 'type', 'modified'])
  await expect(guest.run(`new Blob([], { endings: 'windows' })`)).rejects.toMatchObject({ name: 'TypeError' })
  await expect(guest.run(`new Blob([]).slice(1n)`)).rejects.toMatchObject({ name: 'TypeError' })
})

test('native line endings are line feeds', async () => {
  expect(await guest.run(`return await new Blob(['a\\r\\nb\\rc\\n'], { endings: 'native' }).text()`)).toBe('a\nb\nc\n')
})

test('slices and copies of a large blob take no memory of their own', async () => {
  expect(await guest.run(`const blob = new Blob([new Uint8Array(16 * 1024 * 1024)]); const kept = []
    for (let i = 0; i < 200; i++) kept.push(blob.slice(i), new Blob([blob]), new File([blob], 'f'))
    return kept.length`)).toBe(600)
})

test('object URLs lead to their blob until they are revoked', async () => {
  expect(await guest.run(`const blob = new Blob(['abc'], { type: 'a/b' }); const url = URL.createObjectURL(blob); const request = new Request(url)
    const first = await fetch(url + '#x'); URL.revokeObjectURL(url)
    const gone = await fetch(url).catch((error) => error.name); const kept = await fetch(request)
    return [/^blob:null\\/[0-9a-f-]{36}$/.test(url), first.status, [...first.headers], await first.text(), gone, await kept.text()]`))
    .toEqual([true, 200, [['content-length', '3'], ['content-type', 'a/b']], 'abc', 'TypeError', 'abc'])
  await expect(guest.run(`URL.createObjectURL({})`)).rejects.toMatchObject({ name: 'TypeError' })
})
