import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSecretBox } from './secret-box.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-box-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('opens what it sealed, after a restart too, and the key is for its owner only', async () => {
  const file = join(directory, 'key')
  const sealed = (await openSecretBox(file)).seal('väl gömt', 'a/b')
  expect((await openSecretBox(file)).open(sealed, 'a/b')).toBe('väl gömt')
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('never seals alike, and opens nothing changed, moved or of another key', async () => {
  const box = await openSecretBox(join(directory, 'key'))
  const sealed = box.seal('x', 'a/b')
  expect(box.seal('x', 'a/b')).not.toBe(sealed)
  const changed = Buffer.from(sealed, 'base64')
  changed.writeUInt8(changed.readUInt8(13) ^ 1, 13)
  const other = await openSecretBox(join(directory, 'other'))
  for (const attempt of [() => box.open(sealed, 'a/c'), () => box.open(changed.toString('base64'), 'a/b'), () => other.open(sealed, 'a/b'), () => box.open('', 'a/b')]) {
    expect(attempt).toThrow(expect.objectContaining({ code: 'internal_error' }) as Error)
  }
})

test('says so where the key file is not one', async () => {
  await writeFile(join(directory, 'key'), 'short')
  await expect(openSecretBox(join(directory, 'key'))).rejects.toThrow('5 bytes instead of 32')
})

test('derives for each purpose what every replica with the key derives', async () => {
  const box = await openSecretBox(join(directory, 'key'))
  const derived = box.derive('log')
  expect(derived).toHaveLength(32)
  expect((await openSecretBox(join(directory, 'key'))).derive('log')).toEqual(derived)
  expect(box.derive('other')).not.toEqual(derived)
  expect((await openSecretBox(join(directory, 'other'))).derive('log')).not.toEqual(derived)
})
