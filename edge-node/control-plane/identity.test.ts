import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type NodeWelcome, signedBytes } from '../../control-plane/protocol/index.ts'
import { NodeIdentity } from './identity.ts'

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}
const pair = (): Pair => generateKeyPairSync('ed25519')
const pem = ({ publicKey }: Pair): string => publicKey.export({ type: 'spki', format: 'pem' })
const welcome = (key: Pair, ...before: Pair[]): NodeWelcome => ({
  internalToken: 'i'.repeat(43), publicKey: pem(key),
  successions: before.map((one, index) => {
    const named = { previous: pem(one), publicKey: pem(before[index + 1] ?? key) }
    return { ...named, certificate: sign(null, signedBytes({ type: 'signing-key', ...named }), one.privateKey).toString('base64') }
  }),
})

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-identity-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))
const open = (pinned?: Pair): Promise<NodeIdentity> => NodeIdentity.open(directory, () => undefined, pinned === undefined ? undefined : pem(pinned))

it('goes on after a restart with the key that came in the place of the invitation\'s, which whoever has stolen that one does not get back', async () => {
  const [first, second] = [pair(), pair()]
  const before = await open(first)
  before.adopt(welcome(second, first))
  await before.settled()
  const again = await open(first)
  expect(again.publicKey?.equals(second.publicKey)).toBe(true)
  expect(() => again.adopt(welcome(first))).toThrow('another key')
})

it('holds to the invitation\'s key where what is on its disk does not follow from it', async () => {
  const [first, stranger] = [pair(), pair()]
  const strange = await open()
  strange.adopt(welcome(stranger))
  await strange.settled()
  expect((await open(first)).publicKey?.equals(first.publicKey)).toBe(true)
})
