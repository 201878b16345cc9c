import type { StoredFunction, StoredRevision, StoredVersion } from './store.ts'

/** How much there is of everything. */
export interface StoreCounts {
  readonly artifacts: number
  readonly versions: number
  readonly functions: number
  readonly secrets: number
  readonly records: number
  readonly revisions: number
}

/** One thing that a store keeps, beside artifacts. */
export type StoredItem =
  | { readonly kind: 'version'; readonly version: StoredVersion }
  | { readonly kind: 'function'; readonly function: StoredFunction }
  | { readonly kind: 'secret'; readonly account: string; readonly name: string; readonly key: string; readonly sealed: string }
  | { readonly kind: 'record'; readonly collection: string; readonly key: string; readonly value: unknown }
  | { readonly kind: 'revision'; readonly revision: StoredRevision }

export interface ArtifactOwner {
  readonly account: string
  readonly uploadedMs: number
}

export interface ImageArtifact {
  readonly hash: string
  readonly owners: readonly ArtifactOwner[]
}

/**
 * Everything that a store holds, in the state that it had when this was opened, whatever is committed meanwhile. Read piece by piece,
 * so that no amount of it needs memory. Close it: until then the store keeps what has changed since beside the new.
 */
export interface StoreImage {
  readonly epoch: string
  /** Of the newest revision. */
  readonly sequence: number
  readonly counts: StoreCounts
  /** In an order that depends on nothing but what there is: by kind as `StoredItem` lists them, then by key. */
  items(): Iterable<StoredItem>
  /** In the order of the hashes. */
  artifacts(): Iterable<ImageArtifact>
  /** Rejects with `artifact_corrupt` where the bytes are not what the hash says. */
  readArtifact(hash: string): Promise<Uint8Array>
  close(): void
}
