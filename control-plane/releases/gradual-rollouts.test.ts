import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditEntries } from '../audit/index.ts'
import { KeyedLocks } from './locks.ts'
import { releaseListSchema, type RolloutInfo, rolloutRequestSchema } from '../protocol/index.ts'
import { actor, ReleaseFixture } from '../testing/release-fixture.ts'
import { Functions, readReleases } from './index.ts'

let fixture: ReleaseFixture
beforeEach(async () => {
  fixture = await ReleaseFixture.start()
})
afterEach(() => fixture.close())

const steps = [1, 10, 50, 100]
const anyone = (): void => undefined
const rolloutOf = (name = 'hello'): Promise<RolloutInfo> => fixture.first.rollouts.read('default', name)
/** One new and one old version of `hello`, the new one in a roll-out. */
async function begin(): Promise<readonly [old: string, fresh: string]> {
  const [old = ''] = await fixture.deploy(['hello'], 1)
  const [fresh = ''] = await fixture.deploy(['hello'], 2, steps)
  return [old, fresh]
}
const passWell = (seconds: number, old: string, fresh: string): Promise<void> =>
  fixture.pass(seconds, ['hello', old, { requests: 500, errors: 5 }], ['hello', fresh, { requests: 100, errors: 1 }])

it('goes from step to step while the new version is no worse', async () => {
  const [old, fresh] = await begin()
  expect(await fixture.shares('hello')).toEqual({ [old]: 99, [fresh]: 1 })
  await passWell(50, old, fresh)
  expect(await fixture.shares('hello')).toEqual({ [old]: 99, [fresh]: 1 })
  expect((await rolloutOf()).waitsFor).toBe('10 s to pass')
  await passWell(20, old, fresh)
  expect(await fixture.shares('hello')).toEqual({ [old]: 90, [fresh]: 10 })
  await passWell(60, old, fresh)
  expect(await fixture.shares('hello')).toEqual({ [old]: 50, [fresh]: 50 })
  await passWell(60, old, fresh)
  expect(await fixture.shares('hello')).toEqual({ [fresh]: 100 })
  const rollout = await rolloutOf()
  expect(rollout).toMatchObject({ state: 'done', step: 3, percent: 100 })
  expect(rollout.history.map(({ event, percent }) => [event, percent])).toEqual([['started', 1], ['advanced', 10], ['advanced', 50], ['done', 100]])
  expect(rollout.history.at(-1)?.comparisons).toMatchObject([{ function: 'hello', newErrorPercent: 1, oldErrorPercent: 1 }])
  // All of it is one change, and a rollback goes behind it.
  const releases = releaseListSchema.parse({ releases: await readReleases(fixture.store, 'default', 'hello') }).releases
  expect(releases.map(({ kind, shares }) => [kind, shares])).toEqual([['rollout', [{ version: fresh, percent: 100 }]], ['deploy', [{ version: old, percent: 100 }]]])
  await fixture.pass(60)
  expect(fixture.logged).toEqual([])
  expect(fixture.told.map(({ function: name, text }) => [name, text])).toEqual([10, 50, 100].map((percent) => ['hello', `The roll-out goes on with ${percent} %.`]))
})

it('goes back where the new version fails more often, says why, and is written down', async () => {
  const [old, fresh] = await begin()
  await fixture.pass(20, ['hello', old, { requests: 500, errors: 5 }], ['hello', fresh, { requests: 30, errors: 9 }])
  expect(await fixture.shares('hello')).toEqual({ [old]: 100 })
  const rollout = await rolloutOf()
  expect(rollout).toMatchObject({ state: 'rolled-back', percent: 0 })
  expect(rollout.history.at(-1)).toMatchObject({ event: 'rolled-back', detail: expect.stringMatching(/^hello: 30\.0 % of \d+ requests failed, against 1\.0 % of \d+ before/) as string, comparisons: [{ newErrorPercent: 30 }] })
  const entries = await auditEntries.list(fixture.store, { prefix: 'default/', limit: 100 })
  expect(entries.map(({ value }) => value)).toContainEqual(expect.objectContaining({ action: 'rollout.rolled-back', subject: 'hello', actor: { name: 'system' } }))
  expect(fixture.told).toMatchObject([{ function: 'hello', version: fresh, level: 'error', text: expect.stringContaining('was taken back at 1 %. hello: 30.0 %') as string }])
  // As if it had never been: a rollback has nothing to go back to.
  expect(await readReleases(fixture.store, 'default', 'hello')).toMatchObject([{ kind: 'deploy' }])
})

it('goes back where the new version is slower', async () => {
  const [old, fresh] = await begin()
  await fixture.pass(30, ['hello', old, { requests: 2_000, latencyMs: 20 }], ['hello', fresh, { requests: 30, latencyMs: 90 }])
  expect(await rolloutOf()).toMatchObject({ state: 'rolled-back', history: [{ event: 'started' }, { event: 'rolled-back', detail: expect.stringContaining('requests took up to') as string }] })
})

it('notices what breaks late, though all of the step still looks well', async () => {
  const [old = ''] = await fixture.deploy(['hello'], 1)
  const [fresh = ''] = await fixture.deploy(['hello'], 2, steps, { everySeconds: 3_600 })
  await fixture.pass(60, ['hello', old, { requests: 50_000, errors: 100 }], ['hello', fresh, { requests: 50_000, errors: 100 }])
  fixture.clock.advance(80_000)
  await fixture.pass(10, ['hello', old, { requests: 500, errors: 1 }], ['hello', fresh, { requests: 600, errors: 60 }])
  expect(await rolloutOf()).toMatchObject({ state: 'rolled-back', history: [{}, { detail: expect.stringContaining('hello: in the last minute 10.0 % of 600 requests failed') as string, comparisons: [{ newErrorPercent: 0.22 }] }] })
})

describe('holds', () => {
  it('where no node reports, and says so', async () => {
    const [old, fresh] = await begin()
    fixture.clock.advance(600_000)
    await fixture.lookAll()
    expect(await rolloutOf()).toMatchObject({ state: 'running', step: 0, waitsFor: expect.stringContaining('reports of nodes') as string })
    await passWell(10, old, fresh)
    expect(await rolloutOf()).toMatchObject({ step: 1 })
  })

  it('where one side has answered too little, which previews do not make up for', async () => {
    const [old, fresh] = await begin()
    await fixture.pass(120, ['hello', old, { requests: 500 }], ['hello', fresh, { requests: 8 }], ['hello', fresh, { requests: 500, preview: true }])
    expect(await rolloutOf()).toMatchObject({ step: 0, waitsFor: 'requests: 100 on each side are to be judged, 96 of hello were seen' })
    await fixture.pass(10, ['hello', old, { requests: 500 }], ['hello', fresh, { requests: 8 }])
    expect(await rolloutOf()).toMatchObject({ step: 1 })
  })

  it('where it is paused, but still goes back', async () => {
    const [old, fresh] = await begin()
    await fixture.first.rollouts.steer(actor, 'hello', { action: 'pause' }, anyone)
    await fixture.first.rollouts.steer(actor, 'hello', { action: 'pause' }, anyone)
    await passWell(120, old, fresh)
    expect(await rolloutOf()).toMatchObject({ state: 'paused', step: 0, waitsFor: 'somebody to resume it' })
    await fixture.first.rollouts.steer(actor, 'hello', { action: 'resume' }, anyone)
    await passWell(10, old, fresh)
    expect(await rolloutOf()).toMatchObject({ state: 'running', step: 1 })
    await fixture.first.rollouts.steer(actor, 'hello', { action: 'pause' }, anyone)
    await fixture.pass(30, ['hello', old, { requests: 500 }], ['hello', fresh, { requests: 100, errors: 50 }])
    expect(await rolloutOf()).toMatchObject({ state: 'rolled-back' })
    expect((await rolloutOf()).history.map(({ event }) => event)).toEqual(['started', 'paused', 'resumed', 'advanced', 'paused', 'rolled-back'])
  })
})

it('goes on after a restart, with what is due, once it has seen enough again', async () => {
  const [old, fresh] = await begin()
  await passWell(50, old, fresh)
  fixture.clock.advance(3_600_000)
  await fixture.restart()
  await fixture.lookAll()
  expect(await rolloutOf()).toMatchObject({ state: 'running', step: 0 })
  await passWell(10, old, fresh)
  expect(await rolloutOf()).toMatchObject({ step: 1 })
})

it('takes each step once, with three replicas that look at the same time', async () => {
  fixture.startReplica()
  fixture.startReplica()
  const [old, fresh] = await begin()
  const before = await fixture.store.readSequence()
  await passWell(200, old, fresh)
  expect(await rolloutOf()).toMatchObject({ state: 'done' })
  expect((await fixture.store.readSequence()) - before).toBe(3)
  expect((await rolloutOf()).history).toHaveLength(4)
  expect(fixture.told).toHaveLength(3)
})

describe('is over', () => {
  it('where somebody ends it, and the old shares are back', async () => {
    const [old, fresh] = await begin()
    await passWell(70, old, fresh)
    await fixture.first.rollouts.steer(actor, 'hello', { action: 'abort' }, anyone)
    expect(await fixture.shares('hello')).toEqual({ [old]: 100 })
    expect(await rolloutOf()).toMatchObject({ state: 'aborted' })
    for (const action of ['abort', 'pause', 'resume'] as const) {
      await expect(fixture.first.rollouts.steer(actor, 'hello', { action }, anyone)).rejects.toMatchObject({ code: 'conflict' })
    }
    await expect(fixture.first.rollouts.read('default', 'nothing')).rejects.toMatchObject({ code: 'not_found' })
    await expect(fixture.first.rollouts.read('other', 'hello')).rejects.toMatchObject({ code: 'not_found' })
  })

  it.each(['release', 'deploy', 'rollback', 'roll-out'])('where another %s comes, whose shares stay', async (what) => {
    const [old, fresh] = await begin()
    const before = await rolloutOf()
    if (what === 'release') await (await fixture.first.deployments.release(actor, 'hello', { shares: [{ version: old, percent: 30 }, { version: fresh, percent: 70 }], message: '' })).read().next()
    if (what === 'deploy') await fixture.deploy(['hello'], 3)
    if (what === 'rollback') await (await fixture.first.deployments.rollback(actor, { functions: ['hello'], group: false, message: '' }, anyone)).read().next()
    if (what === 'roll-out') await fixture.deploy(['hello'], 3, [5, 100])
    await fixture.first.deployments.settle()
    const shares = await fixture.shares('hello')
    const audit = (await auditEntries.list(fixture.store, { prefix: 'default/', limit: 100 })).map(({ value }) => value.action)
    expect(audit).toContain('rollout.superseded')
    await fixture.pass(600, ['hello', old, { requests: 500 }], ['hello', fresh, { requests: 500, errors: 400 }])
    if (what !== 'roll-out') expect(await fixture.shares('hello')).toEqual(shares)
    if (what !== 'roll-out') expect(await rolloutOf()).toMatchObject({ id: before.id, state: 'superseded' })
  })

  it('where a function of it is deleted, also for the others', async () => {
    await fixture.deploy(['left', 'right'], 1)
    const [left = '', right = ''] = await fixture.deploy(['left', 'right'], 2, steps)
    const functions = new Functions({ store: fixture.store, clock: fixture.clock, locks: new KeyedLocks(fixture.clock), functionUrl: String, told: () => new Map(), dataKeys: undefined as never })
    await functions.remove(actor, 'left')
    expect(await rolloutOf('right')).toMatchObject({ state: 'superseded', history: [{}, { detail: 'left was deleted' }] })
    await expect(rolloutOf('left')).rejects.toMatchObject({ code: 'not_found' })
    await fixture.pass(120, ['left', left, { requests: 500 }], ['right', right, { requests: 500 }])
    expect((await fixture.shares('right'))[right]).toBe(1)
    await functions.remove(actor, 'right')
    expect(await fixture.store.listRecords('rollout', { limit: 10 })).toEqual([])
    expect(await fixture.store.listRecords('rollout-of', { limit: 10 })).toEqual([])
    expect(await fixture.store.listRecords('rollout-active', { limit: 10 })).toEqual([])
  })
})

it('begins from the share that the new version has already', async () => {
  const [old = ''] = await fixture.deploy(['hello'], 1)
  const [fresh = ''] = await fixture.deploy(['hello'], 2)
  const shares = [{ version: old, percent: 90 }, { version: fresh, percent: 10 }]
  await (await fixture.first.deployments.release(actor, 'hello', { shares, message: '' })).read().next()
  const rollOut = async (): Promise<void> => {
    const request = rolloutRequestSchema.parse({ functions: [{ name: 'hello', version: fresh }], steps: [10, 50, 100], everySeconds: 60 })
    await (await fixture.first.deployments.rollOut(actor, request)).read().next()
    await fixture.first.deployments.settle()
  }
  await rollOut()
  await passWell(20, old, fresh)
  await fixture.first.rollouts.steer(actor, 'hello', { action: 'abort' }, anyone)
  expect(await fixture.shares('hello')).toEqual({ [old]: 90, [fresh]: 10 })
  await rollOut()
  await passWell(70, old, fresh)
  expect(await fixture.shares('hello')).toEqual({ [old]: 50, [fresh]: 50 })
  await fixture.pass(30, ['hello', old, { requests: 500 }], ['hello', fresh, { requests: 100, errors: 50 }])
  expect(await fixture.shares('hello')).toEqual({ [old]: 90, [fresh]: 10 })
  expect((await readReleases(fixture.store, 'default', 'hello')).map(({ kind }) => kind)).toEqual(['release', 'deploy', 'deploy'])
})

it('takes a group from step to step together, and back together where one of it is worse', async () => {
  const [oldLeft = '', oldRight = ''] = await fixture.deploy(['left', 'right'], 1)
  const [left = '', right = ''] = await fixture.deploy(['left', 'right'], 2, steps)
  const well = { requests: 500, errors: 2 }
  await fixture.pass(70, ['left', oldLeft, well], ['left', left, well], ['right', oldRight, well], ['right', right, well])
  expect([await fixture.shares('left'), await fixture.shares('right')]).toEqual([{ [oldLeft]: 90, [left]: 10 }, { [oldRight]: 90, [right]: 10 }])
  await fixture.pass(20, ['left', oldLeft, well], ['left', left, well], ['right', oldRight, well], ['right', right, { requests: 500, errors: 200 }])
  expect([await fixture.shares('left'), await fixture.shares('right')]).toEqual([{ [oldLeft]: 100 }, { [oldRight]: 100 }])
  expect((await rolloutOf('left')).history.at(-1)?.detail).toMatch(/^right: /)
})

it('needs an old version: the first one gets all at once', async () => {
  const [version = ''] = await fixture.deploy(['hello'], 1, steps)
  expect(await fixture.shares('hello')).toEqual({ [version]: 100 })
  await expect(rolloutOf()).rejects.toMatchObject({ code: 'not_found' })
})

it('keeps one record for each function, however many roll-outs it had', async () => {
  await fixture.deploy(['hello'], 1)
  for (let number = 2; number < 6; number += 1) await fixture.deploy(['hello'], number, steps)
  expect(await fixture.store.listRecords('rollout', { limit: 10 })).toHaveLength(1)
  expect(await fixture.store.listRecords('rollout-active', { limit: 10 })).toHaveLength(1)
  expect((await fixture.first.rollouts.list('default', { limit: 10 })).rollouts).toHaveLength(1)
})
