import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { Collection, type ImageArtifact, type Store, type StoredItem, type StoreWrite } from '../store/index.ts'

/** Stands in a store from the first thing that is filled into it to the last. */
const unfinished = new Collection('restore', z.strictObject({ startedMs: z.number() }))
const unfinishedKey = 'unfinished'

/** Small enough for a message of a broker; one that is larger by itself goes alone. */
const commitBytes = 128 * 1024
const commitWrites = 500

export type Filling = StoredItem | ({ readonly kind: 'artifact'; readonly bytes: Uint8Array } & ImageArtifact)

/** Throws `restore_unfinished` where the store was being filled when that broke off: what it holds is not whole. */
export async function requireFinished(store: Store): Promise<void> {
  const marker = await unfinished.read(store, unfinishedKey)
  if (marker === undefined) return
  throw new SkerryError(
    'restore_unfinished',
    `The store is being filled, or that broke off: it was begun at ${new Date(marker.startedMs).toISOString()}. It is not served, for it is not whole.`,
  )
}

export function isFillingMarker(item: StoredItem): boolean {
  return item.kind === 'record' && item.collection === unfinished.name && item.key === unfinishedKey
}

export interface FillOptions {
  readonly fillings: AsyncIterable<Filling>
  /** Looks at what was filled before it counts as finished; where it rejects, it stays unfinished. */
  readonly check: (store: Store) => Promise<void>
  readonly nowMs: number
}

/**
 * Puts into an empty store what another one held, in commits of bounded size. Until that has resolved the store counts as unfinished.
 * Its epoch is its own: nodes that followed the other one start over from a snapshot.
 */
export async function fillStore(store: Store, { fillings, check, nowMs }: FillOptions): Promise<void> {
  const commit = (writes: readonly StoreWrite[]): Promise<unknown> => store.commit({ writes, timeMs: nowMs })
  await commit([unfinished.put(unfinishedKey, { startedMs: nowMs })])
  let writes: StoreWrite[] = []
  let bytes = 0
  for await (const filling of fillings) {
    if (filling.kind === 'artifact') {
      for (const owner of filling.owners) await store.putArtifact({ ...owner, hash: filling.hash, bytes: filling.bytes })
      continue
    }
    const write = toWrite(filling)
    const size = JSON.stringify(write).length
    if (writes.length > 0 && (writes.length >= commitWrites || bytes + size > commitBytes)) {
      await commit(writes)
      writes = []
      bytes = 0
    }
    writes.push(write)
    bytes += size
  }
  await commit(writes)
  await check(store)
  await commit([unfinished.remove(unfinishedKey)])
}

function toWrite(item: StoredItem): StoreWrite {
  switch (item.kind) {
    case 'version':
      return { kind: 'putVersion', version: item.version }
    case 'function':
      return { kind: 'putFunction', state: item.function.state, updatedMs: item.function.updatedMs }
    case 'secret':
      return { kind: 'putSecret', account: item.account, name: item.name, key: item.key, sealed: item.sealed }
    case 'record':
      return { kind: 'putRecord', collection: item.collection, key: item.key, value: item.value }
    default:
      return { kind: 'putRevision', revision: item.revision }
  }
}
