import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { type KeySuccession, signedBytes } from '../../control-plane/protocol/index.ts'

/** Whether one key leads to another (PEM), each certified by the one before. */
export function leadsTo(known: KeyObject, wanted: string, successions: readonly KeySuccession[]): boolean {
  const goal = createPublicKey(wanted)
  let current = known
  for (const { previous, publicKey, certificate } of successions) {
    if (current.equals(goal)) return true
    if (!current.equals(createPublicKey(previous))) continue
    if (!verify(null, signedBytes({ type: 'signing-key', previous, publicKey }), current, Buffer.from(certificate, 'base64'))) return false
    current = createPublicKey(publicKey)
  }
  return current.equals(goal)
}
