import { randomUUID } from 'node:crypto'
import { SqliteDatabase } from './sqlite-database.ts'
import { migrate } from './sqlite-migrations.ts'
import { toFunction, toListedFunction, toRecord, toRevision, toState, toVersion, versionColumns } from './sqlite-rows.ts'
import type {
  Commit,
  ComposeCommit,
  ListedFunction,
  RecordRange,
  Store,
  StoredArtifact,
  StoredFunction,
  StoredRecord,
  StoredRevision,
  StoredRoute,
  StoredVersion,
  StoreSnapshot,
  StoreWrite,
  VersionRange,
} from './store.ts'

/** Sorts behind whatever follows a prefix. */
const afterAllKeys = '\u{10ffff}'

export interface SqliteStoreOptions {
  /** The database file; its directory exists. */
  readonly file: string
  /** Revisions kept for nodes that come back; older ones get a snapshot. */
  readonly revisionsKept?: number
  /** The file grows no larger; then writes are refused with `storage_full`. */
  readonly maximumBytes?: number
}

/** Opens (and creates or migrates) the embedded store: one SQLite file. */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const database = new SqliteDatabase(options.file, options.maximumBytes)
  try {
    migrate(database.raw)
    database.run(`INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?)`, randomUUID())
    const epoch = String(database.get(`SELECT value FROM meta WHERE key = 'epoch'`)?.['value'])
    return new SqliteStore(database, epoch, options.revisionsKept ?? 1_000)
  } catch (error) {
    database.close()
    throw error
  }
}

class SqliteStore implements Store {
  readonly epoch: string
  readonly #database: SqliteDatabase
  readonly #revisionsKept: number
  readonly #listeners = new Set<(revision: StoredRevision) => void>()
  /** Commits follow one another, so that nothing comes between what one reads and what it writes. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(database: SqliteDatabase, epoch: string, revisionsKept: number) {
    this.#database = database
    this.epoch = epoch
    this.#revisionsKept = revisionsKept
  }

  async putArtifact(artifact: StoredArtifact): Promise<void> {
    const { account, hash, bytes, uploadedMs } = artifact
    this.#database.transaction(() => {
      this.#database.run('INSERT OR IGNORE INTO artifacts (hash, bytes) VALUES (?, ?)', hash, bytes)
      this.#database.run(
        `INSERT INTO artifact_owners (account, hash, uploaded_ms) VALUES (?, ?, ?)
         ON CONFLICT (account, hash) DO UPDATE SET uploaded_ms = excluded.uploaded_ms`,
        account, hash, uploadedMs,
      )
    })
  }

  async artifactBytes(account: string, hash: string): Promise<number | undefined> {
    const row = this.#database.get(
      'SELECT length(bytes) AS bytes FROM artifacts JOIN artifact_owners USING (hash) WHERE account = ? AND hash = ?',
      account, hash,
    )
    return row === undefined ? undefined : Number(row['bytes'])
  }

  async readArtifact(hash: string): Promise<Uint8Array | undefined> {
    const bytes = this.#database.get('SELECT bytes FROM artifacts WHERE hash = ?', hash)?.['bytes']
    return bytes instanceof Uint8Array ? bytes : undefined
  }

  async collectArtifacts(uploadedBeforeMs: number): Promise<number> {
    return this.#database.run(
      `DELETE FROM artifacts WHERE
         NOT EXISTS (SELECT 1 FROM versions WHERE artifact_hash = hash OR source_map_hash = hash)
         AND NOT EXISTS (SELECT 1 FROM artifact_owners o WHERE o.hash = artifacts.hash AND uploaded_ms >= ?)`,
      uploadedBeforeMs,
    )
  }

  commit(commit: Commit | ComposeCommit): Promise<StoredRevision | undefined> {
    const committed = this.#last.then(async () => {
      const revision = this.#write(typeof commit === 'function' ? await commit() : commit)
      if (revision !== undefined) for (const listener of [...this.#listeners]) listener(revision)
      return revision
    })
    this.#last = committed.catch(() => undefined)
    return committed
  }

  onRevision(listener: (revision: StoredRevision) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  #write(commit: Commit): StoredRevision | undefined {
    return this.#database.transaction(() => {
      for (const write of commit.writes) this.#apply(write, commit.timeMs)
      if (commit.change === undefined) return undefined
      this.#database.run('INSERT INTO revisions (time_ms, change) VALUES (?, ?)', commit.timeMs, JSON.stringify(commit.change))
      const sequence = Number(this.#database.get('SELECT last_insert_rowid() AS sequence')?.['sequence'])
      this.#database.run('DELETE FROM revisions WHERE sequence <= ?', sequence - this.#revisionsKept)
      return { sequence, timeMs: commit.timeMs, change: commit.change }
    })
  }

  async readSequence(): Promise<number> {
    return this.#sequence()
  }

  async readRevisions(after: number, limit: number): Promise<readonly StoredRevision[] | undefined> {
    return this.#database.read(() => {
      if (after > this.#sequence()) return undefined
      const oldest = Number(this.#database.get('SELECT min(sequence) AS oldest FROM revisions')?.['oldest'] ?? 1)
      if (after < oldest - 1) return undefined
      return this.#database
        .all('SELECT sequence, time_ms, change FROM revisions WHERE sequence > ? ORDER BY sequence LIMIT ?', after, limit)
        .map(toRevision)
    })
  }

  async readSnapshot(): Promise<StoreSnapshot> {
    return this.#database.read(() => ({
      sequence: this.#sequence(),
      functions: this.#database.all('SELECT state FROM functions ORDER BY account, name').map(toState),
    }))
  }

  async readFunction(account: string, name: string): Promise<StoredFunction | undefined> {
    const row = this.#database.get('SELECT state, updated_ms FROM functions WHERE account = ? AND name = ?', account, name)
    return row === undefined ? undefined : toFunction(row)
  }

  async readVersions(account: string, name: string, limit: number, range: VersionRange = {}): Promise<readonly StoredVersion[]> {
    return this.#database
      .all(
        `SELECT ${versionColumns} FROM versions
         WHERE account = ?1 AND function = ?2 AND version < ?3 AND is_loaded >= ?4 ORDER BY version DESC LIMIT ?5`,
        account, name, range.before ?? afterAllKeys, range.isLoaded === true ? 1 : 0, limit,
      )
      .map(toVersion)
  }

  async readVersion(account: string, name: string, version: string): Promise<StoredVersion | undefined> {
    const row = this.#database.get(
      `SELECT ${versionColumns} FROM versions WHERE version = ? AND account = ? AND function = ?`,
      version, account, name,
    )
    return row === undefined ? undefined : toVersion(row)
  }

  async listFunctionNames(account: string): Promise<readonly string[]> {
    return this.#database
      .all(
        `SELECT name FROM functions WHERE account = ?1
         UNION SELECT DISTINCT function AS name FROM versions WHERE account = ?1 ORDER BY name`,
        account,
      )
      .map((row) => String(row['name']))
  }

  async listFunctions(account: string, range: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly ListedFunction[]> {
    return this.#database
      .all(
        `SELECT names.name, state -> '$.routes' AS routes, state -> '$.shares' AS shares, coalesce(updated_ms, (
           SELECT created_ms FROM versions WHERE account = ?1 AND function = names.name ORDER BY version DESC LIMIT 1
         )) AS updated_ms
         FROM (
           SELECT name FROM functions WHERE account = ?1 AND name > ?2
           UNION SELECT function AS name FROM versions WHERE account = ?1 AND function > ?2 ORDER BY name LIMIT ?3
         ) AS names LEFT JOIN functions ON functions.account = ?1 AND functions.name = names.name ORDER BY names.name`,
        account, range.after ?? '', range.limit,
      )
      .map(toListedFunction)
  }

  async readRoutes(hosts: readonly string[]): Promise<readonly StoredRoute[]> {
    return this.#database
      .all('SELECT account, function, route FROM routes WHERE host IN (SELECT value FROM json_each(?))', JSON.stringify(hosts))
      .map((row) => ({ account: String(row['account']), name: String(row['function']), route: String(row['route']) }))
  }

  async readSecrets(account: string, name: string): Promise<Readonly<Record<string, string>>> {
    const rows = this.#database.all('SELECT key, sealed FROM secrets WHERE account = ? AND function = ? ORDER BY key', account, name)
    return Object.fromEntries(rows.map((row) => [String(row['key']), String(row['sealed'])]))
  }

  async readRecord(collection: string, key: string): Promise<unknown> {
    const row = this.#database.get('SELECT key, value FROM records WHERE collection = ? AND key = ?', collection, key)
    return row === undefined ? undefined : toRecord(row).value
  }

  async listRecords(collection: string, range: RecordRange): Promise<readonly StoredRecord[]> {
    const { prefix = '', after, newestFirst = false, limit } = range
    const [beyond, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC']
    return this.#database
      .all(
        `SELECT key, value FROM records WHERE collection = ?1 AND key >= ?2 AND key < ?3 AND (?4 IS NULL OR key ${beyond} ?4)
         ORDER BY key ${order} LIMIT ?5`,
        collection, prefix, `${prefix}${afterAllKeys}`, after ?? null, limit,
      )
      .map(toRecord)
  }

  async sizeBytes(): Promise<number> {
    const pages = Number(this.#database.get('PRAGMA page_count')?.['page_count'])
    return pages * Number(this.#database.get('PRAGMA page_size')?.['page_size'])
  }

  async close(): Promise<void> {
    this.#database.close()
  }

  /** AUTOINCREMENT remembers the highest sequence even where retention has emptied the log. */
  #sequence(): number {
    return Number(this.#database.get(`SELECT seq FROM sqlite_sequence WHERE name = 'revisions'`)?.['seq'] ?? 0)
  }

  #apply(write: StoreWrite, timeMs: number): void {
    const database = this.#database
    switch (write.kind) {
      case 'putVersion': {
        const { version } = write
        database.run(
          `INSERT INTO versions (${versionColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          version.version, version.account, version.function, version.createdMs, version.message, version.artifactHash,
          version.artifactBytes, version.sourceMapHash ?? null, JSON.stringify(version.config), JSON.stringify(version.routes),
          version.status, version.isLoaded ? 1 : 0,
        )
        return
      }
      case 'setVersionStatus':
        database.run('UPDATE versions SET status = ?, is_loaded = ? WHERE version = ?', write.status, write.isLoaded ? 1 : 0, write.version)
        return
      case 'putFunction':
        database.run(
          `INSERT INTO functions (account, name, state, updated_ms) VALUES (?, ?, ?, ?)
           ON CONFLICT (account, name) DO UPDATE SET state = excluded.state, updated_ms = excluded.updated_ms`,
          write.state.account, write.state.function, JSON.stringify(write.state), timeMs,
        )
        this.#setRoutes(write.state.account, write.state.function, write.state.routes)
        return
      case 'deleteFunction':
        database.run('DELETE FROM functions WHERE account = ? AND name = ?', write.account, write.name)
        this.#setRoutes(write.account, write.name, [])
        database.run('DELETE FROM versions WHERE account = ? AND function = ?', write.account, write.name)
        database.run('DELETE FROM secrets WHERE account = ? AND function = ?', write.account, write.name)
        return
      case 'putSecret':
        database.run(
          'INSERT OR REPLACE INTO secrets (account, function, key, sealed) VALUES (?, ?, ?, ?)',
          write.account, write.name, write.key, write.sealed,
        )
        return
      case 'deleteSecret':
        database.run('DELETE FROM secrets WHERE account = ? AND function = ? AND key = ?', write.account, write.name, write.key)
        return
      case 'putRecord':
        database.run('INSERT OR REPLACE INTO records (collection, key, value) VALUES (?, ?, ?)', write.collection, write.key, JSON.stringify(write.value))
        return
      case 'deleteRecord':
        database.run('DELETE FROM records WHERE collection = ? AND key = ?', write.collection, write.key)
        return
    }
  }

  /** Who has which route is looked up at every deployment; the functions' states hold the same. */
  #setRoutes(account: string, name: string, routes: readonly string[]): void {
    this.#database.run('DELETE FROM routes WHERE account = ? AND function = ?', account, name)
    for (const route of new Set(routes)) {
      this.#database.run('INSERT INTO routes (host, route, account, function) VALUES (?, ?, ?, ?)', route.slice(0, route.indexOf('/')), route, account, name)
    }
  }
}
