import { errorRegistry, isErrorCode, SkerryError } from '../../errors/index.ts'
import { type Actor, auditWrite } from '../audit/index.ts'
import { requireAccount } from '../auth/index.ts'
import type { ConnectedNode } from '../feed/index.ts'
import {
  type DeploymentEvent, type FunctionState, mayRunIn, regionsWithin, type ReleaseInfo, type Rollout as GradualRollout, type RolloutSettings, type VersionConfig,
} from '../protocol/index.ts'
import { composeReservations } from '../quotas/index.ts'
import type { Store, StoredVersion, StoreWrite } from '../store/index.ts'
import { composeState, type Share } from './function-state.ts'
import { startRollout, supersedeRollouts } from './gradual-record.ts'
import type { FailedOutcome } from './phase.ts'
import { isSameShares, noteRelease, requireLastChange } from './release-history.ts'
import { requireHosts } from '../domains/index.ts'
import { readResidency } from '../residency/index.ts'
import { checkRoutes, readOthers, type RouteClaim } from './routes.ts'

export interface FunctionPlan {
  readonly name: string
  /** To be stored with the plan. */
  readonly newVersion: StoredVersion | undefined
  /** To be loaded by the nodes before anything changes. */
  readonly prepare: readonly StoredVersion[]
  readonly shares: (current: readonly Share[]) => readonly Share[]
  /** `current` is undefined for a function that was never active. */
  readonly routes: (current: readonly string[] | undefined) => readonly string[]
  /** The version that events name. */
  readonly reported: StoredVersion
  /** The change of its shares that the plan was made on: where another came since, it is refused. */
  readonly lastChange?: { readonly id: string | undefined }
  /** It is to answer no more. */
  readonly isWithdrawn?: boolean
}

export type Deployed = Extract<DeploymentEvent, { type: 'stored' }>['functions']

export interface RolloutProgress {
  readonly deployed: Deployed
  /** Missing while it is not active. */
  readonly activatedRevision?: number | undefined
}

export interface RolloutPlan {
  readonly account: string
  /** Who wants it, and what it is called in the audit log. */
  readonly actor: Actor
  readonly action: 'function.deploy' | 'function.release' | 'function.rollback'
  readonly kind: ReleaseInfo['kind']
  readonly message: string
  readonly deployment: string
  readonly functions: readonly FunctionPlan[]
  /** False where versions are stored and prepared only. */
  readonly activates: boolean
  /** The versions get the first of these shares now, and the others by and by. */
  readonly gradual?: RolloutSettings | undefined
  /** What the commits of the roll-out write besides: how far it got. */
  readonly note: (progress: RolloutProgress) => Promise<readonly StoreWrite[]>
}

/** What activating a plan writes, and what takes it back. */
export interface ActivationWrites {
  readonly states: readonly FunctionState[]
  readonly previous: readonly FunctionState[]
  readonly writes: readonly StoreWrite[]
  /** Of the versions of each function. */
  readonly previousStatuses: ReadonlyArray<readonly StoreWrite[]>
  /** Where one begins with it. */
  readonly rollout: GradualRollout | undefined
}

/** Throws `route_conflict` or `invalid_request` where the plan does not fit what is there now. */
export async function checkPlan(store: Store, plan: RolloutPlan, domain: string): Promise<void> {
  await requireAccount(store, plan.account)
  const claims: RouteClaim[] = []
  for (const one of plan.functions) {
    const current = await readState(store, plan, one)
    one.shares(current?.shares ?? [])
    claims.push({ account: plan.account, name: one.name, routes: one.routes(activeRoutes(current)), had: current?.routes ?? [] })
  }
  await requireHosts(store, plan.account, claims, domain)
  checkRoutes(claims, await readOthers(store, claims, domain), domain)
}

/** The states that the plan leads to from what is there now. Throws as `checkPlan`, and `quota_exceeded`. @param timeMs that of the commit */
export async function composeActivation(store: Store, plan: RolloutPlan, domain: string, timeMs: number): Promise<ActivationWrites> {
  await checkPlan(store, plan, domain)
  const states: FunctionState[] = []
  const previous: FunctionState[] = []
  const writes: StoreWrite[] = []
  const previousStatuses: StoreWrite[][] = []
  for (const one of plan.functions) {
    if (one.lastChange !== undefined) await requireLastChange(store, plan.account, one.name, one.lastChange.id)
    const current = await readState(store, plan, one)
    const before = current ?? { account: plan.account, function: one.name, routes: [], shares: [], versions: [], secrets: {} }
    const shares = one.shares(before.shares)
    const state = await composeState(store, {
      account: plan.account, name: one.name, routes: one.routes(activeRoutes(current)), shares, loaded: one.prepare,
    })
    const statuses: StoreWrite[] = []
    const has = (versions: ReadonlyArray<{ readonly version: string }>, id: string): boolean => versions.some(({ version }) => version === id)
    for (const id of new Set([...before.shares, ...shares, ...one.prepare].map(({ version }) => version))) {
      const version = await store.readVersion(plan.account, one.name, id)
      if (version === undefined) continue
      const idle = has(before.shares, id) ? 'retired' : version.status === 'refused' ? 'stored' : version.status
      const isLoaded = version.isLoaded || has(one.prepare, id)
      writes.push({ kind: 'setVersionStatus', version: id, status: has(shares, id) ? 'active' : idle, isLoaded })
      statuses.push({ kind: 'setVersionStatus', version: id, status: version.status, isLoaded: version.isLoaded })
    }
    states.push(state)
    previous.push(before)
    previousStatuses.push(statuses)
    const detail = { version: one.reported.version, shares: [...shares], routes: state.routes, message: plan.message }
    writes.push({ kind: 'putFunction', state }, auditWrite(plan.actor, plan.action, one.name, detail, timeMs))
  }
  writes.push(...(await composeReservations(store, plan.account, states)))
  const rollout = beginRollout(plan, previous, states, timeMs)
  writes.push(...(await composeHistory(store, plan, previous, states, rollout, timeMs)))
  if (rollout !== undefined) writes.push(...(await startRollout(store, plan.account, rollout, plan.actor)))
  return { states, previous, writes, previousStatuses, rollout }
}

/** Notes how the shares change, and ends the roll-outs that this comes in between. */
async function composeHistory(
  store: Store, plan: RolloutPlan, previous: readonly FunctionState[], states: readonly FunctionState[], rollout: GradualRollout | undefined, timeMs: number,
): Promise<readonly StoreWrite[]> {
  if (!plan.activates) return []
  const { account, deployment: change, kind, actor, message } = plan
  const begun = new Set(rollout?.functions.map(({ name }) => name))
  // What is in a roll-out has it as its last change from the beginning, also where the first step leaves the shares as they were.
  const changed = states.filter((state, index) => begun.has(state.function) || !isSameShares(state.shares, previous[index]?.shares ?? []))
  const functions = changed.map((state) => state.function)
  const detail = `${kind} ${change} of ${plan.functions.map(({ name }) => name).join(', ')} by ${actor.name}`
  const writes = [...(await supersedeRollouts(store, account, plan.functions.map(({ name }) => name), { actor, detail, timeMs, except: change }))]
  for (const { function: name, shares } of changed) {
    writes.push(...(await noteRelease(store, account, name, { change, timeMs, kind, shares: [...shares], functions, actor: actor.name, message })))
  }
  return writes
}

/** The roll-out that begins with a plan: of those functions that have an old version to compare the new one with. */
function beginRollout(plan: RolloutPlan, previous: readonly FunctionState[], states: readonly FunctionState[], timeMs: number): GradualRollout | undefined {
  const { gradual, deployment: id, message } = plan
  const functions = plan.functions.flatMap(({ name, reported: { version } }, index) => {
    const before = previous[index]?.shares ?? []
    const isSplit = states[index]?.shares.some((share) => share.version !== version) === true
    return isSplit ? [{ name, version, previous: [...before] }] : []
  })
  const percent = gradual?.steps[0]
  if (gradual === undefined || percent === undefined || functions.length === 0) return undefined
  return { id, ...gradual, functions, state: 'running', step: 0, percent, message, startedMs: timeMs, stepStartedMs: timeMs, history: [] }
}

/** Whether a node is expected to take a version with this configuration. @param residency the regions that the account is held to */
export function mayRun(config: VersionConfig, node: ConnectedNode, residency: readonly string[] | undefined): boolean {
  return !node.draining && mayRunIn(config.regions, residency, node.region)
}

/** Throws `invalid_request` for a version that may run nowhere: its own regions are all outside those that the account is held to. */
export async function requireResidence(store: Store, plan: RolloutPlan): Promise<void> {
  const residency = await readResidency(store, plan.account)
  if (residency === undefined) return
  for (const { name, prepare, reported, isWithdrawn } of plan.functions) {
    if (isWithdrawn === true) continue
    const homeless = [...prepare, reported].find(({ config }) => regionsWithin(config.regions, residency).length === 0)
    if (homeless === undefined) continue
    const detail = `${name} asks for ${homeless.config.regions.join(', ')} (\`regions\`), and the account ${plan.account} is held to ${residency.join(', ')}: it could run nowhere.`
    throw new SkerryError('invalid_request', detail, { field: 'regions' })
  }
}

/** The versions that a function's traffic goes to. */
export function activeVersions(state: FunctionState): FunctionState['versions'] {
  return state.versions.filter(({ version }) => state.shares.some((share) => share.version === version))
}

/** A fault of the version itself, not of the node or the way to it. */
export function isLoadFailure(outcome: FailedOutcome): boolean {
  return !isErrorCode(outcome.code) || errorRegistry[outcome.code].audience === 'function'
}

async function readState(store: Store, plan: RolloutPlan, one: FunctionPlan): Promise<FunctionState | undefined> {
  return (await store.readFunction(plan.account, one.name))?.state
}

function activeRoutes(state: FunctionState | undefined): readonly string[] | undefined {
  return state === undefined || state.shares.length === 0 ? undefined : state.routes
}
