import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LogCodec } from './commit-message.ts'
import type { JetStreamLog } from './log-jetstream.ts'
import { readLogPosition, writeLogPosition } from './log-position.ts'
import { Replica } from './replica-jetstream.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { migrate } from './sqlite-migrations.ts'

it('does not apply its own commit to a checkpoint that was taken over meanwhile', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-replica-'))
  const database = new SqliteDatabase(join(directory, 'state.db'), undefined)
  migrate(database.raw)
  const checkpoint = { position: 100, code: 'of a checkpoint' }
  const log = {
    bodyBytesMax: () => Promise.resolve(1_000_000),
    bounds: () => Promise.resolve({ first: 90, last: 100 }),
    announce: () => undefined,
    append: async () => {
      await replica.follower.catchUp()
      return 'added'
    },
  }
  const replica: Replica = new Replica({
    database, log: log as unknown as JetStreamLog, objects: undefined as never, codec: new LogCodec(new Uint8Array(32), 'test'), revisionsKept: 10,
    onRevision: () => undefined, onFailure: () => undefined,
    restore: async () => writeLogPosition(database, checkpoint),
  })
  const commit = { writes: [{ kind: 'putRecord' as const, collection: 'one', key: 'a', value: 1 }], timeMs: 1 }
  await expect(replica.publish(commit, replica.at, performance.now() + 1_000)).rejects.toMatchObject({ code: 'outcome_unknown' })
  expect([replica.at, readLogPosition(database)]).toEqual([checkpoint, checkpoint])
  expect(database.get('SELECT 1 FROM records')).toBeUndefined()
  database.close()
  await rm(directory, { recursive: true })
})
