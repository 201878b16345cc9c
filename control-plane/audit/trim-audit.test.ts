import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type Store } from '../store/index.ts'
import { auditCollection, auditWrite } from './audit-log.ts'
import { trimAudit } from './trim-audit.ts'

let directory: string
let store: Store
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-audit-'))
  store = openSqliteStore({ file: join(directory, 'store.db') })
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

async function write(account: string, fromMs: number, count: number): Promise<void> {
  const writes = Array.from({ length: count }, (_, index) => auditWrite({ account, name: 'x' }, 'secret.put', `s${fromMs + index}`, {}, fromMs + index))
  await store.commit({ writes, timeMs: fromMs })
}

async function subjects(account: string): Promise<readonly number[]> {
  const records = await store.listRecords(auditCollection, { prefix: `${account}/`, limit: 10_000 })
  return records.map(({ value }) => Number((value as { subject: string }).subject.slice(1)))
}

test('keeps what is neither too old nor too much, in each log for itself', async () => {
  await write('acme', 1_000, 1_300)
  await write('acme-two', 5_000, 3)
  await write('@operator', 1, 4)
  expect(await trimAudit(store, 10_000, { ageMs: 9_000 - 1, entries: 1_200 })).toBe(100 + 4)
  expect(await subjects('acme')).toEqual(Array.from({ length: 1_200 }, (_, index) => 1_100 + index))
  expect(await subjects('acme-two')).toEqual([5_000, 5_001, 5_002])
  expect(await subjects('@operator')).toEqual([])
  expect(await trimAudit(store, 10_000, { ageMs: 9_000 - 1, entries: 1_200 })).toBe(0)
  expect(await trimAudit(store, 12_000, { ageMs: 9_999, entries: 1_200 })).toBe(901)
  expect((await subjects('acme'))[0]).toBe(2_001)
})
