import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, type KeyObject, randomFillSync, timingSafeEqual, type webcrypto } from 'node:crypto'

/**
 * What is computed on the cell's own thread: it costs less there than handing it to another. Everything here answers with undefined, or
 * throws, for whatever it does not take: WebCrypto itself then does it, or says what is wrong.
 */

const quickMethods = ['digest', 'sign', 'verify', 'encrypt', 'decrypt', 'importKey', 'generateKey'] as const
export type QuickMethod = (typeof quickMethods)[number]

export function isQuickMethod(method: unknown): method is QuickMethod {
  return (quickMethods as readonly unknown[]).includes(method)
}

const digests: Readonly<Record<string, string>> = { 'SHA-1': 'sha1', 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' }
const secretAlgorithms = new Set(['HMAC', 'AES-CTR', 'AES-CBC', 'AES-GCM', 'AES-KW', 'HKDF', 'PBKDF2'])
const aesBits = new Set<unknown>([128, 192, 256])
/** Of AES-GCM, the only ones that are in use. */
const ivBytes = 12
const tagBytes = 16

interface Parameters {
  readonly name: string
  readonly [member: string]: unknown
}

/** https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest */
export function digestNow([algorithm, data]: readonly unknown[]): Uint8Array | undefined {
  const digest = digests[parametersOf(algorithm).name]
  return digest === undefined || !(data instanceof Uint8Array) ? undefined : hash(digest, data, 'buffer')
}

/** Signs, verifies, encrypts or decrypts by a key whose material is at hand. */
export function useSecret(
  method: Exclude<QuickMethod, 'digest' | 'importKey' | 'generateKey'>,
  [algorithm, key, first, second]: readonly unknown[],
  secretOf: (key: unknown) => KeyObject | undefined,
): Uint8Array | string | undefined {
  const secret = secretOf(key)
  if (secret === undefined || !(first instanceof Uint8Array)) return undefined
  const parameters = parametersOf(algorithm)
  const { algorithm: own, usages } = key as webcrypto.CryptoKey
  if (own.name !== parameters.name || !usages.includes(method)) return undefined
  if (own.name === 'HMAC') {
    const digest = digests[(own as webcrypto.HmacKeyAlgorithm).hash.name]
    if (digest === undefined) return undefined
    if (method === 'sign') return createHmac(digest, secret).update(first).digest()
    if (method !== 'verify' || !(second instanceof Uint8Array)) return undefined
    const signature = createHmac(digest, secret).update(second).digest()
    return String(signature.length === first.length && timingSafeEqual(signature, first))
  }
  if (own.name !== 'AES-GCM' || (method !== 'encrypt' && method !== 'decrypt')) return undefined
  return useGcm(method, parameters, secret, (own as webcrypto.AesKeyAlgorithm).length, first)
}

function useGcm(method: 'encrypt' | 'decrypt', { iv, additionalData, tagLength }: Parameters, secret: KeyObject, bits: number, data: Uint8Array): Uint8Array | undefined {
  if (!(iv instanceof Uint8Array) || iv.length !== ivBytes || (tagLength !== undefined && tagLength !== tagBytes * 8)) return undefined
  const name = `aes-${bits}-gcm` as 'aes-256-gcm'
  const cipher = method === 'encrypt' ? createCipheriv(name, secret, iv) : createDecipheriv(name, secret, iv, { authTagLength: tagBytes })
  if (additionalData instanceof Uint8Array) cipher.setAAD(additionalData)
  if ('getAuthTag' in cipher) return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()])
  if (data.length < tagBytes) return undefined
  cipher.setAuthTag(data.subarray(-tagBytes))
  return Buffer.concat([cipher.update(data.subarray(0, -tagBytes)), cipher.final()])
}

/** Imports raw material, or makes a key for AES. */
export function createSecret(method: 'importKey' | 'generateKey', given: readonly unknown[]): { readonly key: webcrypto.CryptoKey; readonly secret: KeyObject } | undefined {
  const [format, data, algorithm, extractable, usages] = method === 'importKey' ? given : ['raw', undefined, ...given]
  const parameters = parametersOf(algorithm)
  if (format !== 'raw' || !secretAlgorithms.has(parameters.name)) return undefined
  const material = method === 'importKey' ? data : randomAesKey(parameters)
  if (!(material instanceof Uint8Array) || material.length === 0) return undefined
  const secret = createSecretKey(material)
  return { key: secret.toCryptoKey(algorithm as webcrypto.AlgorithmIdentifier, extractable === true, usages as webcrypto.KeyUsage[]), secret }
}

function randomAesKey({ name, length }: Parameters): Uint8Array | undefined {
  return name.startsWith('AES-') && aesBits.has(length) ? randomFillSync(new Uint8Array((length as number) / 8)) : undefined
}

function parametersOf(algorithm: unknown): Parameters {
  const parameters = typeof algorithm === 'string' ? { name: algorithm } : (algorithm as { readonly name: string })
  return { ...parameters, name: parameters.name.toUpperCase() }
}
