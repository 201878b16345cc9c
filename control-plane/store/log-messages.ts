import type { SqliteDatabase } from './sqlite-database.ts'

/** So many messages a replica keeps: what servers lose beyond that can not be put back. */
const messagesKept = 2_000

/** Keeps a message of the log as it was applied, and forgets an old one for it. Belongs into the transaction that applies it. */
export function keepMessage(database: SqliteDatabase, position: number, message: Uint8Array): void {
  database.run('INSERT OR REPLACE INTO log_messages (position, message) VALUES (?, ?)', position, message)
  database.run('DELETE FROM log_messages WHERE position <= ?', position - messagesKept)
}

/** Undefined where it is none that this replica has kept. */
export function readKeptMessage(database: SqliteDatabase, position: number): Uint8Array | undefined {
  const message = database.get('SELECT message FROM log_messages WHERE position = ?', position)?.['message']
  return message instanceof Uint8Array ? message : undefined
}
