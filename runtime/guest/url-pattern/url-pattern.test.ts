import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'

const guest = (await guestFactory())()

test('matches, with groups and a base', async () => {
  expect(await guest.run(`const p = new URLPattern('/books/:id(\\\\d+)\\\\?page=*', 'https://h.test'); const m = p.exec('/books/7?page=2', 'https://h.test')
    return [p.test('https://h.test/books/x?page='), m.pathname.groups, m.search.groups, m.inputs, p.hostname, p.hasRegExpGroups, Object.prototype.toString.call(p)]`))
    .toEqual([false, { id: '7' }, { 0: '2' }, ['/books/7?page=2', 'https://h.test'], 'h.test', true, '[object URLPattern]'])
  expect(await guest.run(`return [new URLPattern({ pathname: '/A' }, { ignoreCase: true }).test({ pathname: '/a' }), new URLPattern({ pathname: '/A' }).test({ pathname: '/a' }), URLPattern.length, URLPattern.name]`)).toEqual([true, false, 0, 'URLPattern'])
})

test.each([`new URLPattern('/no-base')`, `new URLPattern({ pathname: '(' })`, `new URLPattern('/x', 'https://h', 5)`, `URLPattern.prototype.test.call({})`])('%s is a TypeError', async (code) => {
  await expect(guest.run(code)).rejects.toMatchObject({ name: 'TypeError' })
})
