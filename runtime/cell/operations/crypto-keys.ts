import { createHash, type KeyObject, type webcrypto } from 'node:crypto'
import { CryptoRefusal, type KeyLookup } from './crypto-arguments.ts'

/** Keys that one isolate may hold. */
export const maximumKeys = 1_000

/**
 * The keys of one isolate, by number. Bounded: beyond 1,000 the one that was used longest ago goes. An import of the same
 * material with the same parameters gives the same key, so that code which imports its key for every request holds one.
 */
export class KeyTable implements KeyLookup {
  readonly #keys = new Map<number, webcrypto.CryptoKey>()
  readonly #idsByImport = new Map<string, number>()
  readonly #importsById = new Map<number, string>()
  readonly #secrets = new WeakMap<webcrypto.CryptoKey, KeyObject>()
  #lastId = 0

  /** Throws CryptoRefusal where there is no such key. */
  find(id: unknown): webcrypto.CryptoKey {
    const key = typeof id === 'number' ? this.#keys.get(id) : undefined
    if (typeof id !== 'number' || key === undefined) {
      throw new CryptoRefusal('InvalidAccessError', `The key is gone: an isolate holds at most ${maximumKeys}, and others were used since`)
    }
    this.#keys.delete(id)
    this.#keys.set(id, key)
    return key
  }

  /** What an import is known by. */
  importName(jsonArguments: string, bytes: unknown): string {
    const hash = createHash('sha256').update(jsonArguments)
    if (bytes instanceof Uint8Array) hash.update('\n').update(bytes)
    return hash.digest('base64')
  }

  findImport(name: string): { readonly id: number; readonly key: webcrypto.CryptoKey } | undefined {
    const id = this.#idsByImport.get(name)
    return id === undefined ? undefined : { id, key: this.find(id) }
  }

  /** The material of a secret key, for calls that take no CryptoKey; undefined where it was not kept. */
  secretOf(key: unknown): KeyObject | undefined {
    return this.#secrets.get(key as webcrypto.CryptoKey)
  }

  add(key: webcrypto.CryptoKey, importName?: string, secret?: KeyObject): number {
    if (secret !== undefined) this.#secrets.set(key, secret)
    if (this.#keys.size >= maximumKeys) {
      const [oldest] = this.#keys.keys()
      if (oldest !== undefined) this.#remove(oldest)
    }
    this.#lastId += 1
    const id = this.#lastId
    this.#keys.set(id, key)
    if (importName !== undefined) {
      this.#idsByImport.set(importName, id)
      this.#importsById.set(id, importName)
    }
    return id
  }

  get size(): number {
    return this.#keys.size
  }

  #remove(id: number): void {
    this.#keys.delete(id)
    const name = this.#importsById.get(id)
    if (name === undefined) return
    this.#importsById.delete(id)
    if (this.#idsByImport.get(name) === id) this.#idsByImport.delete(name)
  }
}
