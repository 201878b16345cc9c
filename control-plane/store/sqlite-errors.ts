import { hostname } from 'node:os'
import { basename } from 'node:path'
import { SkerryError } from '../../errors/index.ts'

/** @see https://www.sqlite.org/rescode.html */
const sqliteCorrupt = 11
const sqliteFull = 13
const sqliteNotADatabase = 26
const sqliteIoErrorSharedMemorySize = 4_874

/** What SQLite or the system threw, as `storage_full` or `storage_corrupt` where it is that; other errors as they are. */
export function toStorageError(error: unknown, file: string): unknown {
  if (error instanceof SkerryError) return error
  if (isStorageFull(error)) {
    return new SkerryError('storage_full', `The disk of the control plane on ${hostname()} is full; nothing was changed.`, { cause: error })
  }
  const code = resultCode(error)
  if (code === undefined || ![sqliteCorrupt, sqliteNotADatabase].includes(code & 0xff)) return error
  return corrupt(file, error instanceof Error ? error.message : String(error), error)
}

/** @param finding what is wrong, as a sentence without its full stop */
export function corrupt(file: string, finding: string, cause?: unknown): SkerryError {
  const detail = `The database ${basename(file)} on ${hostname()} is damaged (${finding}). It is neither read nor written any more, so that nothing wrong is served.`
  return new SkerryError('storage_corrupt', detail, cause === undefined ? {} : { cause })
}

function isStorageFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'ENOSPC') return true
  const code = resultCode(error)
  return code !== undefined && ((code & 0xff) === sqliteFull || code === sqliteIoErrorSharedMemorySize)
}

function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
}
