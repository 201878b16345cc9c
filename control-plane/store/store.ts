import type { FeedChange, FunctionState, VersionRecord } from '../protocol/index.ts'
import type { StoreImage } from './store-image.ts'

/**
 * What the control plane keeps, behind one interface for every engine.
 *
 * Invariants: what a resolved call wrote is on disk; a commit is all or nothing, and gives its revision the next sequence; no commit
 * is made on what another has changed meanwhile, in whichever process; values of secrets are sealed before they get here, in states
 * and changes too. Every call may reject with `storage_full` (nothing was changed), or with `storage_corrupt`: once damage was found,
 * nothing is read or written any more.
 */
export interface Store {
  /** Random id of this log, made with the store. A node that knows another one starts over from a snapshot. */
  readonly epoch: string

  /** Keeps bytes under their hash and notes that the account has them. Idempotent; mends what is damaged. */
  putArtifact(artifact: StoredArtifact): Promise<void>
  /** Size of an artifact that the account uploaded. */
  artifactBytes(account: string, hash: string): Promise<number | undefined>
  /** Bytes of all artifacts that the account uploaded and that are kept, each once. */
  storedBytes(account: string): Promise<number>
  /** Rejects with `artifact_corrupt` where the bytes are not what the hash says. */
  readArtifact(hash: string): Promise<Uint8Array | undefined>
  /** Forgets artifacts that no version names and that were uploaded before the time given, of the next `limit` behind a hash. */
  collectArtifacts(uploadedBeforeMs: number, range: ArtifactRange): Promise<CollectedArtifacts>

  /**
   * Writes everything or nothing. Where what to write depends on what is there, give a function: it reads the store, no other commit
   * comes between its reads and its writes, and it may be called again where one did (so it has no effect but its answer). What it
   * throws is passed on, and nothing is written. Answers with the revision, where the commit has a change.
   */
  commit(commit: Commit | ComposeCommit): Promise<StoredRevision | undefined>
  /** Calls back with each new revision, in order, whoever committed it, until the returned function is called. */
  onRevision(listener: (revision: StoredRevision) => void): () => void
  /** Sequence of the newest revision, 0 where there is none. */
  readSequence(): Promise<number>
  /** Revisions after a sequence in order; undefined where the log does not reach back that far (or is not there yet). */
  readRevisions(after: number, limit: number): Promise<readonly StoredRevision[] | undefined>
  /** Every function's state at one sequence. */
  readSnapshot(): Promise<StoreSnapshot>

  readFunction(account: string, name: string): Promise<StoredFunction | undefined>
  /** Newest first. */
  readVersions(account: string, name: string, limit: number, range?: VersionRange): Promise<readonly StoredVersion[]>
  readVersion(account: string, name: string, version: string): Promise<StoredVersion | undefined>
  /** Every version that runs this artifact, whosever it is. */
  versionsWith(artifactHash: string): AsyncIterable<StoredVersion>
  /** Names of an account's functions, those that were never active too. */
  listFunctionNames(account: string): Promise<readonly string[]>
  /** An account's functions in the order of their names, those that were never active too. */
  listFunctions(account: string, range: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly ListedFunction[]>
  /** The routes that functions have on these hosts, whosever they are. */
  readRoutes(hosts: readonly string[]): Promise<readonly StoredRoute[]>

  /** Functions that have more versions than so many. */
  listCrowdedFunctions(versions: number, limit: number): Promise<ReadonlyArray<{ readonly account: string; readonly name: string }>>

  readSecrets(account: string, name: string): Promise<Readonly<Record<string, string>>>

  /** The JSON value under a key of a collection; see `Collection`, which gives it its type. */
  readRecord(collection: string, key: string): Promise<unknown>
  /** In the order of the keys. */
  listRecords(collection: string, range: RecordRange): Promise<readonly StoredRecord[]>

  /** Everything there is, in one state, for backups; close it. */
  openImage(): Promise<StoreImage>

  /** Bytes that the store takes on disk, for metrics. */
  sizeBytes(): Promise<number>
  close(): Promise<void>
}

export interface StoredArtifact {
  readonly account: string
  readonly hash: string
  readonly bytes: Uint8Array
  readonly uploadedMs: number
}

export interface ArtifactRange {
  readonly after?: string | undefined
  readonly limit: number
}

export interface CollectedArtifacts {
  readonly collected: number
  /** Where to go on; undefined at the end. */
  readonly next: string | undefined
}

export type VersionStatus = 'stored' | 'refused' | 'active' | 'retired'

export interface StoredVersion extends VersionRecord {
  readonly createdMs: number
  readonly message: string
  readonly sourceMapHash: string | undefined
  readonly status: VersionStatus
  /** A node loaded it successfully. */
  readonly isLoaded: boolean
  /** As deployed; the function's own routes count once it has some. */
  readonly routes: readonly string[]
}

export interface StoredFunction {
  /** Secrets sealed. */
  readonly state: FunctionState
  readonly updatedMs: number
}

/** What a list shows of a function; `routes` and `shares` are empty where it was never active. */
export interface ListedFunction {
  readonly name: string
  readonly routes: readonly string[]
  readonly shares: FunctionState['shares']
  /** Of its state; where it has none, when its newest version was made. */
  readonly updatedMs: number
}

export interface StoredRoute {
  readonly account: string
  readonly name: string
  /** `host/path` as the function has it. */
  readonly route: string
}

export interface VersionRange {
  /** Older ones than this only. */
  readonly before?: string | undefined
  /** Those only that a node loaded. */
  readonly isLoaded?: true | undefined
}

/** A revision of the feed; secrets in its change are sealed. */
export interface StoredRevision {
  readonly sequence: number
  readonly timeMs: number
  readonly change: FeedChange
}

export interface StoreSnapshot {
  readonly sequence: number
  readonly functions: readonly FunctionState[]
}

export interface StoredRecord {
  readonly key: string
  readonly value: unknown
}

export interface RecordRange {
  /** Keys that start with this only. */
  readonly prefix?: string | undefined
  /** Keys behind this one only; before it, where `newestFirst`. */
  readonly after?: string | undefined
  readonly newestFirst?: boolean | undefined
  readonly limit: number
}

export type StoreWrite =
  | { readonly kind: 'putVersion'; readonly version: StoredVersion }
  | { readonly kind: 'setVersionStatus'; readonly version: string; readonly status: VersionStatus; readonly isLoaded: boolean }
  | { readonly kind: 'deleteVersion'; readonly version: string }
  /** `updatedMs` is the commit's time unless given. */
  | { readonly kind: 'putFunction'; readonly state: FunctionState; readonly updatedMs?: number }
  /** With its versions and secrets. */
  | { readonly kind: 'deleteFunction'; readonly account: string; readonly name: string }
  | { readonly kind: 'putSecret'; readonly account: string; readonly name: string; readonly key: string; readonly sealed: string }
  | { readonly kind: 'deleteSecret'; readonly account: string; readonly name: string; readonly key: string }
  /** `value` is JSON. */
  | { readonly kind: 'putRecord'; readonly collection: string; readonly key: string; readonly value: unknown }
  | { readonly kind: 'deleteRecord'; readonly collection: string; readonly key: string }
  /** For stores that are filled from a backup: keeps a revision under the number that it had; the next ones follow it. Nobody is told. */
  | { readonly kind: 'putRevision'; readonly revision: StoredRevision }

export interface Commit {
  readonly writes: readonly StoreWrite[]
  /** Becomes the next revision of the feed. */
  readonly change?: FeedChange
  readonly timeMs: number
}

/** Says what to commit on what the store holds right now. */
export type ComposeCommit = () => Promise<Commit> | Commit
