import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from './sqlite-store.ts'

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-schema-'))
  file = join(directory, 'control-plane.db')
})
afterEach(() => rm(directory, { recursive: true }))

test('a database of a newer release is refused, and stays as it is', async () => {
  const store = openSqliteStore({ file })
  await store.commit({ writes: [{ kind: 'putRecord', collection: 'one', key: 'a', value: 1 }], timeMs: 1 })
  await store.close()
  const database = new DatabaseSync(file)
  database.exec('INSERT INTO schema_version (version) VALUES (1000); CREATE TABLE later (key TEXT)')
  database.close()
  const before = await readFile(file)
  for (const mode of ['durable', 'read'] as const) {
    expect(() => openSqliteStore({ file, mode })).toThrow(expect.objectContaining({ code: 'storage_newer', message: expect.stringContaining('1000') as string }) as Error)
  }
  expect((await readFile(file)).equals(before)).toBe(true)
})

test('a database of an older release is not changed by who only reads', async () => {
  const store = openSqliteStore({ file })
  await store.close()
  const database = new DatabaseSync(file)
  database.exec('DELETE FROM schema_version WHERE version > 2')
  database.close()
  const before = await readFile(file)
  expect(() => openSqliteStore({ file, mode: 'read' })).toThrow(expect.objectContaining({ code: 'conflict', message: expect.stringContaining('schema version 2') as string }) as Error)
  expect((await readFile(file)).equals(before)).toBe(true)
})
