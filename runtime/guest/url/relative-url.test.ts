import { expect, test } from 'vitest'
import { guestFactory } from '../../../test/helpers/guest-isolate.ts'

const createGuest = await guestFactory()

test('relative URLs do not parse in a function', async () => {
  await expect(createGuest().run("return new Request('/path').url")).rejects.toMatchObject({ name: 'TypeError' })
})

test('relative URLs resolve against a location that code sets', async () => {
  const guest = createGuest()
  await guest.run("globalThis.location = { href: 'https://example.test/a/b' }")
  expect(await guest.run("return [new Request('../c').url, Response.redirect('?d').headers.get('location'), new Request('http://other.test').url]")).toEqual([
    'https://example.test/c', 'https://example.test/a/b?d', 'http://other.test/',
  ])
})
