import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { expect, it } from 'vitest'
import { type KeySuccession, signedBytes } from '../../control-plane/protocol/index.ts'
import { leadsTo } from './key-succession.ts'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}
const pair = (): Pair => generateKeyPairSync('ed25519')
const pem = ({ publicKey }: Pair): string => publicKey.export({ type: 'spki', format: 'pem' })
const succession = (from: Pair, to: Pair, by = from): KeySuccession => {
  const named = { previous: pem(from), publicKey: pem(to) }
  return { ...named, certificate: sign(null, signedBytes({ type: 'signing-key', ...named }), by.privateKey).toString('base64') }
}
const known = (of: Pair): KeyObject => createPublicKey(pem(of))

it('leads from key to key as each has certified the next, from wherever one stands', () => {
  const [a, b, c] = [pair(), pair(), pair()]
  const chain = [succession(a, b), succession(b, c)]
  for (const from of [a, b, c]) expect(leadsTo(known(from), pem(c), chain)).toBe(true)
  expect(leadsTo(known(a), pem(b), chain)).toBe(true)
  expect(leadsTo(known(a), pem(a), [])).toBe(true)
})

it('leads nowhere by what another has signed, by a part of the way, or back', () => {
  const [a, b, c, stranger] = [pair(), pair(), pair(), pair()]
  expect(leadsTo(known(a), pem(stranger), [succession(a, stranger, stranger)])).toBe(false)
  expect(leadsTo(known(a), pem(c), [succession(b, c)])).toBe(false)
  expect(leadsTo(known(b), pem(a), [succession(a, b)])).toBe(false)
  expect(leadsTo(known(a), pem(stranger), [succession(a, b), succession(stranger, stranger)])).toBe(false)
  const moved = { ...succession(a, b), publicKey: pem(stranger) }
  expect(leadsTo(known(a), pem(stranger), [moved])).toBe(false)
})
