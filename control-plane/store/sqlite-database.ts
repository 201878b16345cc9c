import { hostname } from 'node:os'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { SkerryError } from '../../errors/index.ts'

/** @see https://www.sqlite.org/rescode.html */
const sqliteFull = 13
const sqliteIoErrorSharedMemorySize = 4_874

export type Row = Readonly<Record<string, SQLOutputValue>>

/**
 * One SQLite file with prepared statements and transactions. WAL, with every commit synchronised to disk before it returns.
 * A full disk is `storage_full`, after a rollback.
 */
export class SqliteDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  constructor(file: string, maximumBytes: number | undefined) {
    this.#database = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: 5_000 })
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY')
    if (maximumBytes !== undefined) {
      const pageBytes = Number(this.#database.prepare('PRAGMA page_size').get()?.['page_size'])
      this.#database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maximumBytes / pageBytes))}`)
    }
  }

  /** For migrations. */
  get raw(): DatabaseSync {
    return this.#database
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes))
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...values))
  }

  all(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#guard(() => this.#prepare(sql).all(...values))
  }

  /** Runs the work in one transaction: all of it is kept, or, where it throws, nothing. */
  transaction<T>(work: () => T): T {
    return this.#guard(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      const result = work()
      this.#database.exec('COMMIT')
      return result
    })
  }

  /** Several reads that see one state. */
  read<T>(work: () => T): T {
    return this.#guard(() => {
      this.#database.exec('BEGIN')
      const result = work()
      this.#database.exec('COMMIT')
      return result
    })
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #guard<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      if (isStorageFull(error)) {
        throw new SkerryError('storage_full', `The disk of the control plane on ${hostname()} is full; nothing was changed.`, { cause: error })
      }
      throw error
    }
  }
}

function isStorageFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'ENOSPC') return true
  if (!('errcode' in error) || typeof error.errcode !== 'number') return false
  return (error.errcode & 0xff) === sqliteFull || error.errcode === sqliteIoErrorSharedMemorySize
}
