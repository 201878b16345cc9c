import type { SqliteDatabase } from './sqlite-database.ts'
import {
  functionColumns, recordColumns, revisionColumns, toFunction, toListedFunction, toRecord, toRevision, toState, toVersion, versionColumns,
} from './sqlite-rows.ts'
import type {
  ListedFunction,
  RecordRange,
  StoredFunction,
  StoredRecord,
  StoredRevision,
  StoredRoute,
  StoredVersion,
  StoreSnapshot,
  VersionRange,
} from './store.ts'

/** Sorts behind whatever follows a prefix. */
const afterAllKeys = '\u{10ffff}'

const versionsPerRead = 100

/** What every store reads that has its state in a SQLite file; artifacts lie elsewhere in some. */
export abstract class SqliteReads {
  protected readonly database: SqliteDatabase

  constructor(database: SqliteDatabase) {
    this.database = database
  }

  async readSequence(): Promise<number> {
    return this.sequence()
  }

  async readRevisions(after: number, limit: number): Promise<readonly StoredRevision[] | undefined> {
    return this.database.read(() => {
      if (after > this.sequence()) return undefined
      const oldest = Number(this.database.get('SELECT min(sequence) AS oldest FROM revisions')?.['oldest'] ?? 1)
      if (after < oldest - 1) return undefined
      return this.database
        .all(`SELECT ${revisionColumns} FROM revisions WHERE sequence > ? ORDER BY sequence LIMIT ?`, after, limit)
        .map(toRevision)
    })
  }

  async readSnapshot(): Promise<StoreSnapshot> {
    return this.database.read(() => ({
      sequence: this.sequence(),
      functions: this.database.all(`SELECT ${functionColumns} FROM functions ORDER BY account, name`).map(toState),
    }))
  }

  async readFunction(account: string, name: string): Promise<StoredFunction | undefined> {
    const row = this.database.get(`SELECT ${functionColumns} FROM functions WHERE account = ? AND name = ?`, account, name)
    return row === undefined ? undefined : toFunction(row)
  }

  async readVersions(account: string, name: string, limit: number, range: VersionRange = {}): Promise<readonly StoredVersion[]> {
    return this.database
      .all(
        `SELECT ${versionColumns} FROM versions
         WHERE account = ?1 AND function = ?2 AND version < ?3 AND is_loaded >= ?4 ORDER BY version DESC LIMIT ?5`,
        account, name, range.before ?? afterAllKeys, range.isLoaded === true ? 1 : 0, limit,
      )
      .map(toVersion)
  }

  async readVersion(account: string, name: string, version: string): Promise<StoredVersion | undefined> {
    const row = this.database.get(
      `SELECT ${versionColumns} FROM versions WHERE version = ? AND account = ? AND function = ?`,
      version, account, name,
    )
    return row === undefined ? undefined : toVersion(row)
  }

  async *versionsWith(artifactHash: string): AsyncGenerator<StoredVersion> {
    let after = ''
    for (;;) {
      const rows = this.database.all(
        `SELECT ${versionColumns} FROM versions WHERE artifact_hash = ?1 AND version > ?2 ORDER BY version LIMIT ?3`, artifactHash, after, versionsPerRead,
      )
      for (const row of rows) {
        const version = toVersion(row)
        after = version.version
        yield version
      }
      if (rows.length < versionsPerRead) return
    }
  }

  async listFunctionNames(account: string): Promise<readonly string[]> {
    return this.database
      .all(
        `SELECT name FROM functions WHERE account = ?1
         UNION SELECT DISTINCT function AS name FROM versions WHERE account = ?1 ORDER BY name`,
        account,
      )
      .map((row) => String(row['name']))
  }

  async listFunctions(account: string, range: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly ListedFunction[]> {
    return this.database
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
    return this.database
      .all('SELECT account, function, route FROM routes WHERE host IN (SELECT value FROM json_each(?))', JSON.stringify(hosts))
      .map((row) => ({ account: String(row['account']), name: String(row['function']), route: String(row['route']) }))
  }

  async listCrowdedFunctions(versions: number, limit: number): Promise<ReadonlyArray<{ readonly account: string; readonly name: string }>> {
    return this.database
      .all('SELECT account, function FROM versions GROUP BY account, function HAVING count(*) > ? LIMIT ?', versions, limit)
      .map((row) => ({ account: String(row['account']), name: String(row['function']) }))
  }

  async readSecrets(account: string, name: string): Promise<Readonly<Record<string, string>>> {
    const rows = this.database.all('SELECT key, sealed FROM secrets WHERE account = ? AND function = ? ORDER BY key', account, name)
    return Object.fromEntries(rows.map((row) => [String(row['key']), String(row['sealed'])]))
  }

  async readRecord(collection: string, key: string): Promise<unknown> {
    const row = this.database.get(`SELECT ${recordColumns} FROM records WHERE collection = ? AND key = ?`, collection, key)
    return row === undefined ? undefined : toRecord(row).value
  }

  async listRecords(collection: string, range: RecordRange): Promise<readonly StoredRecord[]> {
    const { prefix = '', after, newestFirst = false, limit } = range
    const [beyond, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC']
    return this.database
      .all(
        `SELECT ${recordColumns} FROM records WHERE collection = ?1 AND key >= ?2 AND key < ?3 AND (?4 IS NULL OR key ${beyond} ?4)
         ORDER BY key ${order} LIMIT ?5`,
        collection, prefix, `${prefix}${afterAllKeys}`, after ?? null, limit,
      )
      .map(toRecord)
  }

  async sizeBytes(): Promise<number> {
    const pages = Number(this.database.get('PRAGMA page_count')?.['page_count'])
    return pages * Number(this.database.get('PRAGMA page_size')?.['page_size'])
  }

  /** AUTOINCREMENT remembers the highest sequence even where retention has emptied the log. */
  protected sequence(): number {
    return Number(this.database.get(`SELECT seq FROM sqlite_sequence WHERE name = 'revisions'`)?.['seq'] ?? 0)
  }
}
