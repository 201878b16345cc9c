import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeyRing } from './key-ring.ts'
import { keyFile, keyText } from './key-source.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-keys-'))
})
afterEach(() => rm(directory, { recursive: true }))

const key = Buffer.alloc(32, 7)

test('a ring is the same from bytes, base64 and hex, with comments and commas', () => {
  const { id } = KeyRing.parse(key).newest
  for (const text of [key.toString('base64'), key.toString('base64url'), `# mine\n${key.toString('hex')} # yes\n`]) {
    expect(KeyRing.parse(text).newest.id).toBe(id)
  }
  const two = KeyRing.parse(`${Buffer.alloc(32, 8).toString('base64')},${key.toString('base64')}`)
  expect(two.keys.map((one) => one.id)).toEqual([expect.not.stringMatching(id), id])
})

test('what comes from the newest key is the same when the older ones are gone, and what comes from the root where the root is named', () => {
  const [newer, older] = [Buffer.alloc(32, 8).toString('base64'), key.toString('base64')]
  const [both, alone] = [KeyRing.parse(`${newer},${older}`), KeyRing.parse(newer)]
  expect(alone.deriveEach('a')).toEqual([both.deriveEach('a')[0]])
  expect(both.deriveEach('a')[1]).toEqual(KeyRing.parse(older).deriveEach('a')[0])
  expect(both.deriveEach('b')[0]).not.toEqual(both.deriveEach('a')[0])
  expect(alone.derive('a')).not.toEqual(both.derive('a'))
})

test('refuses what is no key, and shows nothing of it', () => {
  for (const text of ['', '# nothing', 'short', `${key.toString('base64')}x`, 'derive:nonsense', `derive:${key.toString('hex')}`]) {
    expect(() => KeyRing.parse(text)).toThrow(expect.objectContaining({ code: 'config_invalid' }) as Error)
  }
  expect(() => KeyRing.parse('hunter2hunter2')).not.toThrow(/hunter2/)
})

test('what is derived outlives every key, and tells nothing of others', () => {
  const first = KeyRing.create()
  const rotated = KeyRing.parse(first.withNewKey().withNewestOnly().toText())
  expect(rotated.newest.id).not.toBe(first.newest.id)
  expect(rotated.derive('log')).toEqual(first.derive('log'))
  expect(first.derive('other')).not.toEqual(first.derive('log'))
  expect(KeyRing.create().derive('log')).not.toEqual(first.derive('log'))
})

test('a key file is made once, for its owner only, and a broken one is refused', async () => {
  const file = join(directory, 'key')
  const { id } = (await keyFile(file).read()).newest
  expect((await keyFile(file).read()).newest.id).toBe(id)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await writeFile(file, 'short')
  await expect(keyFile(file).read()).rejects.toThrow(expect.objectContaining({ code: 'config_invalid' }) as Error)
  expect((await keyText('SKERRY_KEY', key.toString('base64')).read()).keys).toHaveLength(1)
})
