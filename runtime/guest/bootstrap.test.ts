import { expect, test } from 'vitest'
import { guestFactory } from '../../test/helpers/guest-isolate.ts'

const open = await guestFactory()

test('boots, deletes its entry and answers', async () => {
  const guest = open()
  expect(await guest.run(`return [typeof __skerryBoot, typeof fetch, typeof SharedArrayBuffer, typeof WebAssembly, navigator.userAgent]`))
    .toEqual(['undefined', 'function', 'undefined', 'object', 'Skerry'])
  guest.dispose()
})
