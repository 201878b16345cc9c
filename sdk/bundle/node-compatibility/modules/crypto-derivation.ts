import { hkdf as derive } from '@noble/hashes/hkdf.js'
import { pbkdf2 as stretch } from '@noble/hashes/pbkdf2.js'
import { scrypt as harden } from '@noble/hashes/scrypt.js'
import type { Buffer } from 'node:buffer'
import { type BinaryLike, bytesOf, toBuffer } from './crypto-bytes.ts'
import { answer } from './crypto-random.ts'
import { hashNamed } from './hashes.ts'

type Callback<T> = (error: Error | null, value: T) => void

/** Names are Node's: cost N, block size r, parallelisation p. */
interface ScryptOptions {
  readonly N?: number
  readonly cost?: number
  readonly r?: number
  readonly blockSize?: number
  readonly p?: number
  readonly parallelization?: number
  readonly maxmem?: number
}

export function pbkdf2Sync(password: BinaryLike, salt: BinaryLike, iterations: number, length: number, digest: string): Buffer {
  return toBuffer(stretch(hashNamed(digest), bytesOf(password, 'password'), bytesOf(salt, 'salt'), { c: iterations, dkLen: length }))
}

export function pbkdf2(password: BinaryLike, salt: BinaryLike, iterations: number, length: number, digest: string, callback: Callback<Buffer>): void {
  answer(() => pbkdf2Sync(password, salt, iterations, length, digest), callback)
}

export function scryptSync(password: BinaryLike, salt: BinaryLike, length: number, options: ScryptOptions = {}): Buffer {
  const { N = options.cost ?? 16_384, r = options.blockSize ?? 8, p = options.parallelization ?? 1, maxmem = 32 * 1024 * 1024 } = options
  if (128 * N * r > maxmem) throw Object.assign(new RangeError('Invalid scrypt params: memory limit exceeded'), { code: 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS' })
  return toBuffer(harden(bytesOf(password, 'password'), bytesOf(salt, 'salt'), { N, r, p, dkLen: length, maxmem: maxmem + 2 ** 20 }))
}

export function scrypt(password: BinaryLike, salt: BinaryLike, length: number, ...rest: [...ScryptOptions[], Callback<Buffer>]): void {
  const options = rest.length > 1 ? (rest[0] as ScryptOptions) : {}
  answer(() => scryptSync(password, salt, length, options), rest.at(-1) as Callback<Buffer>)
}

export function hkdfSync(digest: string, key: BinaryLike, salt: BinaryLike, info: BinaryLike, length: number): ArrayBuffer {
  const derived = derive(hashNamed(digest), bytesOf(key, 'ikm'), bytesOf(salt, 'salt'), bytesOf(info, 'info'), length)
  return new Uint8Array(derived).buffer
}

export function hkdf(digest: string, key: BinaryLike, salt: BinaryLike, info: BinaryLike, length: number, callback: Callback<ArrayBuffer>): void {
  answer(() => hkdfSync(digest, key, salt, info, length), callback)
}
