import { randomUUID } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SkerryError } from '../../errors/index.ts'
import { findIdleArtifacts } from './idle-artifacts.ts'
import { RevisionListeners } from './revision-listeners.ts'
import { settle, valueOf } from './settled.ts'
import { checkDatabase } from './sqlite-check.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { corrupt } from './sqlite-errors.ts'
import { SqliteImage } from './sqlite-image.ts'
import { migrate, requireCurrentSchema } from './sqlite-migrations.ts'
import { SqliteReads } from './sqlite-reads.ts'
import { applyCommit } from './sqlite-writes.ts'
import type { StoreImage } from './store-image.ts'
import type { ArtifactRange, CollectedArtifacts, Commit, ComposeCommit, Store, StoredArtifact, StoredRevision } from './store.ts'
import { verifiedArtifact } from './verified-artifact.ts'

const attemptsMax = 40
const longestPauseMs = 200
const selectArtifact = 'SELECT bytes FROM artifacts WHERE hash = ?'

export interface SqliteStoreOptions {
  /** The database file; its directory exists. */
  readonly file: string
  /** Revisions kept for nodes that come back; older ones get a snapshot. */
  readonly revisionsKept?: number
  /** The file grows no larger; then writes are refused with `storage_full`. */
  readonly maximumBytes?: number
  /**
   * `durable` unless set. `filled` is for a file that is filled, then synchronised as a whole: commits do not wait for the disk.
   * `read` changes nothing, and takes files of this release's schema only.
   */
  readonly mode?: 'durable' | 'filled' | 'read'
}

/** The file that is filled beside a database, to take its place when it is whole. */
export function unfinishedFile(file: string): string {
  return `${file}.restoring`
}

/**
 * Opens (and creates or migrates) the embedded store: one SQLite file. Throws `storage_corrupt` where it is damaged, `storage_newer`
 * where it is of a newer release, and `restore_unfinished` where a restore broke off beside it.
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const { file } = options
  if (existsSync(unfinishedFile(file))) {
    throw new SkerryError('restore_unfinished', `A restore is filling ${basename(unfinishedFile(file))}, or broke off; where it shall not be done after all, delete that file.`)
  }
  // SQLite would make a new database of it, and the nodes would be told that there is nothing.
  if (statSync(file, { throwIfNoEntry: false })?.size === 0) throw corrupt(file, 'it is empty')
  const mode = options.mode ?? 'durable'
  const database = new SqliteDatabase(file, options.maximumBytes, mode)
  try {
    if (mode === 'read') requireCurrentSchema(database.raw)
    else migrate(database.raw)
    checkDatabase(database)
    if (mode !== 'read') database.run(`INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?)`, randomUUID())
    const epoch = String(database.get(`SELECT value FROM meta WHERE key = 'epoch'`)?.['value'])
    return new SqliteStore(database, epoch, options.revisionsKept ?? 1_000)
  } catch (error) {
    database.close()
    throw database.explain(error)
  }
}

class SqliteStore extends SqliteReads implements Store {
  readonly epoch: string
  readonly #revisionsKept: number
  readonly #listeners = new RevisionListeners()
  /** Commits, and what must not come in between, follow one another: nothing comes between what one reads and what it writes. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(database: SqliteDatabase, epoch: string, revisionsKept: number) {
    super(database)
    this.epoch = epoch
    this.#revisionsKept = revisionsKept
  }

  async putArtifact(artifact: StoredArtifact): Promise<void> {
    const { account, hash, bytes, uploadedMs } = artifact
    this.database.transaction(() => {
      // Bytes that are there already are compared, so that damaged ones are mended.
      this.database.run(
        `INSERT INTO artifacts (hash, bytes) VALUES (?, ?)
         ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes WHERE bytes <> excluded.bytes`,
        hash, bytes,
      )
      this.database.run(
        `INSERT INTO artifact_owners (account, hash, uploaded_ms) VALUES (?, ?, ?)
         ON CONFLICT (account, hash) DO UPDATE SET uploaded_ms = excluded.uploaded_ms`,
        account, hash, uploadedMs,
      )
    })
  }

  async artifactBytes(account: string, hash: string): Promise<number | undefined> {
    const row = this.database.get(
      'SELECT length(bytes) AS bytes FROM artifacts JOIN artifact_owners USING (hash) WHERE account = ? AND hash = ?',
      account, hash,
    )
    return row === undefined ? undefined : Number(row['bytes'])
  }

  async storedBytes(account: string): Promise<number> {
    const row = this.database.get('SELECT sum(length(bytes)) AS bytes FROM artifacts JOIN artifact_owners USING (hash) WHERE account = ?', account)
    return Number(row?.['bytes'] ?? 0)
  }

  async readArtifact(hash: string): Promise<Uint8Array | undefined> {
    const bytes = this.database.get(selectArtifact, hash)?.['bytes']
    return bytes instanceof Uint8Array ? verifiedArtifact(hash, bytes) : undefined
  }

  async collectArtifacts(uploadedBeforeMs: number, range: ArtifactRange): Promise<CollectedArtifacts> {
    // Between commits, which may have found an artifact and be about to name it.
    return this.#inTurn(async () =>
      this.database.transaction(() => {
        const { hashes, next } = findIdleArtifacts(this.database, uploadedBeforeMs, range)
        for (const hash of hashes) this.database.run('DELETE FROM artifacts WHERE hash = ?', hash)
        return { collected: hashes.length, next }
      }),
    )
  }

  commit(commit: Commit | ComposeCommit): Promise<StoredRevision | undefined> {
    return this.#inTurn(async () => {
      const revision = await this.#compareAndSet(typeof commit === 'function' ? commit : () => commit)
      if (revision !== undefined) this.#listeners.tell(revision)
      return revision
    })
  }

  onRevision(listener: (revision: StoredRevision) => void): () => void {
    return this.#listeners.add(listener)
  }

  async openImage(): Promise<StoreImage> {
    return new SqliteImage(this.database, this.epoch, async (hash, get) => {
      const bytes = get(selectArtifact, hash)?.['bytes']
      return verifiedArtifact(hash, bytes instanceof Uint8Array ? bytes : new Uint8Array())
    })
  }

  async close(): Promise<void> {
    this.database.close()
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  /** Another process may have the file open too, as while one control plane takes another's place. */
  async #compareAndSet(compose: ComposeCommit): Promise<StoredRevision | undefined> {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const on = this.database.othersVersion
      const composed = await settle(compose)
      const written = this.database.transaction(() => {
        if (this.database.othersVersion !== on) return undefined
        return { revision: applyCommit(this.database, valueOf(composed), this.#revisionsKept) }
      })
      if (written !== undefined) return written.revision
      await delay(Math.random() * Math.min(longestPauseMs, 2 ** attempt))
    }
    throw new SkerryError('conflict', 'Other changes came between again and again; nothing was changed. Repeat it.')
  }
}
