import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSqliteStore, type Store } from '../store/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { Idempotency } from './idempotency.ts'
import { IdempotentRun, type Outcome } from './idempotent-run.ts'

let directory: string
let store: Store
let clock: FakeClock
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-idempotency-'))
  store = openSqliteStore({ file: join(directory, 'store.db') })
  clock = new FakeClock()
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true })
})

const answer: Outcome = { status: 200, contentType: 'application/json', body: '{"token":"secret-token"}' }
/** A replica. */
const open = (): Idempotency => new Idempotency({ store, clock, key: new Uint8Array(32) })
const day = 24 * 60 * 60 * 1_000

async function run(idempotency: Idempotency, hash = 'a'): Promise<IdempotentRun> {
  const begun = await idempotency.begin('default', 'key', hash)
  if (!(begun instanceof IdempotentRun)) throw new Error('it was carried out before')
  return begun
}

it('gives the answer of the first at every replica, and keeps no token readable', async () => {
  await (await run(open())).finish(answer)
  expect(await open().begin('default', 'key', 'a')).toEqual(answer)
  expect(JSON.stringify(await store.listRecords('idempotency', { limit: 10 }))).not.toContain('secret-token')
  await expect(open().begin('default', 'key', 'b')).rejects.toMatchObject({ code: 'idempotency_key_reused' })
  // A key of another account is another key.
  expect(await open().begin('acme', 'key', 'b')).toBeInstanceOf(IdempotentRun)
})

it('has who comes meanwhile wait for the first', async () => {
  const first = await run(open())
  const second = open().begin('default', 'key', 'a')
  await expect.poll(() => clock.pending).toBe(2)
  await first.finish(answer)
  clock.advance(100)
  expect(await second).toEqual(answer)
})

it('holds a request as long as its process lives, and has another take over from where it got', async () => {
  const first = await run(open())
  const progress = { deployed: [{ function: 'hello', version: '01J00000000000000000000001', url: 'http://x/' }] }
  await store.commit(async () => ({ writes: [await first.note(progress)], timeMs: 1 }))
  const waiting = open().begin('default', 'key', 'a')
  // It renews its hold every three seconds; what a clock that is not advanced does not renew is lost after ten.
  for (let second = 0; second < 20; second += 1) {
    clock.advance(1_000)
    await store.commit({ writes: [], timeMs: 1 })
  }
  await first.abandon()
  clock.advance(100)
  await expect.poll(async () => {
    clock.advance(100)
    return Promise.race([waiting, Promise.resolve(undefined)])
  }).toBeInstanceOf(IdempotentRun)
  const second = (await waiting) as IdempotentRun
  expect(second.progress).toEqual(progress)
  await expect(store.commit(async () => ({ writes: [await first.note(progress)], timeMs: 1 }))).rejects.toMatchObject({ code: 'conflict' })
  await expect(first.finish(answer)).rejects.toMatchObject({ code: 'conflict' })
  await second.finish(answer)
  expect(await open().begin('default', 'key', 'a')).toEqual(answer)
})

it('forgets after a day', async () => {
  await (await run(open())).finish(answer)
  clock.advance(day - 1)
  expect(await open().sweep()).toBe(0)
  clock.advance(1)
  const again = await run(open(), 'b')
  await again.finish(answer)
  clock.advance(day)
  expect(await open().sweep()).toBe(1)
  expect(await store.listRecords('idempotency', { limit: 10 })).toEqual([])
})

it('keeps no answer that is longer than it may be', async () => {
  await (await run(open())).finish({ ...answer, body: 'x'.repeat(300_000) })
  expect(await run(open())).toBeInstanceOf(IdempotentRun)
})
