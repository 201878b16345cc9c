/** What each operation takes: https://w3c.github.io/webcrypto/#algorithm-overview, as data. The cell bounds what it costs. */

export type MemberType = 'string' | 'octet' | 'unsigned short' | 'unsigned long' | 'buffer source' | 'big integer' | 'hash' | 'key'

/** A member of a dictionary, in the order in which WebIDL reads them. */
export interface Member {
  readonly name: string
  readonly type: MemberType
  readonly isRequired: boolean
}

type Dictionary = readonly Member[]

export type Operation =
  | 'digest' | 'sign' | 'verify' | 'encrypt' | 'decrypt' | 'wrapKey' | 'unwrapKey' | 'generateKey' | 'importKey' | 'deriveBits' | 'get key length'

export interface RegisteredAlgorithm {
  /** As the specification spells it. */
  readonly name: string
  readonly members: Dictionary
}

/** By operation, then by name in upper case. Made when it is first needed, since few functions need it. */
const registry: { algorithms?: ReadonlyMap<string, ReadonlyMap<string, RegisteredAlgorithm>> } = {}

/** The algorithm that a name means, in any case of its letters; undefined where the operation has none of the name. */
export function findAlgorithm(operation: Operation, name: string): RegisteredAlgorithm | undefined {
  registry.algorithms ??= createRegistry()
  return registry.algorithms.get(operation)?.get(name.toUpperCase())
}

function createRegistry(): ReadonlyMap<string, ReadonlyMap<string, RegisteredAlgorithm>> {
  return new Map(
    Object.entries(listAlgorithms()).map(([operation, entries]) => [
      operation,
      new Map(Object.entries(entries).map(([name, members]) => [name.toUpperCase(), { name, members }])),
    ]),
  )
}

function listAlgorithms(): Record<Operation, Record<string, Dictionary>> {
  const required = (name: string, type: MemberType): Member => ({ name, type, isRequired: true })
  const optional = (name: string, type: MemberType): Member => ({ name, type, isRequired: false })

  const none: Dictionary = []
  const hashed: Dictionary = [required('hash', 'hash')]
  const curve: Dictionary = [required('namedCurve', 'string')]
  const aesKey: Dictionary = [required('length', 'unsigned short')]
  const hmacKey: Dictionary = [required('hash', 'hash'), optional('length', 'unsigned long')]
  const rsaKey: Dictionary = [required('modulusLength', 'unsigned long'), required('publicExponent', 'big integer'), ...hashed]
  const ecdh: Dictionary = [required('public', 'key')]

  const digests = { 'SHA-1': none, 'SHA-256': none, 'SHA-384': none, 'SHA-512': none }
  const signatures = {
    'RSASSA-PKCS1-v1_5': none,
    'RSA-PSS': [required('saltLength', 'unsigned long')],
    ECDSA: hashed,
    HMAC: none,
    Ed25519: none,
    Ed448: [optional('context', 'buffer source')],
  }
  const ciphers = {
    'RSA-OAEP': [optional('label', 'buffer source')],
    'AES-CBC': [required('iv', 'buffer source')],
    'AES-CTR': [required('counter', 'buffer source'), required('length', 'octet')],
    'AES-GCM': [optional('additionalData', 'buffer source'), required('iv', 'buffer source'), optional('tagLength', 'octet')],
  }
  const aesKeys = (dictionary: Dictionary): Record<string, Dictionary> => ({
    'AES-CBC': dictionary, 'AES-CTR': dictionary, 'AES-GCM': dictionary, 'AES-KW': dictionary,
  })
  const curvePairs = { Ed25519: none, Ed448: none, X25519: none, X448: none }

  return {
    digest: digests,
    sign: signatures,
    verify: signatures,
    encrypt: ciphers,
    decrypt: ciphers,
    wrapKey: { ...ciphers, 'AES-KW': none },
    unwrapKey: { ...ciphers, 'AES-KW': none },
    generateKey: { 'RSASSA-PKCS1-v1_5': rsaKey, 'RSA-PSS': rsaKey, 'RSA-OAEP': rsaKey, ECDSA: curve, ECDH: curve, HMAC: hmacKey, ...aesKeys(aesKey), ...curvePairs },
    importKey: {
      'RSASSA-PKCS1-v1_5': hashed, 'RSA-PSS': hashed, 'RSA-OAEP': hashed, ECDSA: curve, ECDH: curve, HMAC: hmacKey, HKDF: none, PBKDF2: none,
      ...aesKeys(none), ...curvePairs,
    },
    deriveBits: {
      ECDH: ecdh,
      X25519: ecdh,
      X448: ecdh,
      HKDF: [required('hash', 'hash'), required('info', 'buffer source'), required('salt', 'buffer source')],
      PBKDF2: [required('hash', 'hash'), required('iterations', 'unsigned long'), required('salt', 'buffer source')],
    },
    'get key length': { ...aesKeys(aesKey), HMAC: hmacKey, HKDF: none, PBKDF2: none },
  }
}
