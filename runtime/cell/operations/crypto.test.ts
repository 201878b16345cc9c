import { describe, expect, test } from 'vitest'
import { PoolMeter } from '../pool-meter.ts'
import { maximumHeldBytes, PoolQueue } from '../pool-queue.ts'
import { CryptoOperations, type CryptoOutcome } from './crypto.ts'
import { maximumKeyBytes, maximumKeys } from './crypto-keys.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const part = (offset: number, length: number): object => ({ $bytes: [offset, length] })

function call(operations: CryptoOperations, method: string, given: unknown[], bytes?: Uint8Array): Promise<CryptoOutcome> {
  return operations.perform(method, JSON.stringify(given), bytes)
}

async function json(outcome: Promise<CryptoOutcome>): Promise<Record<string, unknown>> {
  const { error, value } = await outcome
  expect(error, String(value)).toBe('')
  return JSON.parse(value as string) as Record<string, unknown>
}

describe('CryptoOperations', () => {
  test('digests the named part of the bytes', async () => {
    const outcome = await call(new CryptoOperations(), 'digest', ['SHA-256', part(1, 3)], encode('-abc-'))
    expect(outcome.error).toBe('')
    expect(Buffer.from(outcome.value as Uint8Array).toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('signs and verifies by key number, and keeps the material', async () => {
    const operations = new CryptoOperations()
    const key = await json(call(operations, 'importKey', ['raw', part(0, 6), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']], encode('secret')))
    expect(key).toMatchObject({ type: 'secret', extractable: false, usages: ['sign', 'verify'] })
    const { value: signature } = await call(operations, 'sign', ['HMAC', { $key: key['id'] }, part(0, 3)], encode('abc'))
    const both = Buffer.concat([signature as Uint8Array, encode('abc')])
    expect(await call(operations, 'verify', ['HMAC', { $key: key['id'] }, part(0, 32), part(32, 3)], both)).toMatchObject({ error: '', value: 'true' })
    expect((await call(operations, 'exportKey', ['raw', { $key: key['id'] }])).error).toBe('InvalidAccessError')
  })

  test('describes pairs with their binary fields', async () => {
    const pair = await json(call(new CryptoOperations(), 'generateKey', [
      { name: 'RSA-PSS', modulusLength: 1024, publicExponent: part(0, 3), hash: 'SHA-256' }, true, ['sign', 'verify']], new Uint8Array([1, 0, 1])))
    expect(pair['publicKey']).toMatchObject({ type: 'public', algorithm: { publicExponent: { $base64: 'AQAB' }, hash: { name: 'SHA-256' } } })
  })

  test('gives one key for the same import', async () => {
    const operations = new CryptoOperations()
    const given = ['raw', part(0, 6), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']]
    const first = await json(call(operations, 'importKey', given, encode('secret')))
    expect((await json(call(operations, 'importKey', given, encode('secret'))))['id']).toBe(first['id'])
    expect((await json(call(operations, 'importKey', given, encode('secreT'))))['id']).not.toBe(first['id'])
  })

  test('drops the key that was used longest ago', async () => {
    const operations = new CryptoOperations()
    const make = (text: string): Promise<Record<string, unknown>> =>
      json(call(operations, 'importKey', ['raw', part(0, text.length), 'HKDF', false, ['deriveBits']], encode(text)))
    const first = await make('first')
    const second = await make('second')
    for (let index = 2; index < maximumKeys; index += 1) await make(`key ${index}`)
    const derive = (key: Record<string, unknown>): Promise<CryptoOutcome> =>
      call(operations, 'deriveBits', [{ name: 'HKDF', hash: 'SHA-256', salt: part(0, 0), info: part(0, 0) }, { $key: key['id'] }, 256], new Uint8Array(0))
    expect((await derive(first)).error).toBe('')
    await make('one more')
    expect((await derive(first)).error).toBe('')
    expect((await derive(second)).error).toBe('InvalidAccessError')
  })

  test('holds so many bytes of material', async () => {
    const operations = new CryptoOperations()
    const make = (first: number, bytes: number): Promise<CryptoOutcome> =>
      call(operations, 'importKey', ['raw', part(0, bytes), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']], new Uint8Array(bytes).fill(first))
    const sign = (key: Record<string, unknown>): Promise<CryptoOutcome> => call(operations, 'sign', ['HMAC', { $key: key['id'] }, part(0, 1)], new Uint8Array(1))
    const first = await json(make(0, maximumKeyBytes / 4))
    const second = await json(make(1, maximumKeyBytes / 2))
    expect([(await sign(first)).error, (await sign(second)).error]).toEqual(['', ''])
    await json(make(2, maximumKeyBytes / 2))
    expect([(await sign(first)).error, (await sign(second)).error]).toEqual(['InvalidAccessError', ''])
    expect((await make(3, maximumKeyBytes + 1)).error).toBe('OperationError')
    expect((await sign(second)).error).toBe('')
  })

  test.each([
    ['an unknown method', 'constructor', [], 'NotSupportedError'],
    ['an algorithm that is not offered', 'digest', ['MD5', part(0, 1)], 'NotSupportedError'],
    ['Argon2', 'importKey', ['raw-secret', part(0, 1), 'Argon2id', false, ['deriveBits']], 'NotSupportedError'],
    ['bytes out of range', 'digest', ['SHA-256', part(0, 99)], 'DataError'],
    ['a key of nobody', 'sign', ['HMAC', { $key: 7 }, part(0, 1)], 'InvalidAccessError'],
    ['too many iterations', 'deriveBits', [{ name: 'pbkdf2', hash: 'SHA-256', iterations: 1_000_001, salt: part(0, 1) }, 0, 256], 'NotSupportedError'],
    ['long derivations', 'deriveBits', [{ name: 'PBKDF2', hash: 'SHA-1', iterations: 1_000_000, salt: part(0, 1) }, 0, 160 * 5], 'NotSupportedError'],
    ['huge derivations', 'deriveBits', [{ name: 'PBKDF2', hash: 'SHA-1', iterations: 1, salt: part(0, 1) }, 0, 2 ** 28], 'OperationError'],
    ['huge RSA keys', 'generateKey', [{ name: 'RSA-PSS', modulusLength: 8192, publicExponent: part(0, 1), hash: 'SHA-256' }, true, []], 'OperationError'],
    ['many iterations in the guise of text', 'deriveBits', [{ name: 'PBKDF2', hash: 'SHA-256', iterations: '1000000000', salt: part(0, 1) }, 0, 256], 'NotSupportedError'],
    ['many iterations in a list', 'deriveBits', [{ name: 'PBKDF2', hash: 'SHA-256', iterations: ['1000000000'], salt: part(0, 1) }, 0, 256], 'NotSupportedError'],
    ['huge derivations in the guise of text', 'deriveBits', [{ name: 'PBKDF2', hash: 'SHA-1', iterations: 1, salt: part(0, 1) }, 0, String(2 ** 28)], 'OperationError'],
    ['huge derived keys', 'deriveKey', [{ name: 'PBKDF2', hash: 'SHA-1', iterations: 1, salt: part(0, 1) }, 0, { name: 'HMAC', hash: 'SHA-1', length: String(2 ** 28) }, true, ['sign']], 'OperationError'],
    ['huge RSA keys in the guise of text', 'generateKey', [{ name: 'RSA-PSS', modulusLength: '16384', publicExponent: part(0, 1), hash: 'SHA-256' }, true, []], 'OperationError'],
    ['huge secrets in the guise of text', 'generateKey', [{ name: 'HMAC', hash: 'SHA-1', length: String(2 ** 33) }, true, ['sign']], 'OperationError'],
    ['odd public exponents', 'generateKey', [{ name: 'RSA-PSS', modulusLength: 1024, publicExponent: part(0, 1), hash: 'SHA-256' }, true, []], 'OperationError'],
  ])('refuses %s', async (_title, method, given, error) => {
    expect((await call(new CryptoOperations(), method, given, new Uint8Array([1]))).error).toBe(error)
  })

  test('refuses arguments that are no JSON array', async () => {
    const operations = new CryptoOperations()
    expect((await operations.perform('digest', '{', undefined)).error).toBe('OperationError')
    expect((await operations.perform('digest', '{}', undefined)).error).toBe('DataError')
    expect((await operations.perform('digest', undefined, undefined)).error).toBe('DataError')
    expect((await operations.perform(undefined, '[]', undefined)).error).toBe('NotSupportedError')
  })

  test('queues many, and refuses what would hold too much', async () => {
    const operations = new CryptoOperations()
    const many = await Promise.all(Array.from({ length: 500 }, () => call(operations, 'digest', ['SHA-1', part(0, 1)], new Uint8Array(1))))
    expect(many.every(({ error }) => error === '')).toBe(true)
    const large = new Uint8Array(maximumHeldBytes / 2 - 1_000)
    const outcomes = await Promise.all([large, large, large].map((bytes) => call(operations, 'digest', ['SHA-1', part(0, 1)], bytes)))
    expect(outcomes.map(({ error }) => error)).toEqual(['', '', 'OperationError'])
    expect((await call(operations, 'digest', ['SHA-1', part(0, 1)], large)).error).toBe('')
  })

  test('gives up what nobody wants any more when its turn comes', async () => {
    const operations = new CryptoOperations(new PoolQueue(new PoolMeter(() => 0)))
    const outcome = await operations.perform('digest', JSON.stringify(['SHA-1', part(0, 1)]), new Uint8Array(1), () => false)
    expect(outcome).toMatchObject({ error: 'OperationError', cpuMicros: 0 })
  })
})
