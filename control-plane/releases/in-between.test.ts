import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import type { Commit, ComposeCommit, StoredRevision } from '../store/index.ts'
import { actor, ReleaseFixture } from '../testing/release-fixture.ts'
import { Functions, KeyedLocks } from './index.ts'

/** What another replica, or whoever cleans up, does between two steps of a deployment: locks are no help against it. */
let fixture: ReleaseFixture
beforeEach(async () => {
  fixture = await ReleaseFixture.start()
})
afterEach(() => fixture.close())

/** Does something right before the commit of that number from now. */
function before(number: number, work: () => Promise<unknown>): void {
  beforeEachOf({ [number]: work })
}

function beforeEachOf(works: Readonly<Record<number, () => Promise<unknown>>>): void {
  const { store } = fixture
  const commit = store.commit.bind(store)
  let commits = 0
  vi.spyOn(store, 'commit').mockImplementation(async (what: Commit | ComposeCommit): Promise<StoredRevision | undefined> => {
    commits += 1
    await works[commits]?.()
    return commit(what)
  })
}

function functionsElsewhere(): Functions {
  const { store, clock } = fixture
  return new Functions({ store, clock, locks: new KeyedLocks(clock), functionUrl: String, told: () => new Map(), dataKeys: undefined as never })
}

it('activates no version of a function that was deleted meanwhile', async () => {
  await fixture.deploy(['hello'], 1)
  before(2, () => functionsElsewhere().remove(actor, 'hello'))
  await expect(fixture.deploy(['hello'], 2)).rejects.toThrow('has no version')
  expect(await fixture.store.readFunction('default', 'hello')).toBeUndefined()
  expect(await fixture.store.listFunctionNames('default')).toEqual([])
})

it('stores no version whose artifact was collected meanwhile', async () => {
  before(1, () => fixture.store.collectArtifacts(fixture.clock.nowMs() + 1, { limit: 100 }))
  await expect(fixture.deploy(['hello'], 1)).rejects.toMatchObject({ code: 'invalid_request', field: 'functions.0.artifactHash' })
  expect(await fixture.store.listFunctionNames('default')).toEqual([])
})

it('tells what became of a deployment also where the outcome can not be kept for repetitions', async () => {
  const [version = ''] = await fixture.deploy(['hello'], 1)
  await fixture.deploy(['hello'], 2)
  const away = (): Promise<never> => Promise.reject(new SkerryError('storage_unreachable'))
  const once = { progress: undefined, note: () => Promise.resolve({ kind: 'deleteRecord' as const, collection: 'none', key: 'none' }), finish: away, abandon: away }
  const log = await fixture.first.deployments.release(actor, 'hello', { shares: [{ version, percent: 100 }], message: '' }, once)
  expect((await Array.fromAsync(log.read())).at(-1)).toMatchObject({ type: 'done' })
  expect(await fixture.shares('hello')).toEqual({ [version]: 100 })
})

it('takes back what no node carried out, but for what somebody has changed since', async () => {
  const [oldLeft = '', oldRight = ''] = await fixture.deploy(['left', 'right'], 1)
  const { deployments } = fixture.startReplica()
  let right = ''
  beforeEachOf({
    2: async () => {
      fixture.answers = false
    },
    3: async () => {
      fixture.answers = true
      right = (await fixture.store.readVersions('default', 'right', 1))[0]?.version ?? ''
      const shares = [{ version: oldRight, percent: 50 }, { version: right, percent: 50 }]
      await Array.fromAsync((await deployments.release(actor, 'right', { shares, message: '' })).read())
    },
  })
  const deploying = fixture.deploy(['left', 'right'], 2, [10, 100])
  deploying.catch(() => undefined)
  await expect.poll(() => fixture.answers).toBe(false)
  await expect.poll(() => fixture.shares('left')).not.toEqual({ [oldLeft]: 100 })
  fixture.clock.advance(5_000)
  await expect(deploying).rejects.toThrow('missing: fra-1')
  expect([await fixture.shares('left'), await fixture.shares('right')]).toEqual([{ [oldLeft]: 100 }, { [oldRight]: 50, [right]: 50 }])
  expect((await fixture.store.readVersions('default', 'right', 2)).map(({ status }) => status)).toEqual(['active', 'active'])
  expect((await fixture.store.readVersions('default', 'left', 2)).map(({ status }) => status)).toEqual(['stored', 'active'])
  expect(await fixture.store.listRecords('rollout-active', { limit: 10 })).toEqual([])
})

it('says that the outcome is not known where what no node carried out can not be taken back', async () => {
  await fixture.deploy(['hello'], 1)
  beforeEachOf({
    2: async () => {
      fixture.answers = false
    },
    3: () => Promise.reject(new SkerryError('storage_unreachable')),
  })
  const before = await fixture.shares('hello')
  const log = fixture.deploy(['hello'], 2)
  log.catch(() => undefined)
  await expect.poll(() => fixture.shares('hello')).not.toEqual(before)
  fixture.clock.advance(5_000)
  await expect(log).rejects.toThrow('could not be taken back')
})
