import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'
import { until } from '../../test/helpers/until.ts'
import { NatsLink } from '../nats/link-nats.ts'
import { LogCodec } from './commit-message.ts'
import { JetStreamObjects } from './objects-jetstream.ts'
import { type JetStreamStoreOptions, openJetStreamStore } from './open-jetstream.ts'
import { Replica } from './replica-jetstream.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import type { Commit, Store, StoreWrite } from './store.ts'

const key = new Uint8Array(32).fill(7)
const put = (name: string, value: unknown): StoreWrite => ({ kind: 'putRecord', collection: 'one', key: name, value })
const change = { kind: 'delete' as const, account: 'default', function: 'f' }

let cluster: NatsCluster
let names = 0
let directory: string
let name: string
let links: NatsLink[]
let stores: Store[]

beforeAll(async () => {
  cluster = await NatsCluster.start()
})
afterAll(() => cluster.stop())

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-replicas-'))
  names += 1
  name = `replicas-${names}`
  links = []
  stores = []
})
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await Promise.all(links.map((link) => link.close()))
  await rm(directory, { recursive: true })
})

async function open(replica: string, options: Partial<JetStreamStoreOptions> = {}): Promise<Store> {
  const link = new NatsLink({ servers: [cluster.url] })
  links.push(link)
  const store = await openJetStreamStore({ link, name, file: join(directory, `${replica}.db`), key, ...options })
  stores.push(store)
  return store
}

async function close(store: Store): Promise<void> {
  stores = stores.filter((one) => one !== store)
  await store.close()
}

async function publish(message: Uint8Array): Promise<void> {
  const link = new NatsLink({ servers: [cluster.url] })
  links.push(link)
  const { client } = await link.whenConnected(5_000)
  const { seq } = await client.publish(`${name}.log`, message)
  link.session?.connection.publish(`${name}.log-grew`, String(seq))
}

async function agree(replicas: readonly Store[], sequence: number): Promise<void> {
  for (const store of replicas) await until(`all replicas are at ${sequence}`, async () => (await store.readSequence()) === sequence)
}

test('replicas lose no update of each other, and number revisions alike', async () => {
  const replicas = [await open('a'), await open('b'), await open('c')]
  expect(new Set(replicas.map((store) => store.epoch)).size).toBe(1)
  const told = replicas.map((store) => {
    const sequences: number[] = []
    store.onRevision(({ sequence }) => sequences.push(sequence))
    return sequences
  })
  const add = (store: Store) => async (): Promise<Commit> => {
    const count = Number((await store.readRecord('one', 'count')) ?? 0)
    return { writes: [put('count', count + 1)], change, timeMs: count }
  }
  const revisions = await Promise.all(replicas.flatMap((store) => Array.from({ length: 10 }, () => store.commit(add(store)))))
  expect(revisions.map((revision) => revision?.sequence ?? 0).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1))
  await agree(replicas, 30)
  for (const [index, store] of replicas.entries()) {
    expect(await store.readRecord('one', 'count')).toBe(30)
    expect(told[index]).toEqual(Array.from({ length: 30 }, (_, at) => at + 1))
    expect(await store.readRevisions(0, 100)).toEqual(await replicas[0]?.readRevisions(0, 100))
  }
})

test('a change is refused by the newest state only, though the replica has not heard of it yet', async () => {
  const [first, second] = [await open('first'), await open('second')]
  for (let round = 1; round <= 20; round += 1) {
    await first.commit({ writes: [put('there', round)], timeMs: 1 })
    await second.commit(async () => {
      if ((await second.readRecord('one', 'there')) !== round) throw new SkerryError('not_found', 'It is not there.')
      return { writes: [put('seen', round)], timeMs: 1 }
    })
  }
  expect(await second.readRecord('one', 'seen')).toBe(20)
})

test('artifacts are at every replica, and an upload outlives that another collects the same', async () => {
  const [first, second] = [await open('a'), await open('b')]
  const bytes = new Uint8Array(300_000).fill(1)
  const hash = createHash('sha256').update(bytes).digest('hex')
  expect(await first.readArtifact(hash)).toBeUndefined()
  await first.putArtifact({ account: 'default', hash, bytes, uploadedMs: 1 })
  // At once, not a moment later: a balancer may send the upload to one and the deployment to the other.
  expect(await second.artifactBytes('default', hash)).toBe(300_000)
  expect(Buffer.from((await second.readArtifact(hash)) ?? []).equals(bytes)).toBe(true)
  expect(await second.artifactBytes('other', hash)).toBeUndefined()
  await Promise.all([first.collectArtifacts(50, { limit: 10 }), second.putArtifact({ account: 'default', hash, bytes, uploadedMs: 100 })])
  await until('the first replica has it', async () => (await first.artifactBytes('default', hash)) === 300_000)
  const third = await open('c')
  expect((await third.readArtifact(hash))?.length).toBe(300_000)
})

test('what uploads that broke off have left is swept up, and nothing else', async () => {
  const store = await open('a')
  const link = links[0] as NatsLink
  const objects = new JetStreamObjects({ link, name, replicas: 1 })
  const [kept, left] = [new Uint8Array([1]), new Uint8Array([2])]
  const hash = createHash('sha256').update(kept).digest('hex')
  await store.putArtifact({ account: 'default', hash, bytes: kept, uploadedMs: Date.now() + 1_000_000 })
  await objects.put('artifact/left', left)
  await objects.put('commit/99/of-somebody-else', left)
  await store.collectArtifacts(Date.now() - 1_000_000, { limit: 10 })
  expect(await objects.list()).toHaveLength(3)
  await store.collectArtifacts(Date.now() + 1_000, { limit: 10 })
  expect(new Set((await objects.list()).map(({ name: object }) => object.split('/')[0]))).toEqual(new Set(['artifact', 'commit']))
  expect(await objects.get('artifact/left')).toBeUndefined()
  expect([...((await (await open('b')).readArtifact(hash)) ?? [])]).toEqual([1])
})

test('a commit that is longer than a message goes through the object store, and one beyond all bounds is refused', async () => {
  const [first, second] = [await open('a'), await open('b')]
  const long = 'x'.repeat(3 * 1024 * 1024)
  expect((await first.commit({ writes: [put('long', long)], change, timeMs: 1 }))?.sequence).toBe(1)
  await agree([second], 1)
  expect(await second.readRecord('one', 'long')).toBe(long)
  await expect(first.commit({ writes: [put('longer', 'x'.repeat(65 * 1024 * 1024))], timeMs: 1 })).rejects.toMatchObject({ code: 'request_too_large' })
})

test('a replica goes on where it was; one that is new, or too far behind, starts from a checkpoint', async () => {
  const settings = { checkpointEvery: 20, checkpointMargin: 5 }
  const first = await open('a', settings)
  const behind = await open('b', settings)
  await first.commit({ writes: [put('early', 1)], change, timeMs: 0 })
  await agree([behind], 1)
  await close(behind)
  for (let index = 2; index <= 60; index += 1) await first.commit({ writes: [put(`key-${index}`, index)], change, timeMs: index })
  const { manager } = await (links[0] as NatsLink).whenConnected(1_000)
  await until('the log is trimmed', async () => (await manager.streams.info(`${name}-log`)).state.first_seq > 10)
  const told: number[] = []
  const [again, fresh] = [await open('b', settings), await open('c', settings)]
  again.onRevision(({ sequence }) => told.push(sequence))
  for (const store of [again, fresh]) {
    expect(store.epoch).toBe(first.epoch)
    expect(await store.readSequence()).toBe(60)
    expect(await store.listRecords('one', { limit: 100 })).toEqual(await first.listRecords('one', { limit: 100 }))
    expect(await store.readRevisions(0, 100)).toEqual(await first.readRevisions(0, 100))
  }
  await again.commit({ writes: [], change, timeMs: 61 })
  await agree([first, fresh], 61)
  expect(told).toEqual([61])
})

test('what makers of checkpoints left that were killed goes, from the disk at the next start and from the servers with the next checkpoint', async () => {
  await mkdir(join(directory, 'a.db.checkpoint-left'))
  await writeFile(join(directory, 'a.db.checkpoint-left', 'checkpoint.db'), 'half')
  await mkdir(join(directory, 'b.db.checkpoint-other'))
  const store = await open('a', { checkpointEvery: 20, checkpointMargin: 5 })
  expect((await readdir(directory)).filter((file) => file.includes('checkpoint'))).toEqual(['b.db.checkpoint-other'])
  const objects = new JetStreamObjects({ link: links[0] as NatsLink, name, replicas: 1 })
  await objects.put('checkpoint/3/left', new Uint8Array([1]))
  for (let index = 1; index <= 20; index += 1) await store.commit({ writes: [put('a', index)], change, timeMs: index })
  await until('the newest is alone', async () => /^checkpoint\/\d\d\/[^,]+$/.test((await objects.list()).map((object) => object.name).join()))
})

test('what the replicas did not write stops a replica, whether it is strange, moved, of another key or left out', async () => {
  const findings: string[] = []
  const onFailure = (error: unknown): void => {
    findings.push(error instanceof Error ? error.message : String(error))
  }
  const strange = async (make: (store: Store) => Promise<Uint8Array>, finding: RegExp): Promise<void> => {
    names += 1
    name = `replicas-${names}`
    const store = await open(name, { onFailure })
    await store.commit({ writes: [put('a', 1)], timeMs: 1 })
    await publish(await make(store))
    await until('the replica notices', async () => await store.readRecord('one', 'a').then(() => false, (error: unknown) => (error as { code?: string }).code === 'storage_corrupt'))
    await expect(store.commit({ writes: [put('a', 2)], timeMs: 1 })).rejects.toMatchObject({ code: 'storage_corrupt' })
    await expect(store.readRecord('one', 'a')).rejects.toThrow(finding)
  }
  const stored = async (position: number): Promise<Uint8Array> => {
    const { manager } = await (links.at(-1) as NatsLink).whenConnected(1_000)
    const message = await manager.streams.getMessage(`${name}-log`, { seq: position })
    return message?.data ?? new Uint8Array()
  }
  const body = Buffer.from(JSON.stringify({ writes: [put('a', 'evil')], timeMs: 1 }))
  await strange(async () => Buffer.from('something\nelse'), /no message of this software/)
  await strange(() => stored(2), /written for the place 2/)
  await strange(async () => new LogCodec(new Uint8Array(32), name).encode('commit', body, { position: 2, code: '' }).bytes, /not of this key/)
  await strange(async () => new LogCodec(key, name).encode('commit', body, { position: 2, code: '' }).bytes, /not of this key/)
  await strange(async () => new LogCodec(key, name).encode('commit', body, { position: 3, code: '' }).bytes, /written for the place 4/)
  expect(findings).not.toEqual([])
})

test('a replica with another key is refused at the start', async () => {
  const store = await open('a')
  await store.commit({ writes: [put('a', 1)], timeMs: 1 })
  await expect(open('b', { key: new Uint8Array(32) })).rejects.toMatchObject({ code: 'storage_corrupt' })
})

test('a damaged file of a replica is made anew from the log', async () => {
  const store = await open('a')
  await store.commit({ writes: [put('a', 1)], timeMs: 1 })
  await close(store)
  await writeFile(join(directory, 'a.db'), Buffer.alloc(8_192, 1))
  const again = await open('a')
  expect(again.epoch).toBe(store.epoch)
  expect(await again.readRecord('one', 'a')).toBe(1)
})

test('a log that the servers have lost is not begun anew: the replica goes on with what it has, and changes nothing', async () => {
  const store = await open('a')
  await store.commit({ writes: [put('a', 1)], timeMs: 1 })
  await close(store)
  const { manager } = await (links[0] as NatsLink).whenConnected(1_000)
  await manager.streams.delete(`${name}-log`)
  const told: string[] = []
  for (let start = 1; start <= 2; start += 1) {
    const again = await open('a', { commitMs: 300, onFailure: (error) => told.push(String(error)) })
    expect([again.epoch, await again.readRecord('one', 'a')]).toEqual([store.epoch, 1])
    await expect(again.commit({ writes: [put('a', 2)], timeMs: 1 })).rejects.toMatchObject({ code: 'storage_unreachable' })
    await close(again)
  }
  expect(told.join()).toContain('have no log named')
  await expect(manager.streams.info(`${name}-log`)).rejects.toThrow('not found')
})

/** The log as it is now, and how to have the servers keep no more than its beginning. */
async function copyOfLog(): Promise<{ readonly messages: readonly Uint8Array[]; readonly makeAnew: (length: number) => Promise<void> }> {
  const link = new NatsLink({ servers: [cluster.url] })
  links.push(link)
  const { client, manager } = await link.whenConnected(5_000)
  const { config, state } = await manager.streams.info(`${name}-log`)
  const stored = await Promise.all(Array.from({ length: state.last_seq }, (_, index) => manager.streams.getMessage(`${name}-log`, { seq: index + 1 })))
  const messages = stored.map((message) => message?.data ?? new Uint8Array())
  const makeAnew = async (length: number): Promise<void> => {
    await manager.streams.delete(`${name}-log`)
    await manager.streams.add({ name: `${name}-log`, subjects: config.subjects, storage: config.storage })
    for (const message of messages.slice(0, length)) await client.publish(`${name}.log`, message)
  }
  return { messages, makeAnew }
}

test('what servers lose at the end of the log is put back by the replicas that have it, once each, and all go on', async () => {
  const told: string[] = []
  const first = await open('a', { shortMs: 300, onFailure: (error) => told.push(String(error)) })
  const second = await open('b', { shortMs: 300 })
  const count = async (): Promise<Commit> => ({ writes: [put('x', Number((await first.readRecord('one', 'x')) ?? 0) + 1)], change, timeMs: 1 })
  for (let index = 0; index < 5; index += 1) await first.commit(count)
  await agree([second], 5)
  const { messages, makeAnew } = await copyOfLog()
  await makeAnew(2)
  await until('it is whole again, and takes more', () => first.commit(count), 20_000)
  await agree([second], 6)
  const again = await copyOfLog()
  expect(again.messages.slice(0, messages.length)).toEqual(messages)
  expect(again.messages).toHaveLength(messages.length + 1)
  expect(told.join()).toMatch(/had lost the messages 3 to 6 of the log/)
  expect(await (await open('c')).readRecord('one', 'x')).toBe(6)
})

test('where other changes took the place of what servers lost, a replica stops and says so', async () => {
  const first = await open('a', { shortMs: 300 })
  for (const value of [1, 2, 3]) await first.commit({ writes: [put('x', value)], timeMs: 1 })
  const { makeAnew } = await copyOfLog()
  await makeAnew(2)
  await publish(Buffer.from('other'))
  await until('it stops', async () => await first.readRecord('one', 'x').then(() => false, (error: unknown) => /has another message 3/.test(String(error))), 20_000)
})

test('a log that servers have made anew from an older state of the same is not taken over: what was revoked since does not hold again', async () => {
  const first = await open('a')
  for (const value of [1, 2, 3]) await first.commit({ writes: [put('x', value)], timeMs: 1 })
  await close(first)
  const { messages, makeAnew } = await copyOfLog()
  await makeAnew(messages.length - 1)
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    await expect(open('a')).rejects.toMatchObject({ code: 'storage_corrupt', message: expect.stringContaining('an older state') as string })
  }
  await makeAnew(messages.length)
  expect(await (await open('a')).readRecord('one', 'x')).toBe(3)
})

test('where the disk is full by the time that a commit is in the log, nobody is told that nothing was changed', async () => {
  const store = await open('a')
  const rehearse = vi.spyOn(Replica.prototype, 'rehearse').mockReturnValueOnce()
  const full = vi.spyOn(SqliteDatabase.prototype, 'transaction').mockImplementationOnce(() => {
    throw new SkerryError('storage_full', 'The disk is full.')
  })
  try {
    await expect(store.commit({ writes: [put('a', 1)], timeMs: 1 })).rejects.toMatchObject({ code: 'outcome_unknown' })
    await until('there is room again', async () => (await store.readRecord('one', 'a')) === 1)
  } finally {
    full.mockRestore()
    rehearse.mockRestore()
  }
})
