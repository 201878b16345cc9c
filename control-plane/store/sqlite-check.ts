import type { SqliteDatabase } from './sqlite-database.ts'
import { corrupt } from './sqlite-errors.ts'

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
