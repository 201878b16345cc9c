import type { DatabaseSync } from 'node:sqlite'
import { SkerryError } from '../../errors/index.ts'
import { rowChecksum } from './row-checksum.ts'

/** Statements that lead from one schema version to the next; never edited once released, only added to. */
const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE artifacts (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE artifact_owners (
    account TEXT NOT NULL, hash TEXT NOT NULL REFERENCES artifacts (hash) ON DELETE CASCADE, uploaded_ms REAL NOT NULL,
    PRIMARY KEY (account, hash)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX artifact_owners_by_hash ON artifact_owners (hash);
  CREATE TABLE functions (
    account TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, updated_ms REAL NOT NULL,
    PRIMARY KEY (account, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE versions (
    version TEXT PRIMARY KEY, account TEXT NOT NULL, function TEXT NOT NULL, created_ms REAL NOT NULL, message TEXT NOT NULL,
    artifact_hash TEXT NOT NULL, artifact_bytes INTEGER NOT NULL, source_map_hash TEXT, config TEXT NOT NULL, routes TEXT NOT NULL,
    status TEXT NOT NULL, is_loaded INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX versions_by_function ON versions (account, function, version);
  CREATE INDEX versions_by_artifact ON versions (artifact_hash);
  CREATE INDEX versions_by_source_map ON versions (source_map_hash);
  CREATE TABLE secrets (
    account TEXT NOT NULL, function TEXT NOT NULL, key TEXT NOT NULL, sealed TEXT NOT NULL,
    PRIMARY KEY (account, function, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE revisions (sequence INTEGER PRIMARY KEY AUTOINCREMENT, time_ms REAL NOT NULL, change TEXT NOT NULL) STRICT;
  CREATE TABLE tokens (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, account TEXT NOT NULL, scopes TEXT NOT NULL, created_ms REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE records (
    collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (collection, key)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO records SELECT 'sealed', substr(key, 8), json_quote(value) FROM meta WHERE key LIKE 'sealed:%';
  DELETE FROM meta WHERE key LIKE 'sealed:%';
  INSERT INTO records SELECT 'token', hash, json_object(
    'name', name, 'account', account, 'scopes', json('["' || replace(scopes, ' ', '","') || '"]'), 'createdMs', created_ms
  ) FROM tokens;
  DROP TABLE tokens;
  `,
  `
  CREATE TABLE routes (
    host TEXT NOT NULL, route TEXT NOT NULL, account TEXT NOT NULL, function TEXT NOT NULL,
    PRIMARY KEY (host, route, account, function)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX routes_by_function ON routes (account, function);
  INSERT OR IGNORE INTO routes SELECT substr(value, 1, instr(value, '/') - 1), value, account, name FROM functions, json_each(state, '$.routes');
  `,
  `
  -- Where artifacts lie in an object store, bytes is empty, object says where they are, and size how many.
  ALTER TABLE artifacts ADD COLUMN object TEXT;
  ALTER TABLE artifacts ADD COLUMN size INTEGER;
  `,
  `
  ALTER TABLE functions ADD COLUMN checksum INTEGER;
  ALTER TABLE versions ADD COLUMN checksum INTEGER;
  ALTER TABLE records ADD COLUMN checksum INTEGER;
  ALTER TABLE revisions ADD COLUMN checksum INTEGER;
  UPDATE functions SET checksum = row_checksum(account, name, state);
  UPDATE versions SET checksum =
    row_checksum(version, account, function, message, artifact_hash, artifact_bytes, source_map_hash, config, routes);
  UPDATE records SET checksum = row_checksum(collection, key, value);
  UPDATE revisions SET checksum = row_checksum(change);
  `,
  `
  -- Of a replica: the newest messages of the log, as it applied them.
  CREATE TABLE log_messages (position INTEGER PRIMARY KEY, message BLOB NOT NULL) STRICT;
  `,
]

/**
 * Brings the schema up to date, each step in a transaction of its own.
 * Throws `storage_newer`, and has changed nothing, where the file is from a newer release. @param upTo an older schema version, for tests
 */
export function migrate(database: DatabaseSync, upTo = migrations.length): void {
  const current = knownSchemaVersion(database)
  database.function('row_checksum', { deterministic: true, varargs: true }, (...values) => rowChecksum(values))
  database.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT')
  for (const [index, statements] of migrations.entries()) {
    if (index < current || index >= upTo) continue
    database.exec('BEGIN IMMEDIATE')
    try {
      // Another process may have been quicker.
      if (knownSchemaVersion(database) <= index) {
        database.exec(statements)
        database.prepare('INSERT INTO schema_version (version) VALUES (?)').run(index + 1)
      }
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }
}

/** Throws `storage_newer`, or `conflict` where the schema is one that has yet to be brought up to date. */
export function requireCurrentSchema(database: DatabaseSync): void {
  const current = knownSchemaVersion(database)
  if (current === migrations.length) return
  throw new SkerryError('conflict', `The database has schema version ${current}, of an older release; the control plane brings it to ${migrations.length} when it starts.`)
}

/** Throws `storage_newer` where this release does not know it. */
function knownSchemaVersion(database: DatabaseSync): number {
  if (database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'`).get() === undefined) return 0
  const version = Number(database.prepare('SELECT max(version) AS version FROM schema_version').get()?.['version'] ?? 0)
  if (version <= migrations.length) return version
  throw new SkerryError(
    'storage_newer',
    `The database has schema version ${version}, and this release knows ${migrations.length}: start the newer release, or restore a backup.`,
  )
}
