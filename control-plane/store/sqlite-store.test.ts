import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeStoreContract } from '../../test/contracts/store-contract.ts'
import { openSqliteStore } from './sqlite-store.ts'

describeStoreContract('sqlite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-store-'))
  return {
    open: async (options) => openSqliteStore({ file: join(directory, 'store.db'), ...options }),
    cleanUp: () => rm(directory, { recursive: true, force: true }),
  }
})

it('makes no commit on what another process has changed meanwhile', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skerry-two-'))
  const stores = [1, 2].map(() => openSqliteStore({ file: join(directory, 'store.db') }))
  await Promise.all(stores.map(async (store) => {
    for (let index = 0; index < 20; index += 1) {
      await store.commit(async () => {
        const count = Number((await store.readRecord('one', 'count')) ?? 0)
        await setImmediate()
        return { writes: [{ kind: 'putRecord', collection: 'one', key: 'count', value: count + 1 }], timeMs: 1 }
      })
    }
  }))
  expect(await Promise.all(stores.map((store) => store.readRecord('one', 'count')))).toEqual([40, 40])
  // What was refused because of what is over by now is composed again too.
  const [first, second] = stores
  let isRefused = true
  await first?.commit(async () => {
    const refused = isRefused
    isRefused = false
    if (!refused) return { writes: [], timeMs: 2 }
    await second?.commit({ writes: [{ kind: 'putRecord', collection: 'one', key: 'count', value: 0 }], timeMs: 2 })
    throw new Error('refused by what was there before')
  })
  for (const store of stores) await store.close()
  await rm(directory, { recursive: true })
})
