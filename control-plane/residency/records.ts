import { z } from 'zod'
import { residentRegionsSchema } from '../protocol/index.ts'
import { Collection, type Store } from '../store/index.ts'

const storedSchema = z.strictObject({
  /** Undefined once it was lifted. */
  regions: residentRegionsSchema.optional(),
  /** What held before. */
  before: residentRegionsSchema.optional(),
  /** The revision that tells of it: what was told before goes by what held then, and must not be told again. */
  epoch: z.string(),
  sequence: z.int(),
})
export type StoredResidency = z.infer<typeof storedSchema>

/** By account; those that were never held to regions are not there. */
export const residencies = new Collection('residency', storedSchema)

/** The record, with the place in the log that it is from. One of another epoch tells no place: nodes begin with a snapshot there. */
export async function readResidencyRecord(store: Store, account: string): Promise<StoredResidency | undefined> {
  const record = await residencies.read(store, account)
  return record === undefined || record.epoch === store.epoch ? record : { ...record, sequence: 0 }
}

const accountsPerRead = 1_000

/** The regions that an account is held to; undefined for any. */
export async function readResidency(store: Store, account: string): Promise<readonly string[] | undefined> {
  return (await residencies.read(store, account))?.regions
}

/** Of all accounts that are held to some. */
export async function listResidencies(store: Store): Promise<ReadonlyMap<string, string[]>> {
  const found = new Map<string, string[]>()
  let after: string | undefined
  for (;;) {
    const records = await residencies.list(store, { after, limit: accountsPerRead })
    for (const { key, value } of records) if (value.regions !== undefined) found.set(key, value.regions)
    if (records.length < accountsPerRead) return found
    after = records.at(-1)?.key
  }
}
