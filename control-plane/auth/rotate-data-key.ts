import { z } from 'zod'
import { type Actor, auditWrite } from '../audit/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'
import { type DataKeys, dataKeyRings } from './data-keys.ts'
import { sealingKeyId } from './secret-box.ts'

/** Functions that have secrets, by `account/name`, deployed or not: what a new data key has to be carried to. */
export const secretHolders = new Collection('secret-holder', z.literal(true))

export interface DataKeyRotation {
  readonly account: string
  /** Secrets that were sealed anew. */
  readonly resealed: number
}

export interface DataKeyRotationOptions {
  readonly store: Store
  readonly dataKeys: DataKeys
  readonly nowMs: () => number
  /** Of the account whose key it is. */
  readonly actor: Actor
}

const functionsPerRead = 50

/**
 * Gives an account a new data key, seals its secrets with it, a commit for each function, and drops the old key. What was interrupted
 * goes on when it is repeated. Nodes notice nothing: the values stay as they are.
 */
export async function rotateDataKey(options: DataKeyRotationOptions): Promise<DataKeyRotation> {
  const { store, nowMs, actor: { account } } = options
  const id = await addKey(options)
  if (id === undefined) return { account, resealed: 0 }
  let resealed = 0
  let after: string | undefined
  for (;;) {
    const portion = await secretHolders.list(store, { prefix: `${account}/`, after, limit: functionsPerRead })
    for (const { key } of portion) resealed += await resealFunction(options, key.slice(account.length + 1), id)
    after = portion.at(-1)?.key
    if (after === undefined) break
  }
  await store.commit(async () => {
    const ring = await dataKeyRings.read(store, account)
    // Keys that came later, by another rotation, stay.
    const kept = ring?.keys.slice(0, ring.keys.findIndex((key) => key.id === id) + 1) ?? []
    return { writes: kept.length === 0 ? [] : [dataKeyRings.put(account, { keys: kept })], timeMs: nowMs() }
  })
  return { account, resealed }
}

/** The id of the key that seals from now on; undefined where the account has sealed nothing yet. */
async function addKey({ store, dataKeys, nowMs, actor }: DataKeyRotationOptions): Promise<string | undefined> {
  const { account } = actor
  let id: string | undefined
  await store.commit(async () => {
    const timeMs = nowMs()
    const keys = (await dataKeyRings.read(store, account))?.keys ?? []
    id = keys[0]?.id
    // Two keys: a rotation was interrupted, and the newer one has to be carried on first.
    if (keys.length !== 1) return { writes: [], timeMs }
    const created = await dataKeys.create(store, account)
    id = created.id
    return { writes: [dataKeyRings.put(account, { keys: [created, ...keys] }), auditWrite(actor, 'data-key.rotate', created.id, {}, timeMs)], timeMs }
  })
  return id
}

async function resealFunction({ store, dataKeys, nowMs, actor: { account } }: DataKeyRotationOptions, name: string, id: string): Promise<number> {
  let resealed = 0
  await store.commit(async () => {
    const before = await store.readSecrets(account, name)
    const secrets: Record<string, string> = { ...before }
    const writes: StoreWrite[] = []
    for (const [key, sealed] of Object.entries(before)) {
      if (sealingKeyId(sealed) === id) continue
      const place = { account, functionName: name, key }
      const value = await dataKeys.open(store, place, sealed)
      if (value === undefined) continue
      const anew = (await dataKeys.seal(store, place, value)).sealed
      secrets[key] = anew
      writes.push({ kind: 'putSecret', account, name, key, sealed: anew })
    }
    resealed = writes.length
    const stored = await store.readFunction(account, name)
    if (writes.length > 0 && stored !== undefined) {
      writes.push({ kind: 'putFunction', state: { ...stored.state, secrets }, updatedMs: stored.updatedMs })
    }
    return { writes, timeMs: nowMs() }
  })
  return resealed
}
