import { KeyCheck, type KeySource } from '../auth/index.ts'
import type { Store, StoreCounts, StoreImage } from '../store/index.ts'
import { findDifference } from './compare-images.ts'
import { fillStore, requireFinished } from './fill-store.ts'
import { imageFillings } from './store-fillings.ts'
import type { StoreLocation } from './store-location.ts'

export interface MigrateOptions {
  readonly from: StoreLocation
  readonly to: StoreLocation
  /** The master keys that the state is sealed with. */
  readonly keys: KeySource
  readonly force: boolean
  readonly nowMs: number
}

export interface MigrateReport {
  readonly sequence: number
  readonly counts: StoreCounts
  /** Artifacts that are damaged in the source, and so were left out. */
  readonly missing: readonly string[]
}

/**
 * Copies a store to another place, whatever the engines, and compares the two before the copy counts as finished. The feed has a new
 * epoch there. Throws as `restoreArchive`; the source is only read.
 */
export async function migrateStore({ from, to, keys, force, nowMs }: MigrateOptions): Promise<MigrateReport> {
  const { store: source, close } = await from.open()
  try {
    await requireFinished(source)
    const image = await source.openImage()
    try {
      await requireKeys(image, keys)
      const missing = new Set<string>()
      const fillings = imageFillings(image, (hash) => missing.add(hash))
      const check = (copy: Store): Promise<void> => requireSame(image, copy, missing)
      await to.replace({ force, fill: (store) => fillStore(store, { fillings, check, nowMs }) })
      return { sequence: image.sequence, counts: image.counts, missing: [...missing] }
    } finally {
      image.close()
    }
  } finally {
    await close()
  }
}

async function requireKeys(image: StoreImage, keys: KeySource): Promise<void> {
  const check = await KeyCheck.open(keys)
  for (const item of image.items()) if (item.kind === 'record') await check.require(item)
}

async function requireSame(source: StoreImage, copy: Store, missing: ReadonlySet<string>): Promise<void> {
  const image = await copy.openImage()
  try {
    const difference = await findDifference(source, image, missing)
    if (difference !== undefined) throw new Error(`the copy is not the same: ${difference}`)
  } finally {
    image.close()
  }
}
