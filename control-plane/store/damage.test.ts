import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { versionConfigSchema } from '../protocol/index.ts'
import { findDamage } from './sqlite-check.ts'
import { openSqliteStore } from './sqlite-store.ts'
import type { Store, StoreWrite } from './store.ts'

const pageBytes = 4_096
const damaged = expect.objectContaining({ code: 'storage_corrupt' }) as Error

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-damage-'))
  file = join(directory, 'store.db')
})
afterEach(() => rm(directory, { recursive: true }))

/** Enough for trees of several levels in every table that matters. */
async function fill(store: Store): Promise<void> {
  const writes = Array.from({ length: 600 }, (_, index): StoreWrite[] => [
    {
      kind: 'putVersion',
      version: {
        account: 'default', function: 'hello', version: `01J${String(index).padStart(23, '0')}`, artifactHash: 'a'.repeat(64), artifactBytes: 3,
        config: versionConfigSchema.parse({}), createdMs: 1, message: 'first', sourceMapHash: undefined, status: 'stored', isLoaded: false, routes: [],
      },
    },
    { kind: 'putRecord', collection: 'one', key: String(index), value: 'x'.repeat(200) },
  ])
  await store.commit({ writes: writes.flat(), timeMs: 1 })
}

async function overwritePages(first: number, last: number): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    for (let page = first; page < last; page += 1) await handle.write(Buffer.alloc(pageBytes, 0x5a), 0, pageBytes, page * pageBytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

test('what is no database is not opened, and stays as it is', async () => {
  const garbage = Buffer.alloc(20_000, 'no database ')
  for (const bytes of [garbage, Buffer.alloc(0)]) {
    await writeFile(file, bytes)
    expect(() => openSqliteStore({ file })).toThrow(damaged)
    expect(await readFile(file)).toEqual(bytes)
  }
})

test('damage is found when the store is opened, whichever page it is in, and so is a file that is cut off', async () => {
  const store = openSqliteStore({ file })
  await fill(store)
  await store.close()
  const whole = await readFile(file)
  const pages = whole.length / pageBytes
  expect(pages).toBeGreaterThan(100)
  for (let page = 0; page < pages; page += 7) {
    await writeFile(file, whole)
    await overwritePages(page, Math.min(pages, page + 3))
    expect(() => openSqliteStore({ file }), `page ${page}`).toThrow(damaged)
  }
  await writeFile(file, whole.subarray(0, whole.length / 2))
  expect(() => openSqliteStore({ file })).toThrow(damaged)
})

test('once damage is found nothing is read or written any more', async () => {
  const filled = openSqliteStore({ file })
  await fill(filled)
  await filled.close()
  const store = openSqliteStore({ file })
  expect(await store.readRecord('one', '0')).toBeDefined()
  await overwritePages(20, (await stat(file)).size / pageBytes)
  const image = await store.openImage().catch((error: unknown) => error)
  if (!(image instanceof Error)) expect(() => [...(image as Awaited<ReturnType<Store['openImage']>>).items()]).toThrow(damaged)
  const before = await readFile(file)
  await expect(store.readRecord('one', '0')).rejects.toThrow(damaged)
  await expect(store.readSnapshot()).rejects.toThrow(damaged)
  await expect(store.commit({ writes: [{ kind: 'putRecord', collection: 'one', key: 'new', value: 1 }], timeMs: 2 })).rejects.toThrow(damaged)
  await store.close()
  expect((await readFile(file)).equals(before)).toBe(true)
})

test('a value that was changed on disk is not served, whatever it was changed into, and is named', async () => {
  const store = openSqliteStore({ file })
  await fill(store)
  await store.commit({
    writes: [{ kind: 'putFunction', state: { account: 'default', function: 'hello', routes: [], shares: [], versions: [], secrets: {} } }],
    change: { kind: 'delete', account: 'default', function: 'hello' },
    timeMs: 1,
  })
  const database = new DatabaseSync(file)
  database.exec(`
    UPDATE functions SET state = replace(state, '"shares":[]', '"shares":[ ]');
    UPDATE versions SET artifact_hash = replace(artifact_hash, 'a', 'b') WHERE version LIKE '%007';
    UPDATE records SET value = '"y"' WHERE key = '7';
    UPDATE revisions SET change = replace(change, 'hello', 'hullo');
  `)
  database.close()
  await expect(store.readFunction('default', 'hello')).rejects.toThrow(damaged)
  await expect(store.readSnapshot()).rejects.toThrow(damaged)
  await expect(store.readVersions('default', 'hello', 1_000)).rejects.toThrow(damaged)
  await expect(store.readRecord('one', '7')).rejects.toThrow(damaged)
  await expect(store.readRevisions(0, 10)).rejects.toThrow(damaged)
  // The rest goes on.
  expect(await store.readRecord('one', '8')).toBeDefined()
  await store.close()
  expect(findDamage(file)).toEqual([
    'a value of functions, default/hello, has another checksum', 'a value of versions, 01J00000000000000000000007, has another checksum',
    'a value of records, one/7, has another checksum', 'a value of revisions, 1, has another checksum',
  ])
})
