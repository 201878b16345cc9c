import { toDictionary, toDomString } from '../webidl.ts'
import { toSequence } from '../webidl/sequences.ts'

type Member = string | boolean | readonly (string | Record<string, string>)[]

/** https://w3c.github.io/webcrypto/#JsonWebKey-dictionary, in WebIDL's order. */
const members = ['alg', 'crv', 'd', 'dp', 'dq', 'e', 'ext', 'k', 'key_ops', 'kty', 'n', 'oth', 'p', 'q', 'qi', 'use', 'x', 'y'] as const
const otherPrimeMembers = ['d', 'r', 't'] as const

/** Converts the dictionary JsonWebKey. Throws a TypeError for what is none. */
export function readJsonWebKey(value: unknown): Record<string, Member> {
  return read(value, members, (name, given) => {
    if (name === 'ext') return Boolean(given)
    if (name === 'key_ops') return toSequence(given, 'key_ops', toDomString)
    return name === 'oth' ? toSequence(given, 'oth', (prime) => read(prime, otherPrimeMembers, (_name, part) => toDomString(part))) : toDomString(given)
  })
}

function read<T>(value: unknown, names: readonly string[], convert: (name: string, given: unknown) => T): Record<string, T> {
  const dictionary = toDictionary(value, 'The JsonWebKey')
  const converted: Record<string, T> = {}
  for (const name of names) {
    const given = dictionary[name]
    if (given !== undefined) converted[name] = convert(name, given)
  }
  return converted
}
