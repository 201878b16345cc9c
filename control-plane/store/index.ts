export { Collection } from './collection.ts'
export { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'
export type {
  Commit,
  ComposeCommit,
  RecordRange,
  Store,
  StoredArtifact,
  StoredFunction,
  StoredRecord,
  StoredRevision,
  StoredVersion,
  StoreSnapshot,
  StoreWrite,
  VersionStatus,
} from './store.ts'
