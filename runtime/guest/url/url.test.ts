import { expect, test } from 'vitest'
import { HostOperation } from '../../bridge/index.ts'
import { guestFactory, runInNode } from '../../../test/helpers/guest-isolate.ts'

const guest = (await guestFactory())()

const same = async (body: string): Promise<void> => {
  expect(await guest.run(body)).toEqual(await runInNode(body))
}

const parts = `['href','origin','protocol','username','password','host','hostname','port','pathname','search','hash']`

test.each([
  ['http://user:pa%20ss@Example.COM:8080/a/../b?q=1&r=ü#frag'],
  ['https://example.com:443'],
  ['file:///etc/x'],
  ['data:text/plain,hi there'],
  ['http://[::1]:3000/'],
  ['http://ex\nample.com/\t'],
  ['http://münchen.example/ß'],
  ['http://a.b/\uD800'],
])('parses %j as Node does', async (input) => {
  await same(`const url = new URL(${JSON.stringify(input)}); return ${parts}.map((key) => url[key])`)
})

test('resolves against a base and refuses what does not parse', async () => {
  await same(`return [new URL('../x?y', 'http://h/a/b/c').href, URL.canParse('nope'), URL.canParse('x', 'http://h'), URL.parse('nope'), String(URL.parse('/p', new URL('http://h')))]`)
  await expect(guest.run(`new URL('nope')`)).rejects.toMatchObject({ name: 'TypeError', message: 'Invalid URL' })
  await expect(guest.run(`new URL()`)).rejects.toMatchObject({ name: 'TypeError' })
})

test.each([
  ['protocol', 'https'], ['username', 'ü'], ['password', ':@'], ['host', 'other:99'], ['hostname', 'x.y'], ['port', '81'], ['port', 'abc'],
  ['pathname', '/a b'], ['search', '?é=1'], ['search', ''], ['hash', 'h h'], ['href', 'ftp://z/'], ['host', ''],
])('sets %s to %j as Node does', async (property, value) => {
  await same(`const url = new URL('http://user@h:80/p?q#f'); const params = url.searchParams; url[${JSON.stringify(property)}] = ${JSON.stringify(value)};
    return [...${parts}.map((key) => url[key]), [...params]]`)
})

test('search parameters and URL follow each other', async () => {
  await same(`const url = new URL('http://h/?a=1&b=2'); const p = url.searchParams; p.append('c d', 'é&='); const first = url.href
    p.delete('a'); p.set('b', "it's!"); url.search = '?z=%41'; const second = [...p]; p.delete('z'); return [first, second, url.href, p === url.searchParams, p.size]`)
})

test.each([
  [`'?a=1&a=2&b'`], [`'a+b=%20%zz%FF&=&&x'`], [`'%EF%BB%BFa=%F0%9F%92%A9'`], [`[['a','1'],['b','2']]`], [`{ a: 1, b: 'é' }`], [`new URLSearchParams('q=1')`],
  [`new Map([['k', 'v']])`], [`undefined`], [`'\\uD83D=x'`],
])('URLSearchParams takes %s', async (init) => {
  await same(`const p = new URLSearchParams(${init}); return [String(p), [...p.keys()], [...p.values()], p.size, p.get('a'), p.getAll('a'), p.has('a', '2'), p.has('zz')]`)
})

test('URLSearchParams sorts, iterates live and checks its arguments', async () => {
  await same(`const p = new URLSearchParams('z=1&a=2&z=0&\u{1F600}=3&\uFB03=4'); p.sort(); const seen = []; p.forEach((v, k, o) => seen.push(k, v, o === p)); return [String(p), seen]`)
  await same(`const p = new URLSearchParams('a=1&b=2&c=3'); const seen = []; for (const [k] of p) { seen.push(k); p.delete('b') } return seen`)
  await same(`return [Object.prototype.toString.call(new URLSearchParams()), Object.prototype.toString.call(new URLSearchParams().entries()), URLSearchParams.prototype.entries === URLSearchParams.prototype[Symbol.iterator], Object.keys(URL.prototype).sort()]`)
  await expect(guest.run(`new URLSearchParams([['only']])`)).rejects.toMatchObject({ name: 'TypeError' })
  await expect(guest.run(`new URLSearchParams().append('a')`)).rejects.toMatchObject({ name: 'TypeError' })
})

test('many changes of the parameters are one of the URL', async () => {
  let updates = 0
  const isolate = (await guestFactory())({
    override({ operation }) {
      if (operation === HostOperation.urlSet) updates += 1
      return undefined
    },
  })
  expect(await isolate.run(`const url = new URL('http://h/?a=1#f'); for (let i = 0; i < 1_000; i++) url.searchParams.append('k', i)
    url.searchParams.delete('k'); url.searchParams.set('a', 2); const seen = [url.href, url.search]; url.searchParams.delete('a'); url.hash = ''
    return [...seen, String(url), JSON.stringify(url)]`)).toEqual(['http://h/?a=2#f', '?a=2', 'http://h/', '"http://h/"'])
  // One for each look after a change, and one for the hash.
  expect(updates).toBe(3)
})
