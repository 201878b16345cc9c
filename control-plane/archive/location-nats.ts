import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SkerryError } from '../../errors/index.ts'
import { type KeySource, SecretBox } from '../auth/index.ts'
import { defaultNatsName, type NatsOptions } from '../nats/index.ts'
import { NatsLink } from '../nats/link-nats.ts'
import type { ReplacementOptions } from '../store/index.ts'
import { openReplicatedStorage } from '../storage-nats.ts'
import type { OpenedStore, StoreLocation } from './store-location.ts'

const connectMs = 10_000

/** What NATS servers keep for the replicas of a control plane. Nobody but this may use it meanwhile. */
export function natsLocation(nats: NatsOptions, keys: KeySource): StoreLocation {
  const name = `${nats.name ?? defaultNatsName} at ${nats.servers.map((url) => url.replace(/\/\/[^@/]*@/, '//')).join(',')}`
  return {
    name,
    async open() {
      if (!(await hasLog(nats))) throw new SkerryError('not_found', `There is no state of a control plane named ${name}.`, { field: 'from' })
      return openReplica(nats, keys)
    },
    async replace({ force, fill }: ReplacementOptions) {
      if (await hasLog(nats)) {
        if (force) await removeLog(nats)
        else await requireEmpty(nats, keys, name)
      }
      const { store, close } = await openReplica(nats, keys)
      try {
        await fill(store)
      } finally {
        await close()
      }
    },
  }
}

/** A replica whose own state is gone with it. */
async function openReplica(nats: NatsOptions, keys: KeySource): Promise<OpenedStore> {
  const box = await SecretBox.open(keys)
  const directory = await mkdtemp(join(tmpdir(), 'skerry-replica-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    const storage = await openReplicatedStorage({ nats, file: join(directory, 'replica.db'), derive: (label) => box.derive(label), log: () => undefined })
    const close = async (): Promise<void> => {
      await storage.close()
      await remove()
    }
    return { store: storage.store, close }
  } catch (error) {
    await remove()
    throw error
  }
}

async function requireEmpty(nats: NatsOptions, keys: KeySource, name: string): Promise<void> {
  const { store, close } = await openReplica(nats, keys)
  try {
    const image = await store.openImage()
    const isEmpty = Object.values(image.counts).every((count) => count === 0)
    image.close()
    if (!isEmpty) throw new SkerryError('conflict', `${name} holds a state already. With --force it is deleted and replaced.`)
  } finally {
    await close()
  }
}

/** What a control plane has made at the servers, by name; in the order in which to delete them: a log without its checkpoint opens no more. */
function streamsOf({ name = defaultNatsName }: NatsOptions): readonly string[] {
  return [`KV_${name}-state`, `OBJ_${name}-objects`, `${name}-log`]
}

async function existingStreams(link: NatsLink, nats: NatsOptions): Promise<readonly string[]> {
  const { manager } = await link.whenConnected(connectMs)
  const names = new Set<string>()
  for await (const name of manager.streams.names()) names.add(name)
  return streamsOf(nats).filter((name) => names.has(name))
}

async function hasLog(nats: NatsOptions): Promise<boolean> {
  return withLink(nats, async (link) => (await existingStreams(link, nats)).length > 0)
}

async function removeLog(nats: NatsOptions): Promise<void> {
  await withLink(nats, async (link) => {
    const { manager } = await link.whenConnected(connectMs)
    for (const name of await existingStreams(link, nats)) await manager.streams.delete(name)
  })
}

async function withLink<T>(nats: NatsOptions, use: (link: NatsLink) => Promise<T>): Promise<T> {
  const link = new NatsLink(nats)
  try {
    return await use(link)
  } finally {
    await link.close()
  }
}
