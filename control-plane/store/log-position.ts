import type { LogPosition } from './commit-message.ts'
import type { SqliteDatabase } from './sqlite-database.ts'

/** Where the state of a replica stands in the log: kept in the same file, and written in the same transaction, as the state itself. */
export function readLogPosition(database: SqliteDatabase): LogPosition {
  const value = database.get(`SELECT value FROM meta WHERE key = 'log'`)?.['value']
  return typeof value === 'string' ? (JSON.parse(value) as LogPosition) : { position: 0, code: '' }
}

export function writeLogPosition(database: SqliteDatabase, position: LogPosition): void {
  database.run(`INSERT OR REPLACE INTO meta (key, value) VALUES ('log', ?)`, JSON.stringify(position))
}

/** Undefined before the first message. */
export function readEpoch(database: SqliteDatabase): string | undefined {
  const value = database.get(`SELECT value FROM meta WHERE key = 'epoch'`)?.['value']
  return typeof value === 'string' ? value : undefined
}

export function writeEpoch(database: SqliteDatabase, epoch: string): void {
  database.run(`INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?)`, epoch)
}

/** When the stream was made that the state comes from: another one under its name is another log. Undefined where that is not known. */
export function readLogOrigin(database: SqliteDatabase): string | undefined {
  const value = database.get(`SELECT value FROM meta WHERE key = 'log-origin'`)?.['value']
  return typeof value === 'string' ? value : undefined
}

export function writeLogOrigin(database: SqliteDatabase, origin: string): void {
  database.run(`INSERT OR REPLACE INTO meta (key, value) VALUES ('log-origin', ?)`, origin)
}
