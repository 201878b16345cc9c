export { Collection } from './collection.ts'
export { findDamage } from './sqlite-check.ts'
export { replaceDatabase, type ReplacementOptions } from './sqlite-replacement.ts'
export { openSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'
export type {
  ArtifactRange,
  CollectedArtifacts,
  Commit,
  ComposeCommit,
  ListedFunction,
  RecordRange,
  Store,
  StoredArtifact,
  StoredFunction,
  StoredRecord,
  StoredRevision,
  StoredRoute,
  StoredVersion,
  StoreSnapshot,
  StoreWrite,
  VersionRange,
  VersionStatus,
} from './store.ts'
export type { ArtifactOwner, ImageArtifact, StoredItem, StoreCounts, StoreImage } from './store-image.ts'
