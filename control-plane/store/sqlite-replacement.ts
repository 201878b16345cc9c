import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SkerryError } from '../../errors/index.ts'
import { toStorageError } from './sqlite-errors.ts'
import { openSqliteStore, unfinishedFile } from './sqlite-store.ts'
import type { Store } from './store.ts'

/** @see https://www.sqlite.org/rescode.html */
const sqliteBusy = 5
const busyTimeoutMs = 200
const companions = ['', '-wal', '-shm'] as const

export interface ReplacementOptions {
  /** Whether a database that holds something may be replaced. It is kept beside as `FILE.before-restore`. */
  readonly force: boolean
  /** Fills the new store; where it rejects, everything stays as it was. */
  readonly fill: (store: Store) => Promise<void>
}

/**
 * Puts a new, filled database in the place of a file. It is written beside and takes the place when it is whole and on disk: from the
 * first byte until then its own file stands there, which keeps control planes from starting.
 * Throws `conflict` where the database is in use, or holds something and `force` is not set.
 */
export async function replaceDatabase(file: string, options: ReplacementOptions): Promise<void> {
  const filled = unfinishedFile(file)
  await requireReplaceable(file, options.force)
  await removeDatabase(filled)
  try {
    const store = openSqliteStore({ file: filled, mode: 'filled' })
    try {
      await options.fill(store)
    } finally {
      await store.close()
    }
    await synchronise(filled)
  } catch (error) {
    await removeDatabase(filled)
    throw error
  }
  // Used meanwhile, it would have changed since it was looked at.
  await requireReplaceable(file, options.force)
  // A log that belongs to an older copy would be taken for this one's.
  await removeDatabase(`${file}.before-restore`)
  for (const companion of companions) {
    if (existsSync(`${file}${companion}`)) await rename(`${file}${companion}`, `${file}.before-restore${companion}`)
  }
  await rename(filled, file)
  await synchronise(dirname(file))
}

async function requireReplaceable(file: string, force: boolean): Promise<void> {
  if (!existsSync(file)) return
  let isEmpty: boolean
  try {
    isEmpty = isUnusedAndEmpty(file)
  } catch (error) {
    const explained = toStorageError(error, file)
    if (!(explained instanceof SkerryError && explained.code === 'storage_corrupt')) throw explained
    isEmpty = false
  }
  if (isEmpty || force) return
  throw new SkerryError('conflict', `${file} on ${hostname()} holds a state already. With --force it is replaced, and kept as ${basename(file)}.before-restore.`)
}

/** Leaves the file whole by itself, without a log beside it. */
function isUnusedAndEmpty(file: string): boolean {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs })
  try {
    // Nobody else may have it open for that.
    database.exec('PRAGMA journal_mode = DELETE')
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('meta', 'schema_version')`).all()
    return tables.every(({ name }) => database.prepare(`SELECT 1 FROM "${String(name)}" LIMIT 1`).get() === undefined)
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy)) throw error
    throw new SkerryError('conflict', `${file} is in use: stop the control plane that runs on it first.`, { cause: error })
  } finally {
    database.close()
  }
}

async function removeDatabase(file: string): Promise<void> {
  for (const companion of companions.toReversed()) await rm(`${file}${companion}`, { force: true })
}

async function synchronise(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
