import { createHash } from 'node:crypto'
import { SkerryError } from '../../errors/index.ts'

/** The bytes as they were read; throws `artifact_corrupt` where their SHA-256 is not the hash that they are kept under. */
export function verifiedArtifact(hash: string, bytes: Uint8Array): Uint8Array {
  if (createHash('sha256').update(bytes).digest('hex') === hash) return bytes
  throw new SkerryError('artifact_corrupt', `The artifact ${hash} is damaged in the store: its bytes have another SHA-256. Deploy the function that has it again.`)
}
