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
  const { store } = fixture
  const commit = store.commit.bind(store)
  let commits = 0
  vi.spyOn(store, 'commit').mockImplementation(async (what: Commit | ComposeCommit): Promise<StoredRevision | undefined> => {
    commits += 1
    if (commits === number) await work()
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
