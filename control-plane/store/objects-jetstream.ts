import { StorageType } from '@nats-io/jetstream'
import { Objm, type ObjectStore, type ObjectStoreMeta, setSha256Backend } from '@nats-io/obj'
import { toStoreError } from '../nats/failures-nats.ts'
import { type NatsLink, type NatsSession, unreachable } from '../nats/link-nats.ts'

export interface JetStreamObjectsOptions {
  readonly link: NatsLink
  readonly name: string
  readonly replicas: number
  readonly maximumBytes?: number | undefined
}

export interface ListedObject {
  readonly name: string
  /** Since the Unix epoch, by the clock of who put it. */
  readonly storedMs: number
}

const connectedMs = 5_000
/** For one object as a whole, and for one part of it, in milliseconds. */
const transferMs = 60_000
const chunkMs = 5_000

const partBytes = 512 * 1024

/** What is too long for the log, in an object store. An object has a name of its own for ever: none is ever written twice. */
export class JetStreamObjects {
  readonly #options: JetStreamObjectsOptions
  readonly #bucket: string
  readonly #stores = new WeakMap<NatsSession, Promise<ObjectStore>>()

  constructor(options: JetStreamObjectsOptions) {
    setSha256Backend('native')
    this.#options = options
    this.#bucket = `${options.name}-objects`
  }

  /** Makes the bucket where it is not there yet. */
  async create(): Promise<void> {
    const { replicas, maximumBytes } = this.#options
    const limits = maximumBytes === undefined ? {} : { max_bytes: maximumBytes }
    await this.#ask(async (_store, { client, manager }) => {
      const store = await new Objm(client).create(this.#bucket, { replicas, storage: StorageType.File, ...limits })
      const { streamInfo } = await store.status()
      if (maximumBytes !== undefined && streamInfo.config.max_bytes !== maximumBytes) await manager.streams.update(streamInfo.config.name, limits)
    })
  }

  /** Rejects with `storage_full` or `storage_unreachable`. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#ask((store) => store.putBlob(partsOf(name), bytes, { timeout: chunkMs }))
  }

  /** The same for what comes in parts. */
  async putStream(name: string, bytes: ReadableStream<Uint8Array>): Promise<void> {
    await this.#ask((store) => store.put(partsOf(name), bytes, { timeout: chunkMs }))
  }

  /** Undefined where there is none, or no longer a whole one. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = []
    for await (const part of this.parts(name)) {
      if (part === undefined) return undefined
      parts.push(part)
    }
    return Buffer.concat(parts)
  }

  /**
   * The parts of an object, asked for one by one, so that each is answered by whichever server leads by then; undefined is the last where
   * the object is not there, or was deleted meanwhile.
   */
  async *parts(name: string): AsyncGenerator<Uint8Array | undefined> {
    const info = await this.#ask((store) => store.info(name))
    const query = { next_by_subj: `$O.${this.#bucket}.C.${info?.nuid}` }
    const parts = info === null || info.deleted ? 1 : info.chunks
    for (let part = 0, sequence = 0; part < parts; part += 1) {
      const after = { seq: sequence + 1, ...query }
      const message = await this.#ask((_store, { manager }) => manager.streams.getMessage(`OBJ_${this.#bucket}`, after))
      yield message?.data
      if (message === null) break
      sequence = message.seq
    }
  }

  /** Harmless where there is none. */
  async delete(name: string): Promise<void> {
    await this.#ask((store) => store.delete(name))
  }

  async list(): Promise<readonly ListedObject[]> {
    const objects = await this.#ask((store) => store.list())
    return objects.map(({ name, mtime }) => ({ name, storedMs: Date.parse(mtime) }))
  }

  async #ask<T>(request: (store: ObjectStore, session: NatsSession) => Promise<T>): Promise<T> {
    const { link } = this.#options
    const session = await link.whenConnected(connectedMs)
    const store = this.#stores.get(session) ?? new Objm(session.client).open(this.#bucket, false)
    this.#stores.set(session, store)
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(unreachable(new Error('the object took too long'))), transferMs)
    })
    try {
      return await link.whileConnected(Promise.race([store.then((opened) => request(opened, session)), timeout]))
    } catch (error) {
      throw toStoreError(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

function partsOf(name: string): ObjectStoreMeta {
  return { name, options: { max_chunk_size: partBytes } }
}
