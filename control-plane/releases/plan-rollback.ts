import { SkerryError } from '../../errors/index.ts'
import type { ReleaseInfo, RollbackRequest } from '../protocol/index.ts'
import type { Store, StoredVersion } from '../store/index.ts'
import type { Share } from './function-state.ts'
import type { FunctionPlan } from './plan.ts'
import { readReleases } from './release-history.ts'

interface Return {
  readonly name: string
  /** The change that is taken back. */
  readonly change: string
  readonly current: readonly Share[]
  /** From before it; none where the function came with it. */
  readonly target: readonly Share[]
}

/** The functions that a rollback is about: those named, and with `group` whatever changed with them. Throws `conflict` and `not_found`. */
export async function rollbackNames(store: Store, account: string, { functions, group }: RollbackRequest): Promise<readonly string[]> {
  const names = [...new Set(functions)]
  if (!group) return names
  const changes = new Map<string, ReleaseInfo>()
  for (const name of names) {
    const [last] = await requireReleases(store, account, name)
    if (last !== undefined) changes.set(last.change, last)
  }
  const [last, another] = changes.values()
  if (last === undefined || another !== undefined) {
    throw new SkerryError('conflict', `${names.join(', ')} did not change together: their last changes are different ones. Roll them back one by one.`, { field: 'functions' })
  }
  return last.functions
}

/**
 * What gives each function the shares from before its last change. With `group`, each has to have changed last by the same change.
 * Throws `conflict` where there is nothing to go back to.
 */
export async function planRollback(store: Store, account: string, names: readonly string[], request: RollbackRequest): Promise<readonly FunctionPlan[]> {
  const returns: Return[] = []
  for (const name of names) returns.push(await findReturn(store, account, name))
  if (request.group) {
    const stray = returns.find(({ change }) => change !== returns[0]?.change)
    if (stray !== undefined) {
      throw new SkerryError('conflict', `${stray.name} was changed since then on its own. Roll it back first, or roll the functions back one by one.`, { field: 'functions' })
    }
  }
  const withdrawn = returns.filter(({ target }) => target.length === 0)
  if (withdrawn.length > 0 && (!request.group || withdrawn.length === returns.length)) {
    const [first] = withdrawn
    throw new SkerryError('conflict', `There is nothing that ${first?.name ?? ''} could go back to: it has been released once only. Choose a version with --to VERSION, or delete it.`, { field: 'functions' })
  }
  return Promise.all(returns.map((one) => toPlan(store, account, one)))
}

async function findReturn(store: Store, account: string, name: string): Promise<Return> {
  const [last, before] = await requireReleases(store, account, name)
  if (last === undefined) throw new SkerryError('conflict', `No version of ${name} has been released. Choose one with --to VERSION.`, { field: 'functions' })
  return { name, change: last.change, current: last.shares, target: before?.shares ?? [] }
}

async function toPlan(store: Store, account: string, { name, change, current, target }: Return): Promise<FunctionPlan> {
  const versions = await Promise.all(target.map(({ version }) => requireVersion(store, account, name, version)))
  const reported = largestOf(target, versions) ?? (await largestVersion(store, account, name, current))
  return {
    name,
    newVersion: undefined,
    prepare: versions.filter((version) => !version.isLoaded),
    shares: () => target,
    routes: (routes) => routes ?? reported.routes,
    reported,
    lastChange: { id: change },
    isWithdrawn: target.length === 0,
  }
}

async function largestVersion(store: Store, account: string, name: string, shares: readonly Share[]): Promise<StoredVersion> {
  const versions = await Promise.all(shares.map(({ version }) => requireVersion(store, account, name, version)))
  const largest = largestOf(shares, versions)
  if (largest === undefined) throw new SkerryError('conflict', `No version of ${name} is active.`, { field: 'functions' })
  return largest
}

/** The version with the largest share. */
export function largestOf(shares: readonly Share[], versions: readonly StoredVersion[]): StoredVersion | undefined {
  return versions[shares.reduce((best, share, index) => (share.percent > (shares[best]?.percent ?? 0) ? index : best), 0)]
}

async function requireReleases(store: Store, account: string, name: string): Promise<readonly ReleaseInfo[]> {
  const releases = await readReleases(store, account, name, 2)
  if (releases.length === 0 && (await store.readVersions(account, name, 1)).length === 0) {
    throw new SkerryError('not_found', `There is no function ${name}.`, { field: 'functions' })
  }
  return releases
}

async function requireVersion(store: Store, account: string, name: string, id: string): Promise<StoredVersion> {
  const version = await store.readVersion(account, name, id)
  if (version === undefined) throw new SkerryError('conflict', `The version ${id} of ${name}, which served before, is no more.`, { field: 'functions' })
  return version
}
