import { rowChecksum } from './row-checksum.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { functionColumns, recordColumns, revisionColumns, versionColumns } from './sqlite-rows.ts'
import type { Commit, StoredRevision, StoreWrite } from './store.ts'

/** What the state of an engine holds beside what is written through `commit`: where artifacts lie that are kept elsewhere. */
export type StateWrite =
  | StoreWrite
  | {
      readonly kind: 'putArtifact'
      readonly account: string
      readonly hash: string
      readonly object: string
      readonly bytes: number
      readonly uploadedMs: number
    }
  | { readonly kind: 'deleteArtifacts'; readonly hashes: readonly string[] }

export interface StateCommit extends Omit<Commit, 'writes'> {
  readonly writes: readonly StateWrite[]
}

/** Carries a commit out in the transaction that stands. What it does depends on the state and the commit alone. */
export function applyCommit(database: SqliteDatabase, commit: StateCommit, revisionsKept: number): StoredRevision | undefined {
  for (const write of commit.writes) applyWrite(database, write, commit.timeMs)
  if (commit.change === undefined) return undefined
  const change = JSON.stringify(commit.change)
  database.run('INSERT INTO revisions (time_ms, change, checksum) VALUES (?, ?, ?)', commit.timeMs, change, rowChecksum([change]))
  const sequence = Number(database.get('SELECT last_insert_rowid() AS sequence')?.['sequence'])
  database.run('DELETE FROM revisions WHERE sequence <= ?', sequence - revisionsKept)
  return { sequence, timeMs: commit.timeMs, change: commit.change }
}

function applyWrite(database: SqliteDatabase, write: StateWrite, timeMs: number): void {
  switch (write.kind) {
    case 'putVersion': {
      const { version } = write
      const { version: id, account, function: name, message, artifactHash, artifactBytes, sourceMapHash = null } = version
      const [config, routes] = [JSON.stringify(version.config), JSON.stringify(version.routes)]
      database.run(
        `INSERT INTO versions (${versionColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id, account, name, version.createdMs, message, artifactHash, artifactBytes, sourceMapHash, config, routes, version.status, version.isLoaded ? 1 : 0,
        rowChecksum([id, account, name, message, artifactHash, artifactBytes, sourceMapHash, config, routes]),
      )
      return
    }
    case 'setVersionStatus':
      database.run('UPDATE versions SET status = ?, is_loaded = ? WHERE version = ?', write.status, write.isLoaded ? 1 : 0, write.version)
      return
    case 'deleteVersion':
      database.run('DELETE FROM versions WHERE version = ?', write.version)
      return
    case 'putFunction': {
      const { account, function: name, routes } = write.state
      const state = JSON.stringify(write.state)
      database.run(
        `INSERT INTO functions (${functionColumns}) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (account, name) DO UPDATE SET state = excluded.state, updated_ms = excluded.updated_ms, checksum = excluded.checksum`,
        account, name, state, write.updatedMs ?? timeMs, rowChecksum([account, name, state]),
      )
      setRoutes(database, account, name, routes)
      return
    }
    case 'deleteFunction':
      database.run('DELETE FROM functions WHERE account = ? AND name = ?', write.account, write.name)
      setRoutes(database, write.account, write.name, [])
      database.run('DELETE FROM versions WHERE account = ? AND function = ?', write.account, write.name)
      database.run('DELETE FROM secrets WHERE account = ? AND function = ?', write.account, write.name)
      return
    case 'putSecret':
      database.run(
        'INSERT OR REPLACE INTO secrets (account, function, key, sealed) VALUES (?, ?, ?, ?)',
        write.account, write.name, write.key, write.sealed,
      )
      return
    case 'deleteSecret':
      database.run('DELETE FROM secrets WHERE account = ? AND function = ? AND key = ?', write.account, write.name, write.key)
      return
    case 'putRecord': {
      const { collection, key } = write
      const value = JSON.stringify(write.value)
      database.run(`INSERT OR REPLACE INTO records (${recordColumns}) VALUES (?, ?, ?, ?)`, collection, key, value, rowChecksum([collection, key, value]))
      return
    }
    case 'deleteRecord':
      database.run('DELETE FROM records WHERE collection = ? AND key = ?', write.collection, write.key)
      return
    case 'putRevision': {
      const { sequence, timeMs: madeMs } = write.revision
      const change = JSON.stringify(write.revision.change)
      database.run(`INSERT INTO revisions (${revisionColumns}) VALUES (?, ?, ?, ?)`, sequence, madeMs, change, rowChecksum([change]))
      return
    }
    case 'putArtifact':
      database.run(
        `INSERT INTO artifacts (hash, bytes, object, size) VALUES (?, x'', ?, ?)
         ON CONFLICT (hash) DO UPDATE SET object = excluded.object, size = excluded.size`,
        write.hash, write.object, write.bytes,
      )
      putArtifactOwner(database, write.account, write.hash, write.uploadedMs)
      return
    case 'deleteArtifacts':
      for (const hash of write.hashes) database.run('DELETE FROM artifacts WHERE hash = ?', hash)
      return
    default:
      throw new Error(`a write of the kind ${(write as StateWrite).kind} is not known to this release`)
  }
}

function putArtifactOwner(database: SqliteDatabase, account: string, hash: string, uploadedMs: number): void {
  database.run(
    `INSERT INTO artifact_owners (account, hash, uploaded_ms) VALUES (?, ?, ?)
     ON CONFLICT (account, hash) DO UPDATE SET uploaded_ms = excluded.uploaded_ms`,
    account, hash, uploadedMs,
  )
}

/** Who has which route is looked up at every deployment; the functions' states hold the same. */
function setRoutes(database: SqliteDatabase, account: string, name: string, routes: readonly string[]): void {
  database.run('DELETE FROM routes WHERE account = ? AND function = ?', account, name)
  for (const route of new Set(routes)) {
    database.run('INSERT INTO routes (host, route, account, function) VALUES (?, ?, ?, ?)', route.slice(0, route.indexOf('/')), route, account, name)
  }
}
