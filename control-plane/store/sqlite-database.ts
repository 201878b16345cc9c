import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { SkerryError } from '../../errors/index.ts'
import { DamagedValue } from './row-checksum.ts'
import { toStorageError } from './sqlite-errors.ts'

export type Row = Readonly<Record<string, SQLOutputValue>>

/**
 * One SQLite file with prepared statements and transactions. WAL, with every commit synchronised to disk before it returns.
 * A full disk is `storage_full`, after a rollback. Once SQLite has found the file damaged, every call throws `storage_corrupt`.
 */
export class SqliteDatabase {
  readonly file: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  #damage: SkerryError | undefined

  /**
   * @param mode `filled`: nobody relies on the file before it is closed and synchronised, so commits do not wait for the disk;
   *   `read`: nothing is changed, not even how the file is kept
   */
  constructor(file: string, maximumBytes: number | undefined, mode: 'durable' | 'filled' | 'read' = 'durable') {
    this.file = file
    if (mode !== 'read') createForOwner(file)
    this.#database = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: 5_000, readOnly: mode === 'read' })
    if (mode === 'read') return
    try {
      const synchronous = mode === 'filled' ? 'OFF' : 'FULL'
      this.#guard(() => this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA temp_store = MEMORY`))
      if (maximumBytes !== undefined) {
        const pageBytes = Number(this.get('PRAGMA page_size')?.['page_size'])
        this.#database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maximumBytes / pageBytes))}`)
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** For migrations. */
  get raw(): DatabaseSync {
    return this.#database
  }

  /** Another one as soon as another connection, of whichever process, has changed the file. */
  get othersVersion(): number {
    return Number(this.get('PRAGMA data_version')?.['data_version'])
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

  /** What SQLite threw, here or on another connection to the file, as the store tells it. Damage is remembered, but for that of single values. */
  explain(error: unknown): unknown {
    const explained = toStorageError(error, this.file)
    if (explained instanceof SkerryError && explained.code === 'storage_corrupt' && !(explained instanceof DamagedValue)) this.#damage ??= explained
    return explained
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
    if (this.#damage !== undefined) throw this.#damage
    try {
      return work()
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw this.explain(error)
    }
  }
}

/**
 * A new database is for its owner only, in whatever directory; SQLite makes the files beside it like that one. One that is there is not
 * touched: to open and close it would end the locks that this process holds on it.
 */
function createForOwner(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch {
    // It is there, or SQLite tells what is wrong.
  }
}
