import { SkerryError } from '../../errors/index.ts'
import type { GroupReleaseRequest, RolloutRequest } from '../protocol/index.ts'
import type { Store, StoredVersion } from '../store/index.ts'
import { withShare } from './function-state.ts'
import type { FunctionPlan } from './plan.ts'
import { largestOf } from './plan-rollback.ts'

type FunctionShares = GroupReleaseRequest['functions'][number]

/** What gives functions the shares asked for. Throws `invalid_request` and `not_found`. @param at where each stands in the request */
export async function planShares(
  store: Store, account: string, functions: readonly FunctionShares[], at: (index: number) => string,
): Promise<readonly FunctionPlan[]> {
  const plans: FunctionPlan[] = []
  for (const [index, one] of functions.entries()) {
    requireOnce(functions, index, at(index))
    plans.push(await planFunction(store, account, one, at(index)))
  }
  return plans
}

/** What gives versions the first of their shares. Throws `invalid_request` and `not_found`. */
export async function planGradual(
  store: Store, account: string, functions: RolloutRequest['functions'], { steps }: Pick<RolloutRequest, 'steps'>,
): Promise<readonly FunctionPlan[]> {
  const plans: FunctionPlan[] = []
  for (const [index, { name, version: id }] of functions.entries()) {
    const at = `functions.${index}.`
    requireOnce(functions, index, at)
    const version = await requireVersion(store, account, name, id, `${at}version`)
    plans.push({
      name, newVersion: undefined, prepare: version.isLoaded ? [] : [version], reported: version,
      shares: (current) => withShare(current, id, steps[0] ?? 100),
      routes: (current) => current ?? version.routes,
    })
  }
  return plans
}

/** Throws `invalid_request` where a function stands twice. */
export function requireOnce(functions: ReadonlyArray<{ readonly name: string }>, index: number, at: string): void {
  const name = functions[index]?.name
  if (functions.findIndex((other) => other.name === name) !== index) {
    throw new SkerryError('invalid_request', `The function ${String(name)} stands twice in the request.`, { field: `${at}name` })
  }
}

async function planFunction(store: Store, account: string, { name, shares }: FunctionShares, at: string): Promise<FunctionPlan> {
  const sum = shares.reduce((total, share) => total + share.percent, 0)
  if (Math.abs(sum - 100) > 0.001) {
    throw new SkerryError('invalid_request', `The percentages of ${name} add up to ${sum} instead of 100.`, { field: `${at}shares`, limit: 100, used: sum })
  }
  const versions: StoredVersion[] = []
  for (const [index, share] of shares.entries()) {
    const field = `${at}shares.${index}.version`
    if (shares.findIndex((other) => other.version === share.version) !== index) {
      throw new SkerryError('invalid_request', `The version ${share.version} stands twice.`, { field })
    }
    versions.push(await requireVersion(store, account, name, share.version, field))
  }
  const largest = largestOf(shares, versions)
  if (largest === undefined) throw new SkerryError('invalid_request', 'No version was given.', { field: `${at}shares` })
  return {
    name,
    newVersion: undefined,
    prepare: versions.filter((version) => !version.isLoaded),
    shares: () => shares.filter((share) => share.percent > 0),
    // A function that was never active has no routes of its own yet: it takes those that it was deployed with.
    routes: (current) => current ?? largest.routes,
    reported: largest,
  }
}

/** Throws `not_found`. */
async function requireVersion(store: Store, account: string, name: string, id: string, field: string): Promise<StoredVersion> {
  const version = await store.readVersion(account, name, id)
  if (version === undefined) throw new SkerryError('not_found', `${name} has no version ${id}.`, { field })
  return version
}
