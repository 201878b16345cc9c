import { SkerryError } from '../../errors/index.ts'
import { type ReleaseInfo, releaseInfoSchema } from '../protocol/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'
import type { Share } from './function-state.ts'

/** Changes of shares by `account/function/number`. The numbers rise by one: clocks of replicas may differ, and their ids with them. */
const releases = new Collection('release', releaseInfoSchema)

const releasesKept = 20
const numberDigits = 10

interface NumberedRelease {
  readonly number: number
  readonly release: ReleaseInfo
}

/** The last changes of a function's shares, newest first. */
export async function readReleases(store: Store, account: string, name: string, limit = releasesKept): Promise<readonly ReleaseInfo[]> {
  return (await readNumbered(store, account, name, limit)).map(({ release }) => release)
}

/**
 * What a commit writes that changes a function's shares. The next step of a roll-out stands in the place of the one before, so that all
 * of a roll-out is one change.
 */
export async function noteRelease(store: Store, account: string, name: string, release: ReleaseInfo): Promise<readonly StoreWrite[]> {
  const kept = await readNumbered(store, account, name, releasesKept + 1)
  const [newest] = kept
  if (newest?.release.change === release.change) return [releases.put(keyOf(account, name, newest.number), { ...newest.release, shares: release.shares })]
  return [
    releases.put(keyOf(account, name, (newest?.number ?? 0) + 1), release),
    ...kept.slice(releasesKept - 1).map(({ number }) => releases.remove(keyOf(account, name, number))),
  ]
}

/** What a commit writes that takes a change back as if it had never been, where it is the last one. */
export async function forgetRelease(store: Store, account: string, name: string, change: string): Promise<readonly StoreWrite[]> {
  const [newest] = await readNumbered(store, account, name, 1)
  return newest?.release.change === change ? [releases.remove(keyOf(account, name, newest.number))] : []
}

/** What the commit writes that deletes the function. */
export async function forgetReleases(store: Store, account: string, name: string): Promise<readonly StoreWrite[]> {
  const kept = await readNumbered(store, account, name, releasesKept + 1)
  return kept.map(({ number }) => releases.remove(keyOf(account, name, number)))
}

/** Throws `conflict` where another change than the one expected came last. */
export async function requireLastChange(store: Store, account: string, name: string, change: string | undefined): Promise<void> {
  const [last] = await readReleases(store, account, name, 1)
  if (last?.change !== change) {
    throw new SkerryError('conflict', `The shares of ${name} were changed meanwhile. See \`skerry releases ${name}\` and repeat.`, { field: 'name' })
  }
}

/** Whether two divisions of the traffic are the same, in whichever order. */
export function isSameShares(first: readonly Share[], second: readonly Share[]): boolean {
  return first.length === second.length && first.every((share) => second.some(({ version, percent }) => version === share.version && percent === share.percent))
}

async function readNumbered(store: Store, account: string, name: string, limit: number): Promise<readonly NumberedRelease[]> {
  const prefix = `${account}/${name}/`
  const found = await releases.list(store, { prefix, newestFirst: true, limit })
  return found.map(({ key, value }) => ({ number: Number(key.slice(prefix.length)), release: value }))
}

function keyOf(account: string, name: string, number: number): string {
  return `${account}/${name}/${String(number).padStart(numberDigits, '0')}`
}
