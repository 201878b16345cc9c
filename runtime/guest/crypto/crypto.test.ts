import { beforeAll, describe, expect, test } from 'vitest'
import { ScriptedHost } from '../../../test/helpers/scripted-host.ts'
import { connectHost } from '../host.ts'
import { receiveResult } from './calls.ts'
import { Crypto, crypto } from './crypto.ts'
import { CryptoKey } from './crypto-key.ts'
import { SubtleCrypto } from './subtle-crypto.ts'

const { subtle } = crypto
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
type Pair = { publicKey: CryptoKey; privateKey: CryptoKey }

beforeAll(() => {
  const host = new ScriptedHost()
  host.onResult = receiveResult
  connectHost(host.call)
})

describe('crypto', () => {
  test('fills integer arrays with random bytes', () => {
    const array = new Uint32Array(16)
    expect(crypto.getRandomValues(array)).toBe(array)
    expect(new Set(array).size).toBeGreaterThan(8)
    const part = new Uint8Array(8)
    crypto.getRandomValues(part.subarray(4))
    expect([...part.subarray(0, 4)]).toEqual([0, 0, 0, 0])
    expect(crypto.getRandomValues(new BigInt64Array(0))).toHaveLength(0)
  })

  test('refuses other arrays', () => {
    for (const array of [new Float64Array(1), new DataView(new ArrayBuffer(1))]) {
      expect(() => crypto.getRandomValues(array)).toThrow(expect.objectContaining({ name: 'TypeMismatchError' }) as Error)
    }
    expect(() => crypto.getRandomValues([1])).toThrow(TypeError)
    expect(() => crypto.getRandomValues(new Uint8Array(65_537))).toThrow(expect.objectContaining({ name: 'QuotaExceededError', code: 22, quota: 65_536, requested: 65_537 }) as Error)
  })

  test('gives UUIDs', () => {
    expect(crypto.randomUUID()).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('can not be constructed', () => {
    for (const Interface of [Crypto, CryptoKey, SubtleCrypto]) expect(() => new Interface()).toThrow('Illegal constructor')
    expect(() => Crypto.prototype.randomUUID.call({} as Crypto)).toThrow(TypeError)
  })
})

describe('subtle', () => {
  test('digests views and buffers', async () => {
    const digest = await subtle.digest({ name: 'sha-256' }, bytes('-abc').subarray(1))
    expect(Buffer.from(digest as ArrayBuffer).toString('hex')).toMatch(/^ba7816bf/)
    expect((await subtle.digest('SHA-512', new ArrayBuffer(3))).byteLength).toBe(64)
  })

  test('signs and verifies', async () => {
    const algorithms = [
      [{ name: 'HMAC', hash: 'SHA-256' }, 'HMAC'], [{ name: 'ECDSA', namedCurve: 'P-256' }, { name: 'ECDSA', hash: { name: 'SHA-256' } }], ['Ed25519', 'Ed25519'],
      [{ name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, 'RSASSA-PKCS1-v1_5'],
    ]
    for (const [generation, algorithm] of algorithms) {
      const made = await subtle.generateKey(generation, true, ['sign', 'verify'])
      const [signer, verifier] = made instanceof CryptoKey ? [made, made] : [made.privateKey, made.publicKey]
      const signature = await subtle.sign(algorithm, signer, bytes('data'))
      expect(await subtle.verify(algorithm, verifier, signature, bytes('data'))).toBe(true)
      expect(await subtle.verify(algorithm, verifier, signature, bytes('date'))).toBe(false)
      const exported = await subtle.exportKey('jwk', verifier)
      const again = await subtle.importKey('jwk', exported, generation, true, ['verify'])
      expect(await subtle.verify(algorithm, again, signature, bytes('data'))).toBe(true)
    }
  })

  test('encrypts, decrypts, wraps and unwraps', async () => {
    const key = (await subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'])) as CryptoKey
    const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12), additionalData: bytes('more') }
    const secret = await subtle.encrypt(algorithm, key, bytes('data'))
    expect(Buffer.from((await subtle.decrypt(algorithm, key, secret)) as ArrayBuffer).toString()).toBe('data')
    await expect(subtle.decrypt({ ...algorithm, additionalData: bytes('less') }, key, secret)).rejects.toMatchObject({ name: 'OperationError' })
    const wrapped = await subtle.wrapKey('raw', key, key, algorithm)
    const unwrapped = (await subtle.unwrapKey('raw', wrapped, key, algorithm, 'AES-GCM', true, ['decrypt'])) as CryptoKey
    expect(Buffer.from((await subtle.decrypt(algorithm, unwrapped, secret)) as ArrayBuffer).toString()).toBe('data')
  })

  test('derives bits and keys', async () => {
    const base = await subtle.importKey('raw', bytes('password'), 'PBKDF2', false, ['deriveBits', 'deriveKey'])
    const algorithm = { name: 'PBKDF2', hash: 'SHA-1', salt: bytes('salt'), iterations: 2 }
    // https://www.rfc-editor.org/rfc/rfc6070
    expect(Buffer.from((await subtle.deriveBits(algorithm, base, 160)) as ArrayBuffer).toString('hex')).toBe('ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957')
    const key = (await subtle.deriveKey(algorithm, base, { name: 'AES-CBC', length: 128 }, false, ['encrypt'])) as CryptoKey
    expect([key.type, key.extractable, key.algorithm, key.usages]).toEqual(['secret', false, { name: 'AES-CBC', length: 128 }, ['encrypt']])
    const pair = (await subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, false, ['deriveBits'])) as Pair
    expect((await subtle.deriveBits({ name: 'ECDH', public: pair.publicKey }, pair.privateKey, null)).byteLength).toBe(32)
    await expect(subtle.deriveBits({ ...algorithm, iterations: 2_000_000 }, base, 160)).rejects.toMatchObject({ name: 'NotSupportedError' })
  })

  test('describes keys', async () => {
    const { publicKey, privateKey } = (await subtle.generateKey(
      { name: 'RSA-OAEP', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, false, ['encrypt', 'decrypt'])) as Pair
    expect(publicKey.algorithm).toEqual({ name: 'RSA-OAEP', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: { name: 'SHA-256' } })
    expect([publicKey.type, publicKey.usages, privateKey.type, privateKey.extractable]).toEqual(['public', ['encrypt'], 'private', false])
    expect(Object.prototype.toString.call(publicKey)).toBe('[object CryptoKey]')
    await expect(subtle.exportKey('pkcs8', privateKey)).rejects.toMatchObject({ name: 'InvalidAccessError' })
  })

  test('rejects what does not convert', async () => {
    await expect(subtle.digest('SHA-256', 'text')).rejects.toThrow(TypeError)
    await expect(subtle.digest('SHA-256', undefined)).rejects.toThrow(TypeError)
    await expect(subtle.sign('HMAC', {}, bytes(''))).rejects.toThrow(TypeError)
    await expect(subtle.importKey('jwk', bytes(''), 'HMAC', false, [])).rejects.toThrow(TypeError)
    await expect(subtle.generateKey('HMAC', false, 5)).rejects.toThrow(TypeError)
    await expect(subtle.digest('NONE', bytes(''))).rejects.toMatchObject({ name: 'NotSupportedError' })
    await expect(SubtleCrypto.prototype.digest.call({} as SubtleCrypto, 'SHA-1', bytes(''))).rejects.toThrow(TypeError)
  })
})
