import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { Collection, type Store } from '../store/index.ts'
import { decrypt, encrypt } from './aes-gcm.ts'
import type { KeyRing, MasterKey } from './key-ring.ts'
import type { KeySource } from './key-source.ts'

/** Which master key seals, by its id: agreed upon in the store, so that no replica goes on with one that is being retired. */
export const sealingKey = new Collection('sealing-key', z.strictObject({ id: z.string() }))
export const sealingKeyName = 'master'

/**
 * Seals what must not be readable in the store with a master key, bound to a context, so that a sealed value is of no use in another
 * place. Sealed text is `KEY_ID.BASE64`.
 */
export class SecretBox {
  readonly #source: KeySource
  #ring: KeyRing

  private constructor(source: KeySource, ring: KeyRing) {
    this.#source = source
    this.#ring = ring
  }

  /** Throws `config_invalid` where the source has no keys. */
  static async open(source: KeySource): Promise<SecretBox> {
    return new SecretBox(source, await source.read())
  }

  get source(): KeySource {
    return this.#source
  }

  get ring(): KeyRing {
    return this.#ring
  }

  /** Reads the keys anew. */
  async refresh(): Promise<KeyRing> {
    this.#ring = await this.#source.read()
    return this.#ring
  }

  /** Seals with the key that the store names; within a commit, so that it is that one still when the value is written. */
  async seal(store: Store, plain: Uint8Array, context: string): Promise<string> {
    const id = (await sealingKey.read(store, sealingKeyName))?.id ?? this.#ring.newest.id
    const key = await this.#require(id, context)
    return `${id}.${encrypt(key.bytes, plain, context)}`
  }

  /** Throws `internal_error` where the key is another one or the value was changed. */
  async open(sealed: string, context: string): Promise<Buffer> {
    const id = sealingKeyId(sealed)
    // The first release had one key, and did not note its id.
    const key = id === '' ? this.#ring.keys.at(-1) ?? this.#ring.newest : await this.#require(id, context)
    try {
      return decrypt(key.bytes, id === '' ? sealed : sealed.slice(id.length + 1), context)
    } catch (error) {
      throw new SkerryError('internal_error', `What is sealed for ${context} does not open: it was changed, or belongs elsewhere.`, { cause: error })
    }
  }

  /** 32 bytes for one purpose, the same at every replica and after every rotation of the keys (HKDF-SHA-256). */
  derive(label: string): Uint8Array {
    return this.#ring.derive(label)
  }

  async #require(id: string, context: string): Promise<MasterKey> {
    const key = this.#ring.find(id) ?? (await this.refresh()).find(id)
    if (key !== undefined) return key
    throw new SkerryError(
      'internal_error',
      `The master key ${id}, which ${context} is sealed with, is not in ${this.#source.name}. Every replica needs the same keys: restore the right ones.`,
    )
  }
}

/** Id of the key that sealed a text. */
export function sealingKeyId(sealed: string): string {
  return sealed.slice(0, Math.max(0, sealed.indexOf('.')))
}
