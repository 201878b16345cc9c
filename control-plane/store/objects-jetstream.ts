import { StorageType } from '@nats-io/jetstream'
import { Objm, type ObjectStore, setSha256Backend } from '@nats-io/obj'
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
    await this.#ask((store) => store.putBlob({ name }, bytes, { timeout: chunkMs }))
  }

  /** The same for what comes in parts. */
  async putStream(name: string, bytes: ReadableStream<Uint8Array>): Promise<void> {
    await this.#ask((store) => store.put({ name }, bytes, { timeout: chunkMs }))
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return (await this.#ask((store) => store.getBlob(name))) ?? undefined
  }

  /** Hands over the bytes of an object part by part. Answers false where there is none. */
  async getStream(name: string, consume: (bytes: ReadableStream<Uint8Array>) => Promise<void>): Promise<boolean> {
    return this.#ask(async (store) => {
      const found = await store.get(name)
      if (found === null) return false
      await Promise.all([consume(found.data), found.error.then((error) => (error === null || error === undefined ? undefined : Promise.reject(error)))])
      return true
    })
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
    const session = await this.#options.link.whenConnected(connectedMs)
    const store = this.#stores.get(session) ?? new Objm(session.client).open(this.#bucket, false)
    this.#stores.set(session, store)
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(unreachable(new Error('the object took too long'))), transferMs)
    })
    try {
      return await Promise.race([store.then((opened) => request(opened, session)), timeout])
    } catch (error) {
      throw toStoreError(error)
    } finally {
      clearTimeout(timer)
    }
  }
}
