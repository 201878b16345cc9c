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
