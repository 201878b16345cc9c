import { beforeAll, describe, expect, test } from 'vitest'
import { HostOperation } from '../../bridge/index.ts'
import { ScriptedHost } from '../../../test/helpers/scripted-host.ts'
import { connectHost } from '../host.ts'
import { structuredClone } from '../structured-clone/index.ts'
import { receiveResult } from './calls.ts'
import { crypto } from './crypto.ts'
import { CryptoKey } from './crypto-key.ts'

const { subtle } = crypto
const host = new ScriptedHost()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const hex = (buffer: ArrayBufferLike): string => Buffer.from(buffer).toString('hex')
const hmac = { name: 'HMAC', hash: 'SHA-256' }

/** An object that notes which of its members are read. */
function spied<T extends object>(target: T, log: string[], name = ''): T {
  return new Proxy(target, {
    get(object, key) {
      log.push(`${name}${String(key)}`)
      return Reflect.get(object, key) as unknown
    },
  })
}

beforeAll(() => {
  host.onResult = receiveResult
  connectHost(host.call)
})

describe('algorithms', () => {
  test('are read in the order of WebIDL, and only what they need', async () => {
    const log: string[] = []
    await subtle.generateKey(spied({ ...hmac, hash: spied({ name: 'SHA-1' }, log, 'hash.'), length: 128, iv: 1 }, log), true, ['sign'])
    expect(log).toEqual(['name', 'hash', 'length', 'hash.name'])
    log.length = 0
    await subtle.digest(spied({ name: 'sha-256', hash: 'x' }, log), bytes(''))
    expect(log).toEqual(['name'])
  })

  test('are read after everything else is converted, and bytes after them', async () => {
    const log: string[] = []
    await expect(subtle.sign(spied(hmac, log), {}, bytes(''))).rejects.toThrow(TypeError)
    await expect(subtle.digest(spied(hmac, log), 'text')).rejects.toThrow(TypeError)
    expect(log).toEqual([])
    const data = bytes('-bc')
    const algorithm = {
      get name() {
        data[0] = 97
        return 'SHA-256'
      },
    }
    expect(hex(await subtle.digest(algorithm, data))).toMatch(/^ba7816bf/)
  })

  test.each([
    [{}, TypeError], [{ name: 'AES-GCM' }, TypeError], [{ name: 'AES-GCM', length: 'x' }, TypeError], [{ name: 'AES-GCM', length: 65_536 }, TypeError],
    [{ name: 'AES-GCM', length: Infinity }, TypeError], [{ name: 'ECDH' }, TypeError], [{ name: 'HMAC' }, TypeError],
    [{ name: 'RSA-PSS', hash: 'SHA-1', modulusLength: 1024, publicExponent: new Uint16Array(1) }, TypeError],
    [Symbol('x'), TypeError], [undefined, { name: 'NotSupportedError' }], ['SHA-1', { name: 'NotSupportedError' }],
    [{ name: 'HMAC', hash: 'MD5' }, { name: 'NotSupportedError' }], [{ name: 'AES-GCM', length: 100 }, { name: 'OperationError' }],
    [{ name: 'ECDSA', namedCurve: 'P-1' }, { name: 'NotSupportedError' }],
  ] as const)('generateKey(%o) rejects', async (algorithm, error) => {
    await expect(subtle.generateKey(algorithm, true, ['sign', 'encrypt', 'deriveBits'])).rejects.toThrow(typeof error === 'function' ? error : (expect.objectContaining(error) as Error))
  })

  test('numbers convert as WebIDL says', async () => {
    const key = (await subtle.generateKey({ name: 'aes-gcm', length: { valueOf: () => '256.7' } }, true, ['encrypt'])) as CryptoKey
    expect(key.algorithm).toEqual({ name: 'AES-GCM', length: 256 })
  })
})

test.each([
  ['raw', { kty: 'oct' }, hmac, ['sign'], TypeError], ['jwk', bytes('x'), hmac, ['sign'], TypeError], ['RAW', bytes('x'), hmac, ['sign'], TypeError],
  ['raw', 'x', hmac, ['sign'], TypeError], ['raw', bytes('x'), hmac, ['Sign'], TypeError], ['raw', bytes('x'), hmac, 'sign', TypeError],
  ['jwk', { kty: 'oct', oth: 'x' }, hmac, ['sign'], TypeError], ['jwk', undefined, hmac, ['sign'], { name: 'DataError' }],
  ['jwk', { kty: 'oct', k: 'AAAA', alg: 'HS512' }, hmac, ['sign'], { name: 'DataError' }],
  ['raw', bytes('x'), hmac, ['encrypt'], { name: 'SyntaxError' }], ['raw', bytes('x'), hmac, [], { name: 'SyntaxError' }],
  ['raw', bytes('x'), 'AES-GCM', ['encrypt'], { name: 'DataError' }], ['spki', bytes('x'), hmac, ['sign'], { name: 'NotSupportedError' }],
  // The algorithm comes first.
  ['raw', { kty: 'oct' }, 'NONE', ['sign'], { name: 'NotSupportedError' }],
] as const)('importKey(%o, %o, %o, true, %o) rejects', async (format, data, algorithm, usages, error) => {
  await expect(subtle.importKey(format, data, algorithm, true, usages)).rejects.toThrow(typeof error === 'function' ? error : (expect.objectContaining(error) as Error))
})

describe('keys', () => {
  test('show the same objects each time, and keep what they are', async () => {
    const key = (await subtle.importKey('raw', bytes('secret'), hmac, true, ['verify', 'sign'])) as CryptoKey
    expect([key.algorithm, key.usages]).toEqual([{ name: 'HMAC', hash: { name: 'SHA-256' }, length: 48 }, ['sign', 'verify']])
    expect([key.algorithm === key.algorithm, key.usages === key.usages]).toEqual([true, true])
    Object.assign(key.algorithm, { name: 'AES-GCM' })
    const clone = structuredClone(key) as CryptoKey
    expect(clone).toBeInstanceOf(CryptoKey)
    expect(clone).not.toBe(key)
    expect([clone.type, clone.extractable, clone.algorithm, clone.usages]).toEqual(['secret', true, { name: 'HMAC', hash: { name: 'SHA-256' }, length: 48 }, ['sign', 'verify']])
    expect(hex(await subtle.sign('HMAC', clone, bytes('x')))).toBe(hex(await subtle.sign('HMAC', key, bytes('x'))))
  })
})

describe('short work', () => {
  test('takes no turn of its own', async () => {
    const key = (await subtle.importKey('raw', bytes('key'), hmac, false, ['sign', 'verify'])) as CryptoKey
    const cipher = (await subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt', 'decrypt'])) as CryptoKey
    let events = 0
    host.onResult = (...result) => {
      events += 1
      receiveResult(...result)
    }
    // https://en.wikipedia.org/wiki/HMAC#Examples
    const signature = await subtle.sign('hmac', key, bytes('The quick brown fox jumps over the lazy dog'))
    expect(hex(signature)).toBe('f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8')
    expect(await subtle.verify('HMAC', key, signature, bytes('The quick brown fox jumps over the lazy dog'))).toBe(true)
    expect(await subtle.verify('HMAC', key, signature.slice(1), bytes('The quick brown fox jumps over the lazy dog'))).toBe(false)
    const iv = new Uint8Array(12)
    const algorithm = { name: 'AES-GCM', iv, additionalData: bytes('header') }
    const secret = await subtle.encrypt(algorithm, cipher, bytes('data'))
    expect(Buffer.from(await subtle.decrypt(algorithm, cipher, secret)).toString()).toBe('data')
    await subtle.digest('SHA-512', new Uint8Array(65_536))
    expect(events).toBe(0)
    await expect(subtle.decrypt({ name: 'AES-GCM', iv }, cipher, secret)).rejects.toMatchObject({ name: 'OperationError' })
    await expect(subtle.encrypt({ name: 'AES-GCM', iv }, key, bytes('data'))).rejects.toMatchObject({ name: 'InvalidAccessError' })
    expect(events).toBe(2)
    host.onResult = receiveResult
  })

  test('and long work agree', async () => {
    const raw = new Uint8Array(32).fill(7)
    const usages = ['encrypt', 'decrypt']
    const quick = (await subtle.importKey('raw', raw, 'AES-GCM', true, usages)) as CryptoKey
    const slow = (await subtle.importKey('jwk', await subtle.exportKey('jwk', quick), 'AES-GCM', true, usages)) as CryptoKey
    const algorithm = { name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 128 }
    for (const data of [bytes(''), bytes('data'), new Uint8Array(100_000)]) {
      const outcomes = await Promise.all([quick, slow].map((key) => subtle.encrypt(algorithm, key, data)))
      expect(hex(outcomes[0] as ArrayBuffer)).toBe(hex(outcomes[1] as ArrayBuffer))
    }
  })

  test('calls that wait are many', async () => {
    const digests = await Promise.all(Array.from({ length: 300 }, () => subtle.digest('SHA-1', new Uint8Array(70_000))))
    expect(new Set(digests.map(hex)).size).toBe(1)
    expect(host.of(HostOperation.crypto).length).toBeGreaterThan(300)
  })
})
