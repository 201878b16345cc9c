import { hmac } from '@noble/hashes/hmac.js'
import type { Buffer } from 'node:buffer'
import { type BinaryLike, bytesOf, encodeBytes } from './crypto-bytes.ts'
import { KeyObject } from './crypto-key-object.ts'
import { argumentType, hashNamed } from './hashes.ts'

interface Digester {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
  clone?(): Digester
}

const finalized = (): Error => Object.assign(new Error('Digest already called'), { code: 'ERR_CRYPTO_HASH_FINALIZED' })

/** What `createHash` answers with. It is not a stream. */
export class Hash {
  readonly #digester: Digester
  #done = false

  constructor(digester: Digester) {
    this.#digester = digester
  }

  update(data: BinaryLike, encoding?: BufferEncoding): this {
    if (this.#done) throw finalized()
    this.#digester.update(bytesOf(data, 'data', encoding))
    return this
  }

  digest(): Buffer
  digest(encoding: BufferEncoding): string
  digest(encoding?: BufferEncoding): Buffer | string {
    if (this.#done) throw finalized()
    this.#done = true
    return encodeBytes(this.#digester.digest(), encoding)
  }

  copy(): Hash {
    if (this.#done || this.#digester.clone === undefined) throw finalized()
    return new Hash(this.#digester.clone())
  }
}

/** What `createHmac` answers with. */
export class Hmac {
  readonly #digester: Digester
  #done = false

  constructor(digester: Digester) {
    this.#digester = digester
  }

  update(data: BinaryLike, encoding?: BufferEncoding): this {
    if (this.#done) throw finalized()
    this.#digester.update(bytesOf(data, 'data', encoding))
    return this
  }

  /** A second time it is empty, as in Node. */
  digest(encoding?: BufferEncoding): Buffer | string {
    const bytes = this.#done ? new Uint8Array() : this.#digester.digest()
    this.#done = true
    return encodeBytes(bytes, encoding)
  }
}

export function createHash(algorithm: string): Hash {
  return new Hash(hashNamed(algorithm).create())
}

export function createHmac(algorithm: string, key: BinaryLike | KeyObject): Hmac {
  const secret = key instanceof KeyObject ? key.export() : key
  if (secret === undefined || secret === null) throw argumentType('key', 'string or an instance of Buffer, TypedArray, DataView or KeyObject', key)
  return new Hmac(hmac.create(hashNamed(algorithm), bytesOf(secret, 'key')))
}

/** Of data that is there as a whole. */
export function hash(algorithm: string, data: BinaryLike, encoding: BufferEncoding | 'buffer' = 'hex'): Buffer | string {
  return encodeBytes(hashNamed(algorithm)(bytesOf(data, 'input')), encoding)
}
