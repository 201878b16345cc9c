import { atob } from '../encoding/index.ts'
import { viewBytes } from '../primordials.ts'
import { toDomString } from '../webidl.ts'
import { createKey, type CryptoKey, type KeyDescription, keyDescriptionOf } from './crypto-key.ts'

/** Members of the dictionaries of https://w3c.github.io/webcrypto/ that parametrise algorithms. The cell checks their types. */
const algorithmMembers = [
  'name', 'hash', 'length', 'modulusLength', 'publicExponent', 'namedCurve', 'iv', 'additionalData', 'tagLength', 'counter', 'label',
  'saltLength', 'salt', 'info', 'iterations', 'public', 'context',
] as const
/** https://w3c.github.io/webcrypto/#JsonWebKey-dictionary */
const jwkMembers = [
  'kty', 'use', 'key_ops', 'alg', 'ext', 'crv', 'x', 'y', 'd', 'n', 'e', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k',
] as const

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** Collects the arguments of one call: JSON, and beside it the bytes that it points into. Its methods throw TypeErrors. */
export class ArgumentWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** A BufferSource, as it is now. */
  bytes(value: unknown, what: string): Json {
    const view = viewBytes(value)
    if (view === undefined) throw new TypeError(`${what} is no ArrayBuffer or view of one`)
    this.#parts.push(view.slice())
    const offset = this.#length
    this.#length += view.length
    return { $bytes: [offset, view.length] }
  }

  key(value: unknown): Json {
    const description = keyDescriptionOf(value)
    if (description === undefined) throw new TypeError('The key is no CryptoKey')
    return { $key: description.id }
  }

  /** https://w3c.github.io/webcrypto/#dfn-normalize-an-algorithm, without the checks that the cell makes. */
  algorithm(value: unknown): Json {
    if (typeof value !== 'object' || value === null) return { name: toDomString(value) }
    const written: Record<string, Json> = {}
    for (const member of algorithmMembers) {
      const given: unknown = (value as Record<string, unknown>)[member]
      if (given !== undefined) written[member] = this.#member(member, given)
    }
    return written
  }

  usages(value: unknown): Json {
    if (typeof value !== 'object' || value === null || typeof (value as Iterable<unknown>)[Symbol.iterator] !== 'function') {
      throw new TypeError('The usages are no sequence')
    }
    return [...(value as Iterable<unknown>)].map(toDomString)
  }

  /** What is imported: bytes, or a JSON Web Key. */
  keyData(format: string, value: unknown): Json {
    if (format !== 'jwk') return this.bytes(value, 'The key data')
    if (typeof value !== 'object' || value === null || viewBytes(value) !== undefined) throw new TypeError('The key data is no JSON Web Key')
    const written: Record<string, Json> = {}
    for (const member of jwkMembers) {
      const given: unknown = (value as Record<string, unknown>)[member]
      if (given === undefined) continue
      written[member] = member === 'key_ops' ? this.usages(given) : member === 'ext' ? Boolean(given) : toDomString(given)
    }
    return written
  }

  /** All bytes, in the order in which they were written. */
  join(): Uint8Array {
    const [only] = this.#parts
    if (this.#parts.length === 1 && only !== undefined) return only
    const all = new Uint8Array(this.#length)
    let offset = 0
    for (const part of this.#parts) {
      all.set(part, offset)
      offset += part.length
    }
    return all
  }

  #member(member: string, value: unknown): Json {
    if (member === 'hash') return this.algorithm(value)
    if (member === 'public') return this.key(value)
    if (viewBytes(value) !== undefined) return this.bytes(value, member)
    return typeof value === 'number' || typeof value === 'boolean' ? value : toDomString(value)
  }
}

/** The key, or the pair of keys, that the cell's JSON describes. */
export function readKeys(json: string): CryptoKey | { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey } {
  const described = JSON.parse(json, readBytes) as KeyDescription | { publicKey: KeyDescription; privateKey: KeyDescription }
  if (!('publicKey' in described)) return createKey(described)
  return { publicKey: createKey(described.publicKey), privateKey: createKey(described.privateKey) }
}

function readBytes(_name: string, value: unknown): unknown {
  const text = typeof value === 'object' && value !== null ? (value as { $base64?: unknown }).$base64 : undefined
  return typeof text === 'string' ? Uint8Array.from(atob(text), (character) => character.codePointAt(0) ?? 0) : value
}
