import { createHash, type KeyObject, type webcrypto } from 'node:crypto'
import { CryptoRefusal, type KeyLookup } from './crypto-arguments.ts'

/** Keys that one isolate may hold. */
export const maximumKeys = 1_000
/** What their material may take together: it lies outside of the isolate's memory limit. */
export const maximumKeyBytes = 16 * 1024 * 1024

interface HeldKey {
  readonly key: webcrypto.CryptoKey
  /** About what its material takes. */
  readonly bytes: number
  readonly importName: string | undefined
}

/**
 * The keys of one isolate, by number. Bounded: beyond 1,000, or 16 MB of material, the one that was used longest ago goes. An import of the same
 * material with the same parameters gives the same key, so that code which imports its key for every request holds one.
 */
export class KeyTable implements KeyLookup {
  readonly #keys = new Map<number, HeldKey>()
  readonly #idsByImport = new Map<string, number>()
  readonly #secrets = new WeakMap<webcrypto.CryptoKey, KeyObject>()
  #lastId = 0
  #bytes = 0

  /** Throws CryptoRefusal where there is no such key. */
  find(id: unknown): webcrypto.CryptoKey {
    const held = typeof id === 'number' ? this.#keys.get(id) : undefined
    if (typeof id !== 'number' || held === undefined) {
      throw new CryptoRefusal('InvalidAccessError', `The key is gone: an isolate holds at most ${maximumKeys}, of ${maximumKeyBytes} bytes together, and others were used since`)
    }
    this.#keys.delete(id)
    this.#keys.set(id, held)
    return held.key
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

  /** `callBytes` came with the call that made the key. Throws CryptoRefusal where the key alone is too large. */
  add(key: webcrypto.CryptoKey, callBytes: number, importName?: string, secret?: KeyObject): number {
    const bytes = Math.max(callBytes, lengthOf(key))
    if (bytes > maximumKeyBytes) throw new CryptoRefusal('OperationError', `Keys may have at most ${maximumKeyBytes} bytes`)
    if (secret !== undefined) this.#secrets.set(key, secret)
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size < maximumKeys && this.#bytes + bytes <= maximumKeyBytes) break
      this.#remove(oldest)
    }
    this.#lastId += 1
    const id = this.#lastId
    this.#keys.set(id, { key, bytes, importName })
    this.#bytes += bytes
    if (importName !== undefined) this.#idsByImport.set(importName, id)
    return id
  }

  get size(): number {
    return this.#keys.size
  }

  #remove(id: number): void {
    const held = this.#keys.get(id)
    if (held === undefined) return
    this.#keys.delete(id)
    this.#bytes -= held.bytes
    const { importName } = held
    if (importName !== undefined && this.#idsByImport.get(importName) === id) this.#idsByImport.delete(importName)
  }
}

/** Bytes of a secret key whose algorithm tells. */
function lengthOf(key: webcrypto.CryptoKey): number {
  const { length } = key.algorithm as { readonly length?: unknown }
  return typeof length === 'number' ? length / 8 : 0
}
