import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { backup } from 'node:sqlite'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { StorageType } from '@nats-io/jetstream'
import { type KV, type KvEntry, Kvm } from '@nats-io/kv'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { toStoreError } from '../nats/failures-nats.ts'
import type { NatsLink } from '../nats/link-nats.ts'
import type { LogCodec } from './commit-message.ts'
import { copyState } from './copy-state.ts'
import type { JetStreamLog } from './log-jetstream.ts'
import { readLogPosition } from './log-position.ts'
import type { JetStreamObjects } from './objects-jetstream.ts'
import { bodyPosition } from './replica-jetstream.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { migrate } from './sqlite-migrations.ts'
import type { StoredRevision } from './store.ts'

export interface JetStreamCheckpointsOptions {
  readonly link: NatsLink
  readonly name: string
  readonly replicas: number
  readonly database: SqliteDatabase
  readonly log: JetStreamLog
  readonly objects: JetStreamObjects
  readonly codec: LogCodec
  /** Messages from one checkpoint to the next. */
  readonly every: number
  /** Messages left before a checkpoint, for replicas that are a little behind. */
  readonly margin: number
  readonly onRevision: (revision: StoredRevision) => void
}

const pointerKey = 'checkpoint'
const objectPrefix = 'checkpoint/'
const connectedMs = 5_000

const pointerSchema = z.strictObject({ position: z.number(), object: z.string(), hash: z.string() })
type Pointer = z.infer<typeof pointerSchema>

/**
 * States as they were at a message of the log, so that the messages before need not be kept, and a new replica need not apply them all.
 * Which is the newest stands in a bucket, authenticated as messages are.
 */
export class JetStreamCheckpoints {
  readonly #options: JetStreamCheckpointsOptions
  #running: Promise<void> | undefined

  constructor(options: JetStreamCheckpointsOptions) {
    this.#options = options
  }

  /** Makes the bucket where it is not there yet. */
  async create(): Promise<void> {
    await this.#bucket()
  }

  /** Makes a checkpoint where one has become due between the positions before and behind a commit. Where two replicas find that, one is dropped. */
  async consider(before: number, position: number): Promise<void> {
    const { every } = this.#options
    if (Math.floor(position / every) === Math.floor(before / every) || this.#running !== undefined) return
    await this.make()
  }

  async make(): Promise<void> {
    this.#running ??= this.#make().finally(() => {
      this.#running = undefined
    })
    await this.#running
  }

  async settle(): Promise<void> {
    await this.#running?.catch(() => undefined)
  }

  /** Takes the state of the newest checkpoint over. Answers false where there is none beyond this state. */
  async restore(): Promise<boolean> {
    const { database, objects } = this.#options
    const found = await this.#readPointer()
    if (found === undefined || found.pointer.position <= readLogPosition(database).position) return false
    const { object, hash, position } = found.pointer
    await this.#inFolder(async (folder) => {
      const compressed = join(folder, 'checkpoint.zst')
      const file = join(folder, 'checkpoint.db')
      await pipeline(Readable.from(whole(objects.parts(object))), createWriteStream(compressed))
      if ((await hashFile(compressed)) !== hash) {
        throw new SkerryError('storage_corrupt', `The checkpoint at message ${position} of the log is not the one that was made: its bytes have another SHA-256.`)
      }
      await pipeline(createReadStream(compressed), createZstdDecompress(), createWriteStream(file))
      const checkpoint = new SqliteDatabase(file, undefined)
      try {
        migrate(checkpoint.raw)
      } finally {
        checkpoint.close()
      }
      const newest = copyState(database, file)
      // Who waits at an older revision has to look: the ones between may be gone.
      if (newest !== undefined) this.#options.onRevision(newest)
    })
    return true
  }

  async #make(): Promise<void> {
    const { database, objects, codec, log, margin } = this.#options
    const before = await this.#readPointer()
    const pointer = await this.#inFolder(async (folder): Promise<Pointer> => {
      const file = join(folder, 'checkpoint.db')
      const compressed = join(folder, 'checkpoint.zst')
      await backup(database.raw, file)
      await pipeline(createReadStream(file), createZstdCompress(), createWriteStream(compressed))
      const copy = new SqliteDatabase(file, undefined, 'read')
      const { position } = readLogPosition(copy)
      copy.close()
      const object = `${objectPrefix}${position}/${randomUUID()}`
      await objects.putStream(object, Readable.toWeb(createReadStream(compressed)) as ReadableStream<Uint8Array>)
      return { position, object, hash: await hashFile(compressed) }
    })
    if (before !== undefined && before.pointer.position >= pointer.position) return await objects.delete(pointer.object)
    const bucket = await this.#bucket()
    const value = codec.seal(pointerKey, JSON.stringify(pointer))
    await (before === undefined ? bucket.create(pointerKey, value) : bucket.update(pointerKey, value, before.entry.revision))
    const first = pointer.position - margin
    if (first > 1) await log.trim(first)
    for (const { name } of await objects.list()) {
      const isOver = (bodyPosition(name) ?? first) < first || (checkpointPosition(name) ?? pointer.position) < pointer.position
      if (isOver) await objects.delete(name)
    }
  }

  async #readPointer(): Promise<{ readonly pointer: Pointer; readonly entry: KvEntry } | undefined> {
    const bucket = await this.#bucket()
    const entry = await bucket.get(pointerKey).catch((error: unknown) => Promise.reject(toStoreError(error)))
    if (entry === null || entry.operation !== 'PUT') return undefined
    const text = this.#options.codec.open(pointerKey, entry.string())
    if (text === undefined) {
      throw new SkerryError('storage_corrupt', 'What the NATS servers say is the newest checkpoint was not written with this master key.')
    }
    return { pointer: pointerSchema.parse(JSON.parse(text)), entry }
  }

  async #bucket(): Promise<KV> {
    const { link, name, replicas } = this.#options
    const { client } = await link.whenConnected(connectedMs)
    try {
      return await new Kvm(client).create(`${name}-state`, { replicas, storage: StorageType.File, history: 1 })
    } catch (error) {
      throw toStoreError(error)
    }
  }

  /** Beside the database, where there is room for it. */
  async #inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(folderPrefix(this.#options.database.file))
    try {
      return await work(folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Takes away what a process left beside its database that was killed at a checkpoint. */
export async function removeUnfinishedCheckpoints(file: string): Promise<void> {
  const prefix = basename(folderPrefix(file))
  for (const name of await readdir(dirname(file))) {
    if (name.startsWith(prefix)) await rm(join(dirname(file), name), { recursive: true, force: true })
  }
}

function folderPrefix(file: string): string {
  return `${file}.checkpoint-`
}

/** Of a checkpoint that lies under this name, the newest one or one that somebody was killed over: undefined for other objects. */
function checkpointPosition(object: string): number | undefined {
  return object.startsWith(objectPrefix) ? Number(object.slice(objectPrefix.length).split('/')[0]) : undefined
}

/** A checkpoint is deleted when there is a newer one: whoever reads it meanwhile begins again. */
async function* whole(parts: AsyncIterable<Uint8Array | undefined>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    if (part === undefined) throw new SkerryError('storage_unreachable', 'The checkpoint is no longer there; a newer one takes its place.')
    yield part
  }
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
