import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { type Actor, auditWrite } from '../audit/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'
import { type DataKeys, dataKeyRings } from './data-keys.ts'
import type { KeyRing } from './key-ring.ts'
import { sealedContext, sealedValues } from './sealed-values.ts'
import { type SecretBox, sealingKey, sealingKeyId, sealingKeyName } from './secret-box.ts'

/** Who adds a key to the file right now: two at a time would lose one key. */
const claims = new Collection('key-rotation', z.strictObject({ id: z.string(), untilMs: z.number() }))
const claimMs = 60_000
const recordsPerCommit = 50

export interface MasterKeyRotation {
  /** Of the key that seals now. */
  readonly key: string
  /** Records that were sealed anew. */
  readonly resealed: number
  /** Keys that nothing is sealed with any more and that were removed; where the operator keeps the keys, that he may remove. */
  readonly retired: readonly string[]
}

export interface RotationOptions {
  readonly store: Store
  readonly box: SecretBox
  readonly dataKeys: DataKeys
  readonly nowMs: () => number
  readonly actor: Actor
  /** Random, of this run. */
  readonly id: string
}

/**
 * Adds a new master key, seals everything with it in bounded commits, and retires the others. Whatever step it is interrupted at, a
 * repetition goes on from there: keys leave only when nothing is sealed with them.
 * Throws `conflict` where another rotation runs, or where the keys are the operator's and he has not put a new one before the others.
 */
export async function rotateMasterKey(options: RotationOptions): Promise<MasterKeyRotation> {
  const { store, box } = options
  await claim(options)
  const ring = await ringWithNewKey(options)
  const timeMs = options.nowMs()
  await store.commit({
    writes: [sealingKey.put(sealingKeyName, { id: ring.newest.id }), auditWrite(options.actor, 'master-key.rotate', ring.newest.id, {}, timeMs)],
    timeMs,
  })
  const resealed = (await resealValues(options, ring.newest.id)) + (await rewrapDataKeys(options, ring.newest.id))
  const retired = ring.keys.slice(1).map(({ id }) => id)
  // Where they can not be taken out of the file they harm nothing: what can be done is done, and the answer names them.
  if (retired.length > 0) await box.source.write?.(ring.withNewestOnly()).catch(() => undefined)
  await box.refresh()
  await store.commit({ writes: [claims.remove('master')], timeMs: options.nowMs() })
  return { key: ring.newest.id, resealed, retired }
}

async function claim(options: RotationOptions): Promise<void> {
  const { store, nowMs, id } = options
  await store.commit(async () => {
    const held = await claims.read(store, 'master')
    if (held !== undefined && held.id !== id && held.untilMs > nowMs()) {
      throw new SkerryError('conflict', 'Another rotation of the master key is under way, or was interrupted a moment ago; repeat in a minute.')
    }
    return { writes: [claims.put('master', { id, untilMs: nowMs() + claimMs })], timeMs: nowMs() }
  })
}

/** The keys with one before the others that does not seal yet, or that others are still being retired for. */
async function ringWithNewKey({ store, box }: RotationOptions): Promise<KeyRing> {
  const ring = await box.refresh()
  const isNew = ring.newest.id !== (await sealingKey.read(store, sealingKeyName))?.id
  const { source } = box
  if (isNew || (ring.keys.length > 1 && source.write !== undefined)) return ring
  if (source.write === undefined) {
    throw new SkerryError('conflict', `${source.name} has no new master key. Put one before the others, give it to every replica, restart them, and repeat.`)
  }
  await source.write(ring.withNewKey()).catch((cause: unknown) => {
    throw new SkerryError('conflict', `A new key can not be written to ${source.name}. Put one before the others, and repeat.`, { cause })
  })
  return box.refresh()
}

async function resealValues(options: RotationOptions, sealingId: string): Promise<number> {
  const { store, box } = options
  return eachPortion(options, (range) => sealedValues.list(store, range), async (name) => {
    const sealed = await sealedValues.read(store, name)
    if (sealed === undefined || sealingKeyId(sealed) === sealingId) return undefined
    const context = sealedContext(name)
    return sealedValues.put(name, await box.seal(store, await box.open(sealed, context), context))
  })
}

async function rewrapDataKeys(options: RotationOptions, sealingId: string): Promise<number> {
  const { store, dataKeys } = options
  return eachPortion(options, (range) => dataKeyRings.list(store, range), async (account) => {
    const ring = await dataKeys.rewrap(store, account, sealingId)
    return ring === undefined ? undefined : dataKeyRings.put(account, ring)
  })
}

/** Goes through a collection, a commit a portion. Answers with how many records were written. */
async function eachPortion(
  options: RotationOptions,
  list: (range: { readonly after: string | undefined; readonly limit: number }) => Promise<ReadonlyArray<{ readonly key: string }>>,
  reseal: (key: string) => Promise<StoreWrite | undefined>,
): Promise<number> {
  let count = 0
  let after: string | undefined
  for (;;) {
    const portion = await list({ after, limit: recordsPerCommit })
    after = portion.at(-1)?.key
    if (after === undefined) return count
    let written = 0
    await options.store.commit(async () => {
      const writes: StoreWrite[] = []
      for (const { key } of portion) {
        const write = await reseal(key)
        if (write !== undefined) writes.push(write)
      }
      written = writes.length
      return { writes, timeMs: options.nowMs() }
    })
    count += written
    await claim(options)
  }
}
