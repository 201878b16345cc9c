import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { peerKindSchema } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { writeFileAtomically } from '../storage/index.ts'

const heldCredentialSchema = z.strictObject({ credential: z.string(), createdMs: z.number() })

const credentialFileSchema = z.strictObject({
  format: z.literal(1),
  kind: peerKindSchema,
  /** SHA-256 of the invitation that this is or was for. */
  invitationHash: z.string(),
  current: heldCredentialSchema,
  /** What it is to be replaced with; both are good until this one has been used. */
  next: heldCredentialSchema.optional(),
  /** 32 bytes that the process seals its own files with, in base64: it outlives renewals. */
  stateKey: z.base64().length(44),
  /** Absent until the control plane has confirmed it. */
  joined: z.strictObject({ name: z.string(), region: z.string().optional(), publicKey: z.string() }).optional(),
})
export type CredentialFile = z.infer<typeof credentialFileSchema>

/**
 * What a process that joined keeps of it, for its owner only. Undefined where there is none.
 * Throws `config_invalid` where others may read it, or where it is damaged: it is all that tells who this is.
 */
export async function readCredentialFile(path: string): Promise<CredentialFile | undefined> {
  const mode = await stat(path).then((found) => found.mode, () => undefined)
  if (mode === undefined) return undefined
  if ((mode & 0o077) !== 0) {
    throw new SkerryError('config_invalid', `${path} may be read by others. Remove what it is the credential of and let it join anew, or, where nobody has read it, chmod 600.`)
  }
  try {
    return credentialFileSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    throw new SkerryError('config_invalid', `${path} is no credential. Remove it, and what it belonged to, and join with a new invitation.`, { cause })
  }
}

export function writeCredentialFile(path: string, content: CredentialFile): Promise<void> {
  return writeFileAtomically(path, `${JSON.stringify(content)}\n`)
}
