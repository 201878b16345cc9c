export { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'
export type {
  Commit,
  Scope,
  Store,
  StoredArtifact,
  StoredFunction,
  StoredRevision,
  StoredToken,
  StoredVersion,
  StoreSnapshot,
  StoreWrite,
  VersionStatus,
} from './store.ts'
