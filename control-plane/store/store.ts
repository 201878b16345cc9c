import type { FeedChange, FunctionState, VersionRecord } from '../protocol/index.ts'

/**
 * What the control plane keeps, behind one interface for every engine.
 *
 * Invariants: what a resolved call wrote is on disk; `commit` is all or nothing, and gives its revision the next sequence;
 * values of secrets are sealed before they get here, in states and changes too. Every call may reject with `storage_full`
 * (nothing was changed).
 */
export interface Store {
  /** Random id of this log, made with the store. A node that knows another one starts over from a snapshot. */
  readonly epoch: string

  readMeta(key: string): Promise<string | undefined>
  writeMeta(key: string, value: string): Promise<void>

  /** Keeps bytes under their hash and notes that the account has them. Idempotent. */
  putArtifact(artifact: StoredArtifact): Promise<void>
  /** Size of an artifact that the account uploaded. */
  artifactBytes(account: string, hash: string): Promise<number | undefined>
  readArtifact(hash: string): Promise<Uint8Array | undefined>
  /** Forgets artifacts that no version names and that were uploaded before the time given. Answers with how many. */
  collectArtifacts(uploadedBeforeMs: number): Promise<number>

  commit(commit: Commit): Promise<StoredRevision | undefined>
  /** Sequence of the newest revision, 0 where there is none. */
  readSequence(): Promise<number>
  /** Revisions after a sequence in order; undefined where the log does not reach back that far (or is not there yet). */
  readRevisions(after: number, limit: number): Promise<readonly StoredRevision[] | undefined>
  /** Every function's state at one sequence. */
  readSnapshot(): Promise<StoreSnapshot>

  readFunction(account: string, name: string): Promise<StoredFunction | undefined>
  /** Newest first. */
  readVersions(account: string, name: string, limit: number): Promise<readonly StoredVersion[]>
  readVersion(account: string, name: string, version: string): Promise<StoredVersion | undefined>
  /** Names of an account's functions, those that were never active too. */
  listFunctionNames(account: string): Promise<readonly string[]>

  readSecrets(account: string, name: string): Promise<Readonly<Record<string, string>>>

  putToken(token: StoredToken): Promise<void>
  readToken(hash: string): Promise<StoredToken | undefined>
  deleteToken(hash: string): Promise<void>

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

export type Scope = 'admin' | 'deploy' | 'read' | 'node'

export interface StoredToken {
  /** SHA-256 of the token, hex. */
  readonly hash: string
  readonly name: string
  readonly account: string
  readonly scopes: readonly Scope[]
  readonly createdMs: number
}

export type StoreWrite =
  | { readonly kind: 'putVersion'; readonly version: StoredVersion }
  | { readonly kind: 'setVersionStatus'; readonly version: string; readonly status: VersionStatus; readonly isLoaded: boolean }
  | { readonly kind: 'putFunction'; readonly state: FunctionState }
  /** With its versions and secrets. */
  | { readonly kind: 'deleteFunction'; readonly account: string; readonly name: string }
  | { readonly kind: 'putSecret'; readonly account: string; readonly name: string; readonly key: string; readonly sealed: string }
  | { readonly kind: 'deleteSecret'; readonly account: string; readonly name: string; readonly key: string }

export interface Commit {
  readonly writes: readonly StoreWrite[]
  /** Becomes the next revision of the feed. */
  readonly change?: FeedChange
  readonly timeMs: number
}
