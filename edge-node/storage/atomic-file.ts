import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { SkerryError } from '../../errors/index.ts'

/** Replaces a file as a whole; rejects with what the system says. */
export type WriteWholeFile = (path: string, bytes: Uint8Array | string) => Promise<void>

/**
 * Writes beside, flushes to the disk, renames: after a crash there is the old file or the new one, never a part.
 * Only the owner may read it, since states hold secrets.
 */
export const writeFileAtomically: WriteWholeFile = async (path, bytes) => {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
}

/** What a failed write means to the operator. */
export function storageError(path: string, cause: unknown): SkerryError {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown'
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new SkerryError('storage_full', `The disk is full: ${path} could not be written (${code}). Serving goes on from memory; free space on this machine.`, { cause })
  }
  return new SkerryError('internal_error', `${path} could not be written (${code}). Serving goes on from memory; check the data directory.`, { cause })
}
