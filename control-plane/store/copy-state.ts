import type { SqliteDatabase } from './sqlite-database.ts'
import { revisionColumns, toRevision } from './sqlite-rows.ts'
import type { StoredRevision } from './store.ts'

/**
 * Replaces everything in a database by what stands in another file of the same schema, at once or not at all.
 * Answers with the newest revision.
 */
export function copyState(database: SqliteDatabase, file: string): StoredRevision | undefined {
  database.run('ATTACH DATABASE ? AS source', file)
  try {
    return database.transaction(() => {
      database.run('PRAGMA defer_foreign_keys = ON')
      const tables = database
        .all(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_version'`)
        .map((row) => String(row['name']))
      for (const table of tables) {
        const columns = database.all(`PRAGMA main.table_info("${table}")`).map((row) => `"${String(row['name'])}"`).join(', ')
        database.run(`DELETE FROM main."${table}"`)
        database.run(`INSERT INTO main."${table}" (${columns}) SELECT ${columns} FROM source."${table}"`)
      }
      // Where revisions were forgotten, their numbers are not given again.
      database.run('DELETE FROM main.sqlite_sequence')
      database.run('INSERT INTO main.sqlite_sequence SELECT * FROM source.sqlite_sequence')
      const newest = database.get(`SELECT ${revisionColumns} FROM revisions ORDER BY sequence DESC LIMIT 1`)
      return newest === undefined ? undefined : toRevision(newest)
    })
  } finally {
    database.run('DETACH DATABASE source')
  }
}
