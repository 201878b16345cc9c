import type { webcrypto } from 'node:crypto'

/** A refusal with the name that the error carries inside the isolate (a DOMException's, or `TypeError`). */
export class CryptoRefusal extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

/** How a JSON argument names a part of the call's bytes, or one of the isolate's keys. */
interface Tagged {
  readonly $bytes?: unknown
  readonly $key?: unknown
}

/** Keys held by one isolate. */
export interface KeyLookup {
  find(id: unknown): webcrypto.CryptoKey
}

const maximumArgumentCharacters = 1024 * 1024

/**
 * Turns what the isolate sent into arguments: `{"$bytes":[offset,length]}` becomes that part of `bytes`, `{"$key":id}` the key.
 * Throws CryptoRefusal where they do not fit; the isolate is not trusted.
 */
export function reviveArguments(text: unknown, bytes: unknown, keys: KeyLookup): unknown[] {
  if (typeof text !== 'string' || text.length > maximumArgumentCharacters) throw new CryptoRefusal('DataError', 'malformed arguments')
  const data = bytes instanceof Uint8Array ? bytes : new Uint8Array(0)
  const revived: unknown = JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    const tagged = value as Tagged
    if (tagged.$key !== undefined) return keys.find(tagged.$key)
    if (tagged.$bytes !== undefined) return slice(data, tagged.$bytes)
    return value
  })
  if (!Array.isArray(revived)) throw new CryptoRefusal('DataError', 'malformed arguments')
  return revived
}

function slice(data: Uint8Array, range: unknown): Uint8Array {
  const [offset, length] = Array.isArray(range) ? (range as unknown[]) : []
  const fits =
    typeof offset === 'number' && typeof length === 'number' && Number.isInteger(offset) && Number.isInteger(length) &&
    offset >= 0 && length >= 0 && offset + length <= data.length
  if (!fits) throw new CryptoRefusal('DataError', 'malformed arguments')
  return data.subarray(offset, offset + length)
}

/** A key as the isolate sees it: all but the material. Binary fields of the algorithm are `{"$base64": text}`. */
export function describeKey(id: number, key: webcrypto.CryptoKey): object {
  const algorithm: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(key.algorithm as unknown as Record<string, unknown>)) {
    algorithm[name] = value instanceof Uint8Array ? { $base64: Buffer.from(value).toString('base64') } : value
  }
  return { id, type: key.type, extractable: key.extractable, algorithm, usages: key.usages }
}
