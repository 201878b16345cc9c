import { randomFillSync, randomUUID } from 'node:crypto'

/** What one call of `getRandomValues` may ask for. @see https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues */
const maximumRandomBytes = 65_536

/** Cryptographically strong bytes; a count that is no integer from 0 to 65,536 answers with none, since the guest has checked it. */
export function randomBytes(count: unknown): Uint8Array {
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0 || count > maximumRandomBytes) return new Uint8Array(0)
  // Not Buffer.allocUnsafe: its pool is shared with whatever else the process holds.
  return randomFillSync(new Uint8Array(count))
}

/** A version 4 UUID. @see https://w3c.github.io/webcrypto/#Crypto-method-randomUUID */
export function randomUuid(): string {
  return randomUUID()
}
