import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore, type Store, type StoredVersion } from '../store/index.ts'
import { type FunctionState, versionConfigSchema } from '../protocol/index.ts'
import { versionRetention } from '../releases/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { artifactRetention, Retention } from './index.ts'

let directory: string
let store: Store

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-retention-'))
  store = openSqliteStore({ file: join(directory, 'store.db') })
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

const dayMs = 24 * 60 * 60 * 1_000
const versionId = (index: number): string => `01J${String(index).padStart(23, '0')}`

function version(index: number, more: Partial<StoredVersion> = {}): StoredVersion {
  return {
    account: 'default', function: 'hello', version: versionId(index), artifactHash: 'a'.repeat(64), artifactBytes: 3, config: versionConfigSchema.parse({}),
    createdMs: 1, message: '', sourceMapHash: undefined, status: 'retired', isLoaded: true, routes: [], ...more,
  }
}

test('every rule is asked in turn, soon after the start and again, one that fails too', async () => {
  const clock = new FakeClock()
  const asked: string[] = []
  const logged: unknown[] = []
  const retention = new Retention({
    clock,
    log: ({ rule, level, removed }) => logged.push([rule, level, removed]),
    rules: [
      { name: 'failing', run: () => Promise.reject(new Error('away')) },
      { name: 'working', run: (nowMs) => Promise.resolve(asked.push(String(nowMs))) },
    ],
  })
  for (let round = 1; round <= 2; round += 1) {
    clock.advance(10 * 60 * 1_000)
    await expect.poll(() => clock.pending).toBe(1)
    expect(asked).toHaveLength(round)
  }
  expect(logged).toEqual([['failing', 'error', undefined], ['working', 'info', 1], ['failing', 'error', undefined], ['working', 'info', 2]])
  await retention.close()
  expect(clock.pending).toBe(0)
})

test('of a function with many versions the newest stay, and those in use', async () => {
  const state: FunctionState = {
    account: 'default', function: 'hello', routes: [], secrets: {}, shares: [{ version: versionId(3), percent: 100 }],
    versions: [3, 5].map((index) => {
      const { account, function: name, version: id, artifactHash, artifactBytes, config } = version(index)
      return { account, function: name, version: id, artifactHash, artifactBytes, config }
    }),
  }
  await store.commit({
    writes: [
      ...Array.from({ length: 350 }, (_, index) => ({ kind: 'putVersion' as const, version: version(index, index === 7 ? { status: 'active' } : {}) })),
      ...Array.from({ length: 20 }, (_, index) => ({ kind: 'putVersion' as const, version: version(1_000 + index, { function: 'small' }) })),
      { kind: 'putFunction', state },
    ],
    timeMs: 1,
  })
  expect(await versionRetention(store, 20).run(2)).toBe(350 - 20 - 3)
  const kept = (await store.readVersions('default', 'hello', 400)).map((one) => Number(one.version.slice(3)))
  expect(kept).toEqual([...Array.from({ length: 20 }, (_, index) => 349 - index), 7, 5, 3])
  expect(await store.readVersions('default', 'small', 400)).toHaveLength(20)
  expect(await versionRetention(store, 20).run(2)).toBe(0)
})

test('artifacts go a day after nobody names them any more', async () => {
  for (let index = 0; index < 450; index += 1) {
    await store.putArtifact({ account: 'default', hash: index.toString(16).padStart(64, '0'), bytes: new Uint8Array([index % 256]), uploadedMs: index === 9 ? dayMs : 0 })
  }
  await store.commit({ writes: [{ kind: 'putVersion', version: version(1, { artifactHash: '0'.repeat(64) }) }], timeMs: 1 })
  expect(await artifactRetention(store).run(dayMs)).toBe(0)
  expect(await artifactRetention(store).run(dayMs + 1)).toBe(448)
  expect(await store.artifactBytes('default', '9'.padStart(64, '0'))).toBe(1)
  expect(await store.artifactBytes('default', '0'.repeat(64))).toBe(1)
})
