import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { NatsCluster } from '../../test/helpers/nats-cluster.ts'
import { keyFile, SecretBox } from '../auth/index.ts'
import { openSqliteStore } from '../store/index.ts'
import { openReplicatedStorage } from '../storage-nats.ts'
import { writeSampleState } from '../testing/sample-state.ts'
import { archiveKeyLabel } from './archive-format.ts'
import { migrateStore } from './migrate.ts'
import { restoreArchive } from './restore.ts'
import { directoryLocation, natsLocationOf, type StoreLocation } from './store-location.ts'
import { verifyStore } from './verify.ts'
import { writeArchive } from './write-archive.ts'

let cluster: NatsCluster
let root: string
const nowMs = 5

beforeAll(async () => {
  cluster = await NatsCluster.start()
  root = await mkdtemp(join(tmpdir(), 'skerry-move-'))
  await mkdir(join(root, 'source'))
  await writeSampleState(join(root, 'source'))
})
afterAll(async () => {
  await cluster.stop()
  await rm(root, { recursive: true, force: true })
})

const keys = () => keyFile(join(root, 'source', 'secret.key'))
const servers = (name: string): Promise<StoreLocation> => natsLocationOf({ servers: [cluster.url], name }, keys())
const directory = (name: string): StoreLocation => directoryLocation(join(root, name))

it('moves a state to the servers of NATS and back, and loses nothing', async () => {
  const counts = { artifacts: 3, versions: 3, functions: 3, secrets: 3 }
  expect(await migrateStore({ from: directory('source'), to: await servers('moved'), keys: keys(), force: false, nowMs })).toMatchObject({ counts, missing: [] })
  expect(await verifyStore(await servers('moved'), keys())).toMatchObject({ counts, findings: [] })
  await expect(migrateStore({ from: directory('source'), to: await servers('moved'), keys: keys(), force: false, nowMs })).rejects.toMatchObject({ code: 'conflict' })
  expect(await migrateStore({ from: await servers('moved'), to: directory('back'), keys: keys(), force: false, nowMs })).toMatchObject({ counts, missing: [] })
  expect(await verifyStore(directory('back'), keys())).toMatchObject({ counts, findings: [] })
  await expect(migrateStore({ from: await servers('absent'), to: directory('back'), keys: keys(), force: true, nowMs })).rejects.toMatchObject({ code: 'not_found' })
})

it('restores a backup there, over what is there only when it is told to, under a new epoch', async () => {
  const store = openSqliteStore({ file: join(root, 'source', 'control-plane.db') })
  const file = join(root, 'backup.tar')
  await writeFile(file, await buffer(writeArchive(await store.openImage(), nowMs, (await SecretBox.open(keys())).ring.deriveEach(archiveKeyLabel)[0])))
  await store.close()
  const restore = async (force: boolean) => restoreArchive({ file, to: await servers('restored'), keys: keys(), force, nowMs })
  const epoch = async (): Promise<string> => {
    const opened = await (await servers('restored')).open()
    await opened.close()
    return opened.store.epoch
  }
  await restore(false)
  const first = await epoch()
  await expect(restore(false)).rejects.toMatchObject({ code: 'conflict' })
  expect(await epoch()).toBe(first)
  await restore(true)
  expect(await epoch()).not.toBe(first)
  expect(await verifyStore(await servers('restored'), keys())).toMatchObject({ sequence: 3, findings: [] })
})

it('a replica that was ahead of the backup forgets its own state, and takes over what was restored', async () => {
  const box = await SecretBox.open(keys())
  const nats = { servers: [cluster.url], name: 'ahead' }
  const open = () => openReplicatedStorage({ nats, file: join(root, 'replica.db'), derive: (label) => box.derive(label), log: () => undefined })
  const migrate = async () => migrateStore({ from: directory('source'), to: await servers('ahead'), keys: keys(), force: true, nowMs })
  await migrate()
  const before = await open()
  await before.store.commit({ writes: [{ kind: 'putRecord', collection: 'ahead', key: 'a', value: 1 }], timeMs: nowMs })
  await before.close()
  await migrate()
  const after = await open()
  try {
    expect(after.store.epoch).not.toBe(before.store.epoch)
    expect(await after.store.readRecord('ahead', 'a')).toBeUndefined()
    expect(await after.store.readSequence()).toBe(3)
  } finally {
    await after.close()
  }
})
