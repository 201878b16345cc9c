import { DatabaseSync } from 'node:sqlite'
import { SkerryError } from '../../errors/index.ts'
import { type CheckedTable, isWhole } from './row-checksum.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { corrupt, toStorageError } from './sqlite-errors.ts'

const findingsShown = 3

/**
 * Looks for damage in every table but the artifacts', which are by far the largest and are held against their hashes when they are read.
 * Throws `storage_corrupt`. @see https://www.sqlite.org/pragma.html#pragma_quick_check
 */
export function checkDatabase(database: SqliteDatabase): void {
  const tables = database.all(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('artifacts', 'sqlite_sequence')`)
  for (const { name } of tables) {
    const findings = database.all(`PRAGMA quick_check(${String(name)})`).map((row) => String(row['quick_check']))
    if (findings.length === 1 && findings[0] === 'ok') continue
    throw database.explain(corrupt(database.file, `${String(name)}: ${findings.slice(0, findingsShown).join('; ')}`))
  }
}

/** Everything that SQLite finds wrong in a file, artifacts and references included; takes as long as it takes to read it all. */
export function findDamage(file: string): readonly string[] {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 })
  try {
    const findings = database.prepare('PRAGMA integrity_check').all().map((row) => String(row['integrity_check']))
    const orphans = database.prepare('PRAGMA foreign_key_check').all().map((row) => `a row of ${String(row['table'])} names what is not there in ${String(row['parent'])}`)
    return [...findings.filter((finding) => finding !== 'ok'), ...orphans, ...damagedRows(database)]
  } catch (error) {
    const explained = toStorageError(error, file)
    if (explained instanceof SkerryError && explained.code === 'storage_corrupt') return [explained.message]
    throw error
  } finally {
    database.close()
  }
}

/** Rows whose checksum is another, by table and key. */
function damagedRows(database: DatabaseSync): readonly string[] {
  const keys = { functions: ['account', 'name'], versions: ['version'], records: ['collection', 'key'], revisions: ['sequence'] } as const
  const damaged: string[] = []
  for (const [table, columns] of Object.entries(keys) as ReadonlyArray<[CheckedTable, readonly string[]]>) {
    if (database.prepare(`SELECT 1 FROM pragma_table_info('${table}') WHERE name = 'checksum'`).get() === undefined) continue
    for (const row of database.prepare(`SELECT * FROM ${table}`).iterate()) {
      if (!isWhole(table, row)) damaged.push(`a value of ${table}, ${columns.map((column) => String(row[column])).join('/')}, has another checksum`)
    }
  }
  return damaged
}
