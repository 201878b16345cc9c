import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'
import { decrypt, encrypt, keyBytes } from './aes-gcm.ts'
import { type SecretBox, sealingKeyId } from './secret-box.ts'

const dataKeyRingSchema = z.strictObject({ keys: z.array(z.strictObject({ id: z.string(), wrapped: z.string() })).min(1) })
export type DataKeyRing = z.infer<typeof dataKeyRingSchema>

/** The data keys of an account, newest first, each wrapped by a master key. Without them nothing opens that the account sealed. */
export const dataKeyRings = new Collection('data-key', dataKeyRingSchema)

const openedMax = 20_000

/** What secrets of one account are sealed for, and where. */
export interface SecretPlace {
  readonly account: string
  readonly functionName: string
  readonly key: string
}

/**
 * Envelope encryption: the secrets of an account are sealed with a data key of its own, and that with the master key. So a new master
 * key means to wrap some hundred bytes for each account anew, and an account that goes takes what opens its secrets along.
 */
export class DataKeys {
  readonly #box: SecretBox
  readonly #opened = new LRUCache<string, Uint8Array>({ max: openedMax })

  constructor(box: SecretBox) {
    this.#box = box
  }

  /** Seals a value; within a commit that writes `writes` too, which make the account's first key where it has none. */
  async seal(store: Store, place: SecretPlace, plain: string): Promise<{ readonly sealed: string; readonly writes: readonly StoreWrite[] }> {
    const { account } = place
    const known = await dataKeyRings.read(store, account)
    const ring = known ?? { keys: [await this.create(store, account)] }
    const [newest] = ring.keys
    if (newest === undefined) throw new Error('a ring without keys')
    const key = await this.#unwrap(account, newest)
    const sealed = `${newest.id}.${encrypt(key, Buffer.from(plain, 'utf8'), contextOf(place))}`
    return { sealed, writes: known === undefined ? [dataKeyRings.put(account, ring)] : [] }
  }

  /**
   * The value; undefined where its key is no more, as with what stands in the log from before a rotation.
   * Throws `internal_error` where it was changed or belongs elsewhere, or where the master key is missing.
   */
  async open(store: Store, place: SecretPlace, sealed: string): Promise<string | undefined> {
    const id = sealingKeyId(sealed)
    const cacheKey = `${place.account}/${id}`
    let key = this.#opened.get(cacheKey)
    if (key === undefined) {
      const found = (await dataKeyRings.read(store, place.account))?.keys.find((one) => one.id === id)
      if (found === undefined) return undefined
      key = await this.#unwrap(place.account, found)
    }
    try {
      return decrypt(key, sealed.slice(id.length + 1), contextOf(place)).toString('utf8')
    } catch (error) {
      throw new SkerryError('internal_error', `${contextOf(place)} does not open: it was changed, or belongs elsewhere.`, { cause: error })
    }
  }

  /** A new data key, wrapped; within the commit that writes it. */
  async create(store: Store, account: string): Promise<DataKeyRing['keys'][number]> {
    const id = randomBytes(6).toString('hex')
    const wrapped = await this.#box.seal(store, randomBytes(keyBytes), wrapContext(account, id))
    return { id, wrapped }
  }

  /** The same keys, wrapped by the master key that seals now; undefined where all are. Within a commit. */
  async rewrap(store: Store, account: string, sealingId: string): Promise<DataKeyRing | undefined> {
    const ring = await dataKeyRings.read(store, account)
    if (ring === undefined || ring.keys.every(({ wrapped }) => sealingKeyId(wrapped) === sealingId)) return undefined
    const keys: DataKeyRing['keys'] = []
    for (const one of ring.keys) {
      const context = wrapContext(account, one.id)
      keys.push({ id: one.id, wrapped: await this.#box.seal(store, await this.#box.open(one.wrapped, context), context) })
    }
    return { keys }
  }

  async #unwrap(account: string, { id, wrapped }: DataKeyRing['keys'][number]): Promise<Uint8Array> {
    const cacheKey = `${account}/${id}`
    const known = this.#opened.get(cacheKey)
    if (known !== undefined) return known
    const key = await this.#box.open(wrapped, wrapContext(account, id))
    this.#opened.set(cacheKey, key)
    return key
  }
}

function wrapContext(account: string, id: string): string {
  return `data-key:${account}/${id}`
}

function contextOf({ account, functionName, key }: SecretPlace): string {
  return `secret:${account}/${functionName}/${key}`
}
