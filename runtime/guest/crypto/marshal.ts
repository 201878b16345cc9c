import { joinBytes } from '../bytes.ts'
import { DOMException } from '../dom-exception.ts'
import { typedArrayName, viewBytes } from '../primordials.ts'
import { toDomString } from '../webidl.ts'
import { toIntegerInRange } from '../webidl/numbers.ts'
import { isObject, toSequence } from '../webidl/sequences.ts'
import { findAlgorithm, type MemberType, type Operation } from './algorithms.ts'
import { keyDescriptionOf } from './crypto-key.ts'
import { readJsonWebKey } from './json-web-key.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }
type Written = Record<string, Json>

/** https://w3c.github.io/webcrypto/#dfn-KeyFormat */
const formats: readonly string[] = ['raw', 'spki', 'pkcs8', 'jwk']
/** https://w3c.github.io/webcrypto/#dfn-KeyUsage */
const usageNames: readonly string[] = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey']
const maxima = { octet: 0xff, 'unsigned short': 0xffff, 'unsigned long': 0xffff_ffff } as const

/** A part of the call's bytes: where it comes from, and what names it in the JSON. */
interface Part {
  readonly source: unknown
  readonly written: { $bytes: [number, number] }
}

/**
 * Converts the arguments of one call in the specification's order: all that WebIDL converts as its methods are called, then algorithms, then bytes as
 * they are at the end, which code may have changed on the way. The outcome is JSON, and bytes that it points into.
 */
export class ArgumentWriter {
  readonly #parts: Part[] = []
  /** What follows the conversions of WebIDL. */
  readonly #later: (() => void)[] = []

  /** A BufferSource. */
  bytes(source: unknown, what: string): Json {
    if (viewBytes(source) === undefined) throw new TypeError(`${what} is no ArrayBuffer or view of one`)
    const written: Part['written'] = { $bytes: [0, 0] }
    this.#parts.push({ source, written })
    return written
  }

  key(value: unknown): Json {
    const description = keyDescriptionOf(value)
    if (description === undefined) throw new TypeError('The key is no CryptoKey')
    return { $key: description.id }
  }

  /** An AlgorithmIdentifier: https://w3c.github.io/webcrypto/#dfn-normalize-an-algorithm */
  algorithm(operation: Operation, value: unknown): Json {
    const written: Written = {}
    const given = isObject(value) ? value : { name: toDomString(value) }
    this.#later.push(() => {
      this.#normalize(operation, given, written)
    })
    return written
  }

  format(value: unknown): string {
    const format = toDomString(value)
    if (!formats.includes(format)) throw new TypeError(`"${format}" is no KeyFormat`)
    return format
  }

  usages(value: unknown): Json {
    return toSequence(value, 'The list of usages', (item) => {
      const usage = toDomString(item)
      if (!usageNames.includes(usage)) throw new TypeError(`"${usage}" is no KeyUsage`)
      return usage
    })
  }

  /** What is imported: a BufferSource, or a JsonWebKey. Which of them it has to be is asked after the algorithm. */
  keyData(format: string, value: unknown): Json {
    const isBytes = viewBytes(value) !== undefined
    const written = isBytes ? this.bytes(value, 'The key data') : readJsonWebKey(value)
    if (isBytes !== (format === 'jwk')) return written
    return this.#laterMismatch(format, written)
  }

  /** Ends the conversion. */
  finish(given: readonly Json[]): { readonly json: string; readonly bytes: Uint8Array } {
    // What stands there may add to the end.
    for (let index = 0; index < this.#later.length; index++) this.#later[index]?.()
    const bytes = this.#join()
    return { json: JSON.stringify(given), bytes }
  }

  #laterMismatch(format: string, written: Json): Json {
    this.#later.push(() => {
      this.#later.push(() => {
        throw new TypeError(format === 'jwk' ? 'The key data is no JsonWebKey' : `Key data of the format "${format}" is no BufferSource`)
      })
    })
    return written
  }

  #normalize(operation: Operation, given: object, written: Written): void {
    const values = given as Readonly<Record<string, unknown>>
    const { name } = values
    if (name === undefined) throw new TypeError('The algorithm has no name')
    const algorithm = findAlgorithm(operation, toDomString(name))
    if (algorithm === undefined) throw new DOMException('Unrecognized algorithm name', 'NotSupportedError')
    written['name'] = algorithm.name
    for (const member of algorithm.members) {
      const value = values[member.name]
      if (value !== undefined) written[member.name] = this.#member(member.type, value, member.name)
      else if (member.isRequired) throw new TypeError(`The member "${member.name}" of the algorithm is missing`)
    }
  }

  #member(type: MemberType, value: unknown, name: string): Json {
    switch (type) {
      case 'string': return toDomString(value)
      case 'hash': return this.algorithm('digest', value)
      case 'key': return this.key(value)
      case 'buffer source': return this.bytes(value, name)
      case 'big integer':
        if (typedArrayName(value) !== 'Uint8Array') throw new TypeError(`${name} is no Uint8Array`)
        return this.bytes(value, name)
      default: return toIntegerInRange(value, 0, maxima[type], name)
    }
  }

  /** All bytes, one after the other. */
  #join(): Uint8Array {
    const views = this.#parts.map(({ source }) => viewBytes(source) as Uint8Array)
    let length = 0
    for (const [index, { written }] of this.#parts.entries()) {
      const part = views[index] as Uint8Array
      written.$bytes = [length, part.length]
      length += part.length
    }
    if (views.length === 1) return views[0] as Uint8Array
    return joinBytes(views)
  }
}
