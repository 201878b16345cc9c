import { blake2b, blake2s } from '@noble/hashes/blake2.js'
import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js'
import { sha224, sha256, sha384, sha512, sha512_224, sha512_256 } from '@noble/hashes/sha2.js'
import { sha3_224, sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js'
import type { CHash } from '@noble/hashes/utils.js'

/** Hash functions by the names that OpenSSL gives them. Those of @noble/hashes: synchronous, audited, and without dependencies. */
const hashes: Readonly<Record<string, CHash>> = {
  md5, sha1, sha224, sha256, sha384, sha512, ripemd160, 'sha512-224': sha512_224, 'sha512-256': sha512_256, 'sha3-224': sha3_224,
  'sha3-256': sha3_256, 'sha3-384': sha3_384, 'sha3-512': sha3_512,
  blake2b512: blake2b, blake2s256: blake2s,
}
const aliases: Readonly<Record<string, string>> = { rmd160: 'ripemd160', 'ssl3-md5': 'md5', 'ssl3-sha1': 'sha1' }

export const getHashes = (): string[] => Object.keys(hashes)

/** Throws as Node does where there is no such function. */
export function hashNamed(name: unknown): CHash {
  if (typeof name !== 'string') throw argumentType('algorithm', 'string', name)
  const plain = name.toLowerCase().replace(/^rsa-/, '').replace(/^sha-(?=\d)/, 'sha').replace('sha512/', 'sha512-')
  const found = hashes[aliases[plain] ?? plain]
  if (found === undefined) throw new Error('Digest method not supported')
  return found
}

export function argumentType(name: string, wanted: string, given: unknown): TypeError {
  const text = `The "${name}" argument must be of type ${wanted}. Received ${given === null ? 'null' : typeof given}`
  return Object.assign(new TypeError(text), { code: 'ERR_INVALID_ARG_TYPE' })
}
