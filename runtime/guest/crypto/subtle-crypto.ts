import { requireArguments, shapeInterface } from '../webidl.ts'
import { toUnsignedLong } from '../webidl/numbers.ts'
import { callCrypto, type CryptoResult } from './calls.ts'
import { type CryptoKey, type CryptoKeyPair, readKeys } from './crypto-key.ts'
import { ArgumentWriter, type Json } from './marshal.ts'

const token = Symbol('SubtleCrypto')

type Keys = CryptoKey | CryptoKeyPair

/**
 * https://w3c.github.io/webcrypto/#subtlecrypto-interface
 *
 * Arguments are converted here; the cell checks what they mean and does the work.
 */
export class SubtleCrypto {
  readonly #brand = true

  constructor(key: unknown = undefined) {
    if (key !== token) throw new TypeError('Illegal constructor')
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest */
  async digest(algorithm: unknown, data: unknown): Promise<ArrayBufferLike> {
    this.#check(arguments.length, 2, 'digest')
    return toBuffer(await call('digest', (write) => [write.algorithm('digest', algorithm), write.bytes(data, 'The data')]))
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-sign */
  async sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBufferLike> {
    this.#check(arguments.length, 3, 'sign')
    return toBuffer(await call('sign', (write) => [write.algorithm('sign', algorithm), write.key(key), write.bytes(data, 'The data')]))
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-verify */
  async verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    this.#check(arguments.length, 4, 'verify')
    const result = await call('verify', (write) => [
      write.algorithm('verify', algorithm), write.key(key), write.bytes(signature, 'The signature'), write.bytes(data, 'The data'),
    ])
    return result === 'true'
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-encrypt */
  async encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBufferLike> {
    this.#check(arguments.length, 3, 'encrypt')
    return toBuffer(await call('encrypt', (write) => [write.algorithm('encrypt', algorithm), write.key(key), write.bytes(data, 'The data')]))
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-decrypt */
  async decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBufferLike> {
    this.#check(arguments.length, 3, 'decrypt')
    return toBuffer(await call('decrypt', (write) => [write.algorithm('decrypt', algorithm), write.key(key), write.bytes(data, 'The data')]))
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-generateKey */
  async generateKey(algorithm: unknown, extractable: unknown, usages: unknown): Promise<Keys> {
    this.#check(arguments.length, 3, 'generateKey')
    return toKeys(await call('generateKey', (write) => [write.algorithm('generateKey', algorithm), Boolean(extractable), write.usages(usages)]))
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-importKey */
  async importKey(format: unknown, keyData: unknown, algorithm: unknown, extractable: unknown, usages: unknown): Promise<Keys> {
    this.#check(arguments.length, 5, 'importKey')
    const result = await call('importKey', (write) => {
      const itsFormat = write.format(format)
      return [itsFormat, write.keyData(itsFormat, keyData), write.algorithm('importKey', algorithm), Boolean(extractable), write.usages(usages)]
    })
    return toKeys(result)
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-exportKey */
  async exportKey(format: unknown, key: unknown): Promise<unknown> {
    this.#check(arguments.length, 2, 'exportKey')
    const result = await call('exportKey', (write) => [write.format(format), write.key(key)])
    return typeof result === 'string' ? (JSON.parse(result) as unknown) : toBuffer(result)
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveBits */
  async deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBufferLike> {
    this.#check(arguments.length, 2, 'deriveBits')
    const result = await call('deriveBits', (write) => [
      write.algorithm('deriveBits', algorithm), write.key(baseKey), length === null ? null : toUnsignedLong(length),
    ])
    return toBuffer(result)
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-deriveKey */
  async deriveKey(algorithm: unknown, baseKey: unknown, derived: unknown, extractable: unknown, usages: unknown): Promise<Keys> {
    this.#check(arguments.length, 5, 'deriveKey')
    const result = await call('deriveKey', (write) => [
      write.algorithm('deriveBits', algorithm), write.key(baseKey), write.algorithm('get key length', derived), Boolean(extractable), write.usages(usages),
    ])
    return toKeys(result)
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-wrapKey */
  async wrapKey(format: unknown, key: unknown, wrappingKey: unknown, algorithm: unknown): Promise<ArrayBufferLike> {
    this.#check(arguments.length, 4, 'wrapKey')
    const result = await call('wrapKey', (write) => [
      write.format(format), write.key(key), write.key(wrappingKey), write.algorithm('wrapKey', algorithm),
    ])
    return toBuffer(result)
  }

  /** https://w3c.github.io/webcrypto/#SubtleCrypto-method-unwrapKey */
  async unwrapKey(
    format: unknown, wrapped: unknown, unwrappingKey: unknown, algorithm: unknown,
    unwrapped: unknown, extractable: unknown, usages: unknown,
  ): Promise<Keys> {
    this.#check(arguments.length, 7, 'unwrapKey')
    const result = await call('unwrapKey', (write) => [
      write.format(format), write.bytes(wrapped, 'The wrapped key'), write.key(unwrappingKey), write.algorithm('unwrapKey', algorithm),
      write.algorithm('importKey', unwrapped), Boolean(extractable), write.usages(usages),
    ])
    return toKeys(result)
  }

  #check(count: number, needed: number, method: string): void {
    void this.#brand
    requireArguments(count, needed, `SubtleCrypto.${method}`)
  }
}

shapeInterface(SubtleCrypto, 'SubtleCrypto')

export function createSubtleCrypto(): SubtleCrypto {
  return new SubtleCrypto(token)
}

function call(method: string, write: (writer: ArgumentWriter) => readonly Json[]): Promise<CryptoResult> {
  const writer = new ArgumentWriter()
  const { json, bytes } = writer.finish(write(writer))
  return callCrypto(method, json, bytes)
}

function toBuffer(result: CryptoResult): ArrayBufferLike {
  if (typeof result === 'string') throw new TypeError('the cell answered with text instead of bytes')
  return result.byteLength === result.buffer.byteLength ? result.buffer : result.slice().buffer
}

function toKeys(result: CryptoResult): Keys {
  return readKeys(result as string)
}
