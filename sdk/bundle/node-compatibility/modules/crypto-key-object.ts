import type { Buffer } from 'node:buffer'
import { type BinaryLike, bytesOf, toBuffer } from './crypto-bytes.ts'

interface JsonWebKey {
  readonly kty: 'oct'
  readonly k: string
}

/** Secret keys; those with a public half are left to `crypto.subtle`. */
export class KeyObject {
  readonly #bytes: Uint8Array
  readonly type = 'secret'

  constructor(type: string, bytes: Uint8Array) {
    if (type !== 'secret') throw new TypeError(`A KeyObject of type ${type} is not offered at the edge: use crypto.subtle`)
    this.#bytes = bytes
  }

  get symmetricKeySize(): number {
    return this.#bytes.byteLength
  }

  export(): Buffer
  export(options: { format: 'jwk' }): JsonWebKey
  export(options?: { format?: string }): Buffer | JsonWebKey {
    const buffer = toBuffer(new Uint8Array(this.#bytes))
    return options?.format === 'jwk' ? { kty: 'oct', k: buffer.toString('base64url') } : buffer
  }

  equals(other: KeyObject): boolean {
    return this.#bytes.length === other.#bytes.length && this.#bytes.every((byte, index) => byte === other.#bytes[index])
  }

  get [Symbol.toStringTag](): string {
    return 'KeyObject'
  }
}

export function createSecretKey(key: BinaryLike, encoding?: BufferEncoding): KeyObject {
  return new KeyObject('secret', new Uint8Array(bytesOf(key, 'key', encoding)))
}
