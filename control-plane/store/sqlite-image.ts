import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Row, SqliteDatabase } from './sqlite-database.ts'
import { functionColumns, recordColumns, revisionColumns, toFunction, toRecord, toRevision, toVersion, versionColumns } from './sqlite-rows.ts'
import type { ArtifactOwner, ImageArtifact, StoredItem, StoreCounts, StoreImage } from './store-image.ts'

type Get = (sql: string, ...values: SQLInputValue[]) => Row | undefined

/** The bytes under a hash, as the image sees them by `get`. Rejects with `artifact_corrupt`. */
export type ReadImageArtifact = (hash: string, get: Get) => Promise<Uint8Array>

/** The state of a SQLite file at one moment: a connection of its own, whose read transaction lasts until it is closed. */
export class SqliteImage implements StoreImage {
  readonly epoch: string
  readonly sequence: number
  readonly counts: StoreCounts
  readonly #connection: DatabaseSync
  readonly #database: SqliteDatabase
  readonly #readArtifact: ReadImageArtifact

  constructor(database: SqliteDatabase, epoch: string, readArtifact: ReadImageArtifact) {
    this.epoch = epoch
    this.#database = database
    this.#readArtifact = readArtifact
    this.#connection = new DatabaseSync(database.file, { readOnly: true, timeout: 5_000 })
    try {
      this.#connection.exec('BEGIN')
      // The first read fixes what the transaction sees.
      this.sequence = Number(this.#get(`SELECT seq FROM sqlite_sequence WHERE name = 'revisions'`)?.['seq'] ?? 0)
      const count = (table: string): number => Number(this.#get(`SELECT count(*) AS count FROM ${table}`)?.['count'])
      this.counts = {
        artifacts: count('(SELECT DISTINCT hash FROM artifact_owners)'), versions: count('versions'), functions: count('functions'),
        secrets: count('secrets'), records: count('records'), revisions: count('revisions'),
      }
    } catch (error) {
      this.close()
      throw database.explain(error)
    }
  }

  *items(): Generator<StoredItem> {
    for (const row of this.#rows(`SELECT ${versionColumns} FROM versions ORDER BY version`)) yield { kind: 'version', version: toVersion(row) }
    for (const row of this.#rows(`SELECT ${functionColumns} FROM functions ORDER BY account, name`)) yield { kind: 'function', function: toFunction(row) }
    for (const row of this.#rows('SELECT account, function, key, sealed FROM secrets ORDER BY account, function, key')) {
      yield { kind: 'secret', account: String(row['account']), name: String(row['function']), key: String(row['key']), sealed: String(row['sealed']) }
    }
    for (const row of this.#rows(`SELECT ${recordColumns} FROM records ORDER BY collection, key`)) {
      yield { kind: 'record', collection: String(row['collection']), ...toRecord(row) }
    }
    for (const row of this.#rows(`SELECT ${revisionColumns} FROM revisions ORDER BY sequence`)) yield { kind: 'revision', revision: toRevision(row) }
  }

  *artifacts(): Generator<ImageArtifact> {
    let hash: string | undefined
    let owners: ArtifactOwner[] = []
    for (const row of this.#rows('SELECT hash, account, uploaded_ms FROM artifact_owners ORDER BY hash, account')) {
      if (row['hash'] !== hash) {
        if (hash !== undefined) yield { hash, owners }
        hash = String(row['hash'])
        owners = []
      }
      owners.push({ account: String(row['account']), uploadedMs: Number(row['uploaded_ms']) })
    }
    if (hash !== undefined) yield { hash, owners }
  }

  readArtifact(hash: string): Promise<Uint8Array> {
    return this.#readArtifact(hash, (...query) => this.#get(...query))
  }

  close(): void {
    if (this.#connection.isOpen) this.#connection.close()
  }

  #get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    try {
      return this.#connection.prepare(sql).get(...values)
    } catch (error) {
      throw this.#database.explain(error)
    }
  }

  *#rows(sql: string): Generator<Row> {
    try {
      yield* this.#connection.prepare(sql).iterate()
    } catch (error) {
      throw this.#database.explain(error)
    }
  }
}
