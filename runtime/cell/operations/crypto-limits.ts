import { CryptoRefusal } from './crypto-arguments.ts'

/**
 * What an isolate may ask of WebCrypto. The work is done on the cell's thread pool, out of reach of the CPU limit, so that each
 * operation whose cost its arguments set has a bound here; algorithms that are not listed (Argon2 with its memory cost above all)
 * are refused.
 */
const algorithms = new Set([
  'SHA-1', 'SHA-256', 'SHA-384', 'SHA-512', 'HMAC', 'RSASSA-PKCS1-V1_5', 'RSA-PSS', 'RSA-OAEP', 'ECDSA', 'ECDH', 'ED25519', 'ED448',
  'X25519', 'X448', 'AES-CTR', 'AES-CBC', 'AES-GCM', 'AES-KW', 'HKDF', 'PBKDF2',
])
const maximumIterations = 1_000_000
/** PBKDF2 repeats its iterations for every block of output. */
const maximumDerivationRounds = 4_000_000
/** Of an output, which lies outside of the isolate's memory limit until it has it. */
const maximumDerivedBits = 8 * 1024 * 1024 * 8
const maximumGeneratedModulusBits = 4_096
const maximumImportedModulusBits = 8_192
const maximumSymmetricBits = 65_536
const hashBits: Readonly<Record<string, number>> = { 'SHA-1': 160, 'SHA-256': 256, 'SHA-384': 384, 'SHA-512': 512 }

interface Algorithm {
  readonly name: string
  readonly [field: string]: unknown
}

/** Throws CryptoRefusal where the method's algorithms are not offered or would cost more than the bounds. */
export function checkCost(method: string, given: readonly unknown[]): void {
  switch (method) {
    case 'digest':
    case 'sign':
    case 'verify':
    case 'encrypt':
    case 'decrypt':
      normalize(given[0])
      return
    case 'generateKey':
      checkGeneration(normalize(given[0]))
      return
    case 'importKey':
      normalize(given[2])
      return
    case 'deriveBits':
      checkDerivation(normalize(given[0]), given[2])
      return
    case 'deriveKey':
      checkDerivation(normalize(given[0]), derivedBits(normalize(given[2])))
      return
    case 'wrapKey':
      normalize(given[3])
      return
    case 'unwrapKey':
      normalize(given[3])
      normalize(given[4])
      return
    default:
  }
}

/** Throws CryptoRefusal where an imported RSA key is so large that using it would hold up the thread pool. */
export function checkImported(key: { readonly algorithm: object }): void {
  const { modulusLength } = key.algorithm as { readonly modulusLength?: number }
  if (modulusLength !== undefined && modulusLength > maximumImportedModulusBits) {
    throw new CryptoRefusal('DataError', `RSA keys may have at most ${maximumImportedModulusBits} bits`)
  }
}

function normalize(value: unknown): Algorithm {
  const algorithm = typeof value === 'string' ? { name: value } : value
  const name = typeof algorithm === 'object' && algorithm !== null ? (algorithm as { name?: unknown }).name : undefined
  if (typeof name !== 'string' || !algorithms.has(name.toUpperCase())) {
    throw new CryptoRefusal('NotSupportedError', `Unrecognized algorithm name${typeof name === 'string' ? ` ${name.slice(0, 64)}` : ''}`)
  }
  return { ...(algorithm as object), name: name.toUpperCase() }
}

function checkGeneration(algorithm: Algorithm): void {
  if (algorithm.name.startsWith('RSA')) {
    const { modulusLength, publicExponent } = algorithm as { modulusLength?: unknown; publicExponent?: unknown }
    if (amountOf(modulusLength) > maximumGeneratedModulusBits) {
      throw new CryptoRefusal('OperationError', `RSA keys of more than ${maximumGeneratedModulusBits} bits are not generated`)
    }
    // Others can make the search for primes endless.
    if (publicExponent instanceof Uint8Array && ![3, 65_537].includes(toNumber(publicExponent))) {
      throw new CryptoRefusal('OperationError', 'The public exponent must be 3 or 65537')
    }
  }
  const { length } = algorithm as { length?: unknown }
  if (amountOf(length) > maximumSymmetricBits) {
    throw new CryptoRefusal('OperationError', `Keys of more than ${maximumSymmetricBits} bits are not generated`)
  }
}

function checkDerivation(algorithm: Algorithm, bits: unknown): void {
  const derived = amountOf(bits)
  if (derived > maximumDerivedBits) {
    throw new CryptoRefusal('OperationError', `At most ${maximumDerivedBits} bits can be derived here`)
  }
  if (algorithm.name !== 'PBKDF2') return
  const { iterations, hash } = algorithm as { iterations?: unknown; hash?: unknown }
  const rounds = amountOf(iterations)
  if (rounds > maximumIterations) {
    throw new CryptoRefusal('NotSupportedError', `PBKDF2 takes at most ${maximumIterations} iterations here, not ${rounds}`)
  }
  const blocks = Math.ceil(derived / (hashBits[normalize(hash).name] ?? 160))
  if (rounds * blocks > maximumDerivationRounds) {
    throw new CryptoRefusal('NotSupportedError', `PBKDF2 with ${rounds} iterations does not give ${derived} bits here: derive less`)
  }
}

/** Bits that a key of the algorithm takes, at most. */
function derivedBits(algorithm: Algorithm): number {
  const { length } = algorithm as { length?: unknown }
  return length === undefined ? 1_024 : amountOf(length)
}

/**
 * A number as WebCrypto will convert it: who patched what the guest layer stands on may send it as text. NaN for what is none, which WebCrypto
 * refuses itself.
 */
function amountOf(value: unknown): number {
  return Number(value)
}

function toNumber(bigEndian: Uint8Array): number {
  let value = 0
  for (const byte of bigEndian) value = value * 256 + byte
  return value
}
