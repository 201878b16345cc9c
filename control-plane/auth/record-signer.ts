import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { type KeySuccession, signedBytes } from '../protocol/index.ts'

/** Signs feed records with ed25519. */
export class RecordSigner {
  #privateKey: KeyObject
  #publicKey: string
  #successions: readonly KeySuccession[] = []

  constructor(privateKeyPem: string) {
    this.#privateKey = createPrivateKey(privateKeyPem)
    this.#publicKey = publicOf(this.#privateKey)
  }

  /** PEM (SPKI). */
  get publicKey(): string {
    return this.#publicKey
  }

  /** How this key came in the place of those before, oldest first. */
  get successions(): readonly KeySuccession[] {
    return this.#successions
  }

  /** Signs with another key from now on. */
  use(privateKeyPem: string, successions: readonly KeySuccession[]): void {
    this.#privateKey = createPrivateKey(privateKeyPem)
    this.#publicKey = publicOf(this.#privateKey)
    this.#successions = successions
  }

  sign(record: Readonly<Record<string, unknown>>): string {
    return sign(null, signedBytes(record), this.#privateKey).toString('base64')
  }
}

function publicOf(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' })
}
