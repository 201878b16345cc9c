import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'
import { until } from '../../test/helpers/until.ts'
import { NatsLink } from '../nats/link-nats.ts'
import { type JetStreamStoreOptions, openJetStreamStore } from './open-jetstream.ts'
import type { Commit, Store, StoreWrite } from './store.ts'

const key = new Uint8Array(32).fill(7)
const put = (name: string, value: unknown): StoreWrite => ({ kind: 'putRecord', collection: 'one', key: name, value })
const change = { kind: 'delete' as const, account: 'default', function: 'f' }

let directory: string
let cleanUps: Array<() => Promise<unknown>>
let links: NatsLink[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-outages-'))
  links = []
  cleanUps = [() => rm(directory, { recursive: true })]
})
afterEach(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
})

async function startCluster(servers: 1 | 3): Promise<NatsCluster> {
  const cluster = await NatsCluster.start({ servers })
  cleanUps.push(() => cluster.stop())
  return cluster
}

async function open(cluster: NatsCluster, replica: string, options: Partial<JetStreamStoreOptions> = {}): Promise<Store> {
  const link = new NatsLink({ servers: cluster.servers.map(({ url }) => url) })
  links.push(link)
  cleanUps.push(() => link.close())
  const store = await openJetStreamStore({ link, file: join(directory, `${replica}.db`), key, replicas: cluster.servers.length, ...options })
  cleanUps.push(() => store.close())
  return store
}

test('while the server is away what was read before still is, commits are refused in bounded time, and all goes on by itself', { timeout: 15_000 }, async () => {
  const cluster = await startCluster(1)
  const [first, second, past] = [await open(cluster, 'a', { commitMs: 500 }), await open(cluster, 'b'), await open(cluster, 'c')]
  await first.commit({ writes: [put('a', 1)], change, timeMs: 1 })
  for (const store of [second, past]) await until('the other replicas have it', async () => (await store.readSequence()) === 1)
  await past.close()
  await cluster.server(0).kill()
  await until('that is noticed', () => !links[0]?.isConnected)
  const refused = await Promise.allSettled([1, 2, 3].map((value) => first.commit({ writes: [put('b', value)], change, timeMs: 2 })))
  for (const outcome of refused) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'storage_unreachable' } })
  expect(await first.readRecord('one', 'a')).toBe(1)
  expect(await first.commit(() => ({ writes: [], timeMs: 3 }))).toBeUndefined()
  // One that starts now goes on from what it has.
  const third = await open(cluster, 'c')
  expect([third.epoch, await third.readRecord('one', 'a')]).toEqual([first.epoch, 1])
  await cluster.server(0).start()
  await until('commits are taken again', () => first.commit({ writes: [put('c', 1)], change, timeMs: 4 }))
  await until('replicas catch up', async () => (await second.readRecord('one', 'c')) === 1 && (await third.readRecord('one', 'c')) === 1)
  expect(await second.readRecord('one', 'b')).toBeUndefined()
})

test('a commit whose acknowledgement does not come is looked for in the log, and is there once', async () => {
  const cluster = await startCluster(1)
  const store = await open(cluster, 'a')
  const add = async (): Promise<Commit> => ({ writes: [put('count', Number((await store.readRecord('one', 'count')) ?? 0) + 1)], change, timeMs: 1 })
  await store.commit(add)
  await cluster.server(0).pause()
  const committed = store.commit(add)
  // Longer than one attempt takes, so that the same message is sent again.
  await new Promise((resolve) => setTimeout(resolve, 2_500))
  cluster.server(0).resume()
  expect((await committed)?.sequence).toBe(2)
  expect(await store.readRecord('one', 'count')).toBe(2)
  const fresh = await open(cluster, 'b')
  expect([await fresh.readSequence(), await fresh.readRecord('one', 'count')]).toEqual([2, 2])
})

test('a commit that was on its way when the server went is of unknown outcome, which others may find made', async () => {
  const cluster = await startCluster(1)
  const store = await open(cluster, 'a', { commitMs: 1_000 })
  await cluster.server(0).pause()
  await expect(store.commit({ writes: [put('a', 1)], timeMs: 1 })).rejects.toMatchObject({ code: 'outcome_unknown' })
  cluster.server(0).resume()
  await until('it is found made', async () => (await store.readRecord('one', 'a')) === 1)
})

test('of three servers one may be killed at any moment, be it the one that leads the log, and nothing acknowledged is lost', { timeout: 120_000 }, async () => {
  const cluster = await startCluster(3)
  const replicas = [await open(cluster, 'a'), await open(cluster, 'b')]
  const acknowledged: string[] = []
  const unknown: string[] = []
  const over = new AbortController()
  const writers = replicas.map(async (store, writer) => {
    for (let index = 0; !over.signal.aborted; index += 1) {
      const name = `${writer}/${index}`
      try {
        await store.commit(async () => {
          const count = Number((await store.readRecord('one', 'count')) ?? 0)
          return { writes: [put(name, count + 1), put('count', count + 1)], change, timeMs: index }
        })
        acknowledged.push(name)
      } catch (error) {
        const { code } = error as { code?: string }
        expect(['conflict', 'storage_unreachable', 'outcome_unknown']).toContain(code)
        if (code === 'outcome_unknown') unknown.push(name)
      }
    }
  })
  const leads = async (): Promise<string> => {
    const { manager } = await (links[0] as NatsLink).whenConnected(5_000)
    return (await manager.streams.info('skerry-log')).cluster?.leader ?? ''
  }
  const go = async (): Promise<void> => {
    const before = acknowledged.length
    await until('commits are acknowledged', () => acknowledged.length > before + 20)
  }
  await go()
  const leader = await leads()
  const victims = [leader, ...cluster.servers.map(({ name }) => name).filter((name) => name !== leader).slice(0, 1)]
  for (const victim of victims.map((name) => cluster.servers.find((server) => server.name === name))) {
    await victim?.kill()
    await go()
    await victim?.start()
  }
  over.abort()
  await Promise.all(writers)
  const fresh = await open(cluster, 'c')
  const records = new Map((await fresh.listRecords('one', { limit: 1_000_000 })).map(({ key: name, value }) => [name, value]))
  expect(acknowledged.filter((name) => !records.has(name))).toEqual([])
  const count = Number(records.get('count'))
  expect(count).toBe(records.size - 1)
  expect(count).toBeLessThanOrEqual(acknowledged.length + unknown.length)
  expect(await fresh.readSequence()).toBe(count)
})

test('the permissions that the documentation names are all it takes', async () => {
  const document = await readFile(join(import.meta.dirname, '../../docs/jetstream.md'), 'utf8')
  const cluster = await NatsCluster.start({ configuration: String(/```\n(authorization[^]*?)```/.exec(document)?.[1]) })
  cleanUps.push(() => cluster.stop())
  const failures: unknown[] = []
  const start = async (replica: string): Promise<Store> => {
    const link = new NatsLink({ servers: [cluster.url], user: 'skerry', password: 'change me' })
    links.push(link)
    cleanUps.push(() => link.close())
    const store = await openJetStreamStore({
      link, file: join(directory, `${replica}.db`), key, checkpointEvery: 10, checkpointMargin: 1, onFailure: (error) => failures.push(error),
    })
    cleanUps.push(() => store.close())
    return store
  }
  const [first, second] = [await start('a'), await start('b')]
  const bytes = new Uint8Array(2_000_000)
  const hash = createHash('sha256').update(bytes).digest('hex')
  await first.putArtifact({ account: 'default', hash, bytes, uploadedMs: 1 })
  await first.commit({ writes: [put('long', 'x'.repeat(2_000_000))], change, timeMs: 1 })
  for (let index = 0; index < 25; index += 1) await first.commit({ writes: [put('a', index)], change, timeMs: 1 })
  await until('the other replica follows', async () => (await second.readSequence()) === 26)
  const { manager } = await (links[0] as NatsLink).whenConnected(1_000)
  await until('the log is trimmed', async () => (await manager.streams.info('skerry-log')).state.first_seq > 10)
  const third = await start('c')
  expect([await third.readRecord('one', 'a'), (await third.readArtifact(hash))?.length]).toEqual([24, 2_000_000])
  expect(await second.collectArtifacts(50, { limit: 10 })).toMatchObject({ collected: 1 })
  expect(failures).toEqual([])
  await expect(manager.streams.delete('skerry-log')).rejects.toThrow(/permission/i)
})
