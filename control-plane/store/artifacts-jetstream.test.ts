import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { JetStreamArtifacts } from './artifacts-jetstream.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { migrate } from './sqlite-migrations.ts'
import { applyCommit, type StateCommit } from './sqlite-writes.ts'

const hash = 'a'.repeat(64)
const named: StateCommit = { writes: [{ kind: 'putArtifact', account: 'default', hash, object: 'artifact/named', bytes: 1, uploadedMs: 100 }], timeMs: 100 }

let directory: string
let database: SqliteDatabase
let objects: string[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-artifacts-'))
  database = new SqliteDatabase(join(directory, 'state.db'), undefined)
  migrate(database.raw)
  objects = ['artifact/named', 'artifact/broke-off', 'commit/1/body']
})
afterEach(async () => {
  database.close()
  await rm(directory, { recursive: true })
})

function artifacts(catchUp: () => Promise<void>): JetStreamArtifacts {
  return new JetStreamArtifacts({
    database, catchUp,
    commit: async (compose) => database.transaction(() => applyCommit(database, compose(), 10)),
    objects: {
      put: () => Promise.reject(new Error('nothing is put')),
      get: () => Promise.resolve(undefined),
      list: () => Promise.resolve(objects.map((name) => ({ name, storedMs: 100 }))),
      delete: async (name) => {
        objects = objects.filter((one) => one !== name)
      },
    },
  })
}

it('deletes what an upload left that broke off, and nothing that the log names where this replica has not come to yet', async () => {
  const behind = artifacts(async () => {
    database.transaction(() => applyCommit(database, named, 10))
  })
  await behind.collect(50, { limit: 10 })
  expect(objects).toHaveLength(3)
  await behind.collect(101, { limit: 10 })
  expect(objects).toEqual(['artifact/named', 'commit/1/body'])
})

it('deletes nothing where it can not come to the end of the log', async () => {
  const cutOff = artifacts(() => Promise.reject(new SkerryError('storage_unreachable')))
  await expect(cutOff.collect(101, { limit: 10 })).rejects.toMatchObject({ code: 'storage_unreachable' })
  expect(objects).toHaveLength(3)
})
