import { type BinaryLike, bytesOf } from './crypto-bytes.ts'

/** `node:crypto` as far as it can be had at once, without OpenSSL: hashes, derivation of keys, random values. The rest is `crypto.subtle`. */
export { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from './crypto-derivation.ts'
export { createHash, createHmac, Hash, hash, Hmac } from './crypto-hash.ts'
export { createSecretKey, KeyObject } from './crypto-key-object.ts'
export { getRandomValues, pseudoRandomBytes, randomBytes, randomFill, randomFillSync, randomInt, randomUUID } from './crypto-random.ts'
export { getHashes } from './hashes.ts'

export const webcrypto = globalThis.crypto
export const { subtle } = globalThis.crypto
export const constants = {}
export const getCiphers = (): string[] => []
export const getCurves = (): string[] => []

/** Takes the same time wherever the difference lies. */
export function timingSafeEqual(left: BinaryLike, right: BinaryLike): boolean {
  const [one, other] = [bytesOf(left, 'buf1'), bytesOf(right, 'buf2')]
  if (one.length !== other.length) {
    throw Object.assign(new RangeError('Input buffers must have the same byte length'), { code: 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH' })
  }
  let difference = 0
  for (let index = 0; index < one.length; index++) difference |= (one[index] as number) ^ (other[index] as number)
  return difference === 0
}

const refuse = (name: string) => (): never => {
  const text = `crypto.${name} is not offered at the edge: use crypto.subtle`
  throw Object.assign(new Error(text), { code: 'ERR_METHOD_NOT_IMPLEMENTED' })
}

export const createCipheriv = refuse('createCipheriv')
export const createDecipheriv = refuse('createDecipheriv')
export const createDiffieHellman = refuse('createDiffieHellman')
export const createECDH = refuse('createECDH')
export const createPrivateKey = refuse('createPrivateKey')
export const createPublicKey = refuse('createPublicKey')
export const createSign = refuse('createSign')
export const createVerify = refuse('createVerify')
export const generateKeyPair = refuse('generateKeyPair')
export const generateKeyPairSync = refuse('generateKeyPairSync')
export const generateKey = refuse('generateKey')
export const generateKeySync = refuse('generateKeySync')
export const privateDecrypt = refuse('privateDecrypt')
export const privateEncrypt = refuse('privateEncrypt')
export const publicDecrypt = refuse('publicDecrypt')
export const publicEncrypt = refuse('publicEncrypt')
export const sign = refuse('sign')
export const verify = refuse('verify')
export const X509Certificate = refuse('X509Certificate')
