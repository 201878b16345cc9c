import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { type AccountQuotas, type FunctionState, type Quotas, quotasSchema } from '../protocol/index.ts'
import { readResidency } from '../residency/index.ts'
import { Collection, type Store, type StoredVersion, type StoreWrite } from '../store/index.ts'

/** What an operator set, by account. */
export const accountQuotas = new Collection('quota', quotasSchema)

/** Accounts that are suspended. */
export const suspensions = new Collection('suspension', z.literal(true))

/** Requests at a time that functions have reserved, by `account/function`; those that have none are not there. */
const reservations = new Collection('reserved', z.int().min(1))

const reservationsMax = 100_000

export async function readQuotas(store: Store, account: string): Promise<Quotas> {
  return (await accountQuotas.read(store, account)) ?? {}
}

/** What nodes are told of an account, of which this is what is about to change. */
export async function accountForNodes(
  store: Store, account: string,
  change: { readonly quotas?: Quotas; readonly suspended?: boolean; readonly regions?: { readonly to: readonly string[] | undefined } },
): Promise<AccountQuotas> {
  const quotas = change.quotas ?? (await readQuotas(store, account))
  const isSuspended = change.suspended ?? (await suspensions.read(store, account)) !== undefined
  const regions = change.regions === undefined ? await readResidency(store, account) : change.regions.to
  return { account, quotas: isSuspended ? { ...quotas, suspended: true } : quotas, ...(regions === undefined ? {} : { regions: [...regions] }) }
}

/** Throws `quota_exceeded` where the account may not store an artifact of so many bytes. What it has already, it may send again. */
export async function checkUpload(store: Store, account: string, hash: string, bytes: number, kind: 'script' | 'source-map'): Promise<void> {
  const { scriptBytes, storedBytes } = await readQuotas(store, account)
  if (kind === 'script') checkScript(scriptBytes, bytes, 'body')
  if (storedBytes === undefined || (await store.artifactBytes(account, hash)) !== undefined) return
  const used = (await store.storedBytes(account)) + bytes
  if (used > storedBytes) throw exceeded('storedBytes', `With it the account would store ${used} bytes; it may store ${storedBytes}.`, storedBytes, used, 'body')
}

/** For the commit that stores new versions. Throws `quota_exceeded`. */
export async function checkVersions(store: Store, account: string, versions: readonly StoredVersion[]): Promise<void> {
  if (versions.length === 0) return
  const { functions, scriptBytes, storedBytes } = await readQuotas(store, account)
  for (const version of versions) checkScript(scriptBytes, version.artifactBytes, 'functions', version.function)
  if (storedBytes !== undefined) {
    const used = await store.storedBytes(account)
    if (used > storedBytes) {
      throw exceeded('storedBytes', `The account stores ${used} bytes, and may store ${storedBytes}. Delete functions; what none uses is removed a day after it was uploaded.`, storedBytes, used, 'functions')
    }
  }
  if (functions === undefined) return
  let added = 0
  for (const { function: name } of versions) if ((await store.readVersions(account, name, 1)).length === 0) added += 1
  if (added === 0) return
  const used = (await store.listFunctionNames(account)).length + added
  if (used > functions) throw exceeded('functions', `With it the account would have ${used} functions; it may have ${functions}.`, functions, used, 'functions')
}

/**
 * For the commit that gives functions these states: what they reserve from now on. Throws `quota_exceeded` where the account's functions would
 * reserve more than it may have at a time, unless `isHeld` is false: what takes a change back can not be refused.
 */
export async function composeReservations(store: Store, account: string, states: readonly FunctionState[], isHeld = true): Promise<readonly StoreWrite[]> {
  const writes: StoreWrite[] = []
  let grows = false
  let sum = 0
  for (const state of states) {
    const key = `${account}/${state.function}`
    const before = (await reservations.read(store, key)) ?? 0
    const after = reservedBy(state)
    grows ||= after > before
    sum += after - before
    if (after > 0 && after !== before) writes.push(reservations.put(key, after))
    if (after === 0 && before > 0) writes.push(reservations.remove(key))
  }
  if (!grows || !isHeld) return writes
  const { concurrentRequests } = await readQuotas(store, account)
  if (concurrentRequests === undefined) return writes
  for (const { value } of await reservations.list(store, { prefix: `${account}/`, limit: reservationsMax })) sum += value
  if (sum > concurrentRequests) {
    throw exceeded('concurrentRequests', `The account's functions would reserve ${sum} requests at a time together; it may have ${concurrentRequests} (\`concurrency.reserved\`).`, concurrentRequests, sum, 'functions')
  }
  return writes
}

/** The function is deleted: it reserves nothing any more. */
export function removeReservation(account: string, name: string): StoreWrite {
  return reservations.remove(`${account}/${name}`)
}

/** What a function reserves: the most that any of its active versions asks for. */
export function reservedBy({ shares, versions }: Pick<FunctionState, 'shares' | 'versions'>): number {
  const active = versions.filter(({ version }) => shares.some((share) => share.version === version && share.percent > 0))
  return active.reduce((most, { config }) => Math.max(most, config.concurrency.reserved), 0)
}

function checkScript(limit: number | undefined, bytes: number, field: string, name?: string): void {
  if (limit === undefined || bytes <= limit) return
  throw exceeded('scriptBytes', `The script${name === undefined ? '' : ` of ${name}`} has ${bytes} bytes; scripts of the account may have ${limit}.`, limit, bytes, field)
}

function exceeded(quota: string, detail: string, limit: number, used: number, field: string): SkerryError {
  return new SkerryError('quota_exceeded', `${detail} (Quota ${quota}.)`, { limit, used, field })
}
