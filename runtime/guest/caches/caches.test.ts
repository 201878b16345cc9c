import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'

const open = await guestFactory()
const guest = open()

test('stores answers whole and gives each anew', async () => {
  expect(await guest.run(`const c = await caches.open('a'); const given = new Response('text', { status: 201, statusText: 'Made', headers: { 'x-a': 'b' } })
    const undef = await c.put('http://h/x#f', given); const one = await c.match('http://h/x'); const two = await c.match(new Request('http://h/x'))
    return [undef === undefined, given.bodyUsed, one.status, one.statusText, one.headers.get('x-a'), await one.text(), await two.text(), one !== two, (await c.keys()).map((r) => r.url), await c.match('http://h/y') === undefined]`))
    .toEqual([true, true, 201, 'Made', 'b', 'text', 'text', true, ['http://h/x#f'], true])
})

test('queries by method, search and Vary; the newest of a request stays', async () => {
  expect(await guest.run(`const c = await caches.open('b'); const put = (url, text, init, vary) => c.put(new Request(url, init), new Response(text, vary ? { headers: { vary } } : {}))
    await put('http://h/?q=1', 'one'); await put('http://h/?q=2', 'two'); await put('http://h/?q=1', 'three')
    await put('http://h/v', 'de', { headers: { 'accept-language': 'de' } }, 'Accept-Language'); await put('http://h/v', 'en', { headers: { 'accept-language': 'en' } }, 'accept-language')
    const text = async (r) => r && r.text(); const get = async (...a) => text(await c.match(...a)); const post = new Request('http://h/?q=2', { method: 'POST' })
    return [await get('http://h/?q=1'), (await c.matchAll('http://h/', { ignoreSearch: true })).length, await get(post) ?? null, await get(post, { ignoreMethod: true }),
      await get(new Request('http://h/v', { headers: { 'accept-language': 'en' } })), await get('http://h/v') ?? null, await get('http://h/v', { ignoreVary: true }),
      Object.isFrozen(await c.matchAll()), (await c.keys('http://h/?q=2')).length, await c.delete('http://h/', { ignoreSearch: true }), await c.delete('http://h/'), (await c.keys()).length]`))
    .toEqual(['three', 2, null, 'two', 'en', null, 'de', true, 1, true, false, 2])
})

test('the storage opens, has, lists, matches and deletes', async () => {
  const other = open()
  expect(await other.run(`const a = await caches.open('a'); const b = await caches.open('b'); await a.put('http://h/', new Response('a')); await b.put('http://h/', new Response('b')); await caches.default.put('http://h/d', new Response('d'))
    return [await caches.keys(), await (await caches.match('http://h/')).text(), await (await caches.match('http://h/', { cacheName: 'b' })).text(), await caches.match('http://h/', { cacheName: 'c' }) === undefined, await caches.match('http://h/d') === undefined,
      await (await caches.open('a')).match('http://h/') !== undefined, await caches.has('a'), await caches.delete('a'), await caches.delete('a'), await caches.has('a'), (await a.keys()).length, caches.default === caches.default, caches instanceof CacheStorage, a instanceof Cache, String(caches)]`))
    .toEqual([['a', 'b'], 'a', 'b', true, true, true, true, true, false, false, 1, true, true, true, '[object CacheStorage]'])
  other.dispose()
})

test('is bounded: the oldest go first, what is too large is not kept', async () => {
  expect(await guest.run(`const c = await caches.open('big'); for (let i = 0; i < 10; i++) await c.put('http://h/' + i, new Response(new Uint8Array(900_000))); await c.put('http://h/huge', new Response(new Uint8Array(2_000_000)))
    return (await c.keys()).map((r) => new URL(r.url).pathname)`)).toEqual(['/6', '/7', '/8', '/9'])
})

test.each([
  [`new Cache()`, 'TypeError'],
  [`await caches.open()`, 'TypeError'],
  [`await caches.default.put(new Request('http://h/', { method: 'POST' }), new Response(''))`, 'TypeError'],
  [`await caches.default.put('data:,x', new Response(''))`, 'TypeError'],
  [`await caches.default.put('http://h/', 'text')`, 'TypeError'],
  [`await caches.default.put('http://h/', new Response('', { status: 206 }))`, 'TypeError'],
  [`await caches.default.put('http://h/', new Response('', { headers: { vary: 'a, *' } }))`, 'TypeError'],
  [`const r = new Response('x'); await r.text(); await caches.default.put('http://h/', r)`, 'TypeError'],
  [`await caches.default.addAll([new Request('http://h/', { method: 'POST' })])`, 'TypeError'],
  [`await caches.default.addAll('http://h/')`, 'TypeError'],
  [`await Cache.prototype.match.call({}, 'http://h/')`, 'TypeError'],
])('%s is a %s', async (code, name) => {
  await expect(guest.run(code)).rejects.toMatchObject({ name })
})
