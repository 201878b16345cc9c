import { monotonicFactory } from 'ulid'
import { SkerryError } from '../../errors/index.ts'
import type { Actor } from '../audit/index.ts'
import { pooledRandom } from '../pooled-random.ts'
import {
  artifactBytesMax, canonicalJson, type DeploymentEvent, type DeploymentRequest, type GroupReleaseRequest, type ReleaseRequest, type RollbackRequest,
  type RolloutRequest,
} from '../protocol/index.ts'
import type { Store, StoredVersion } from '../store/index.ts'
import { requireArtifact } from './artifacts.ts'
import { EventLog } from './event-log.ts'
import { withShare } from './function-state.ts'
import type { KeyedLocks } from './locks.ts'
import type { FunctionPlan, RolloutPlan } from './plan.ts'
import { planGradual, planShares, requireOnce } from './plan-release.ts'
import { planRollback, rollbackNames } from './plan-rollback.ts'
import type { Rollout } from './rollout.ts'
import { defaultHost } from './routes.ts'
import { endOnce, resumedEvents, type RunOnce } from './run-once.ts'
import { VersionIds } from './version-ids.ts'

const lockTimeoutMs = 60_000

export interface DeploymentsOptions {
  readonly store: Store
  readonly rollout: Rollout
  readonly locks: KeyedLocks
  readonly nowMs: () => number
  /** Called once for each run, for metrics. */
  readonly onFinished: (outcome: string, durationMs: number) => void
}

/**
 * Deployments and releases. Each runs to its end by itself, whether or not anybody reads its events; runs of one function follow
 * each other. The returned log ends with `done` or `refused`; a promise that rejects has stored nothing.
 */
export class Deployments {
  readonly #options: DeploymentsOptions
  readonly #ulid = monotonicFactory(pooledRandom())
  readonly #versionIds = new VersionIds()
  readonly #running = new Set<Promise<void>>()

  constructor(options: DeploymentsOptions) {
    this.#options = options
  }

  /** Stores versions of the functions and activates them as one group. @param once see `RunOnce` */
  deploy(actor: Actor, request: DeploymentRequest, once?: RunOnce): Promise<EventLog<DeploymentEvent>> {
    const names = request.functions.map((one) => one.name)
    return this.#start(actor.account, names, () => this.#planDeployment(actor, request, once), once)
  }

  /** Splits the traffic of a function between versions that exist. */
  release(actor: Actor, name: string, { shares, message }: ReleaseRequest, once?: RunOnce): Promise<EventLog<DeploymentEvent>> {
    const { store } = this.#options
    return this.#change({ actor, kind: 'release', message, names: [name] }, () => planShares(store, actor.account, [{ name, shares }], () => ''), once)
  }

  /** Splits the traffic of several functions, all at once. */
  releaseGroup(actor: Actor, { functions, message }: GroupReleaseRequest, once?: RunOnce): Promise<EventLog<DeploymentEvent>> {
    const { store } = this.#options
    const names = functions.map(({ name }) => name)
    return this.#change({ actor, kind: 'release', message, names }, () => planShares(store, actor.account, functions, (index) => `functions.${index}.`), once)
  }

  /**
   * Gives functions the shares back that they had before their last change, all at once.
   * @param mayChange throws where the caller may not change all of these functions
   */
  async rollback(
    actor: Actor, request: RollbackRequest, mayChange: (names: readonly string[]) => void, once?: RunOnce,
  ): Promise<EventLog<DeploymentEvent>> {
    const { store } = this.#options
    const { message } = request
    mayChange(request.functions)
    const names = await rollbackNames(store, actor.account, request)
    mayChange(names)
    return this.#change({ actor, kind: 'rollback', message, names }, () => planRollback(store, actor.account, names, request), once)
  }

  /** Begins to give versions that exist their share, step by step. */
  rollOut(actor: Actor, { functions, message, ...gradual }: RolloutRequest, once?: RunOnce): Promise<EventLog<DeploymentEvent>> {
    const names = functions.map(({ name }) => name)
    return this.#change({ actor, kind: 'rollout', message, names, gradual }, () => planGradual(this.#options.store, actor.account, functions, gradual), once)
  }

  /** Waits for runs that are under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Changes the shares of versions that exist. */
  #change(
    { names, ...what }: Pick<RolloutPlan, 'actor' | 'kind' | 'message' | 'gradual'> & { readonly names: readonly string[] },
    plan: () => Promise<readonly FunctionPlan[]>,
    once: RunOnce | undefined,
  ): Promise<EventLog<DeploymentEvent>> {
    const { account } = what.actor
    return this.#start(account, names, async () => ({
      ...what, account, action: what.kind === 'rollback' ? 'function.rollback' : 'function.release', deployment: this.#ulid(this.#options.nowMs()),
      functions: await plan(), activates: true, note: noteOf(once),
    }), once)
  }

  /** Resolves once something is stored (or refused after that), so that earlier refusals can be answered with their own status. */
  async #start(account: string, names: readonly string[], plan: () => Promise<RolloutPlan>, once?: RunOnce): Promise<EventLog<DeploymentEvent>> {
    const log = new EventLog<DeploymentEvent>()
    const stored = Promise.withResolvers<void>()
    const startedMs = this.#options.nowMs()
    let isStored = false
    let outcome = 'failed'
    let first: DeploymentEvent | undefined
    let last: DeploymentEvent | undefined
    const emit = (event: DeploymentEvent): void => {
      isStored = true
      if (event.type === 'done') outcome = 'done'
      if (event.type === 'refused') outcome = event.code
      if (event.type === 'stored') first = event
      if (event.type === 'done' || event.type === 'refused') last = event
      else log.push(event)
      stored.resolve()
    }
    const run = async (): Promise<void> => {
      const keys = names.map((name) => `${account}/${name}`)
      const release = await this.#options.locks.acquire(keys, lockTimeoutMs)
      try {
        const { deployed = [], activatedRevision: revision } = once?.progress ?? {}
        if (revision === undefined) await this.#options.rollout.run(plan, emit)
        else for (const event of await resumedEvents(this.#options.store, account, { deployed, revision })) emit(event)
        if (last === undefined) return
        // Kept before it is told: what somebody has heard is what every repetition hears. Where it can not be kept, it is what happened all
        // the same: a repetition goes on from the progress that was noted.
        if (once !== undefined) await endOnce(once, first, last).catch(() => undefined)
        log.push(last)
      } finally {
        release()
      }
    }
    const running = run()
      .catch(async (error: unknown) => {
        const failure = error instanceof SkerryError ? error : new SkerryError('internal_error', undefined, { cause: error })
        outcome = failure.code
        if (isStored) await once?.abandon().catch(() => undefined)
        if (isStored) log.push({ type: 'refused', code: failure.code, detail: failure.message, functions: [] })
        else stored.reject(failure)
      })
      .finally(() => {
        log.end()
        this.#running.delete(running)
        this.#options.onFinished(outcome, this.#options.nowMs() - startedMs)
      })
    this.#running.add(running)
    await stored.promise
    return log
  }

  async #planDeployment(actor: Actor, request: DeploymentRequest, once: RunOnce | undefined): Promise<RolloutPlan> {
    const { account } = actor
    const { activate, rollout: gradual } = request
    if (gradual !== undefined && (!activate || request.percent !== 100)) {
      throw new SkerryError('invalid_request', 'A deployment that is rolled out step by step takes its shares from the steps.', { field: activate ? 'percent' : 'activate' })
    }
    const percent = gradual?.steps[0] ?? request.percent
    const ids = this.#versionIds.next(this.#options.nowMs(), request.functions.length)
    const functions: FunctionPlan[] = []
    for (const [index, one] of request.functions.entries()) {
      const at = `functions.${index}`
      requireOnce(request.functions, index, `${at}.`)
      const artifactBytes = await requireArtifact(this.#options.store, account, one.artifactHash, `${at}.artifactHash`)
      if (artifactBytes > artifactBytesMax) {
        throw new SkerryError('script_too_large', `The script of ${one.name} has ${artifactBytes} bytes; ${artifactBytesMax} are allowed.`, {
          field: `${at}.artifactHash`, limit: artifactBytesMax, used: artifactBytes,
        })
      }
      if (one.sourceMapHash !== undefined) await requireArtifact(this.#options.store, account, one.sourceMapHash, `${at}.sourceMapHash`)

      const same = (await this.#findStored(account, one.name, once)) ?? (await this.#findSame(account, one))
      const nowMs = this.#options.nowMs()
      const version: StoredVersion = same ?? {
        account, function: one.name, version: ids[index] ?? '', artifactHash: one.artifactHash, artifactBytes, config: one.config,
        createdMs: nowMs, message: request.message, sourceMapHash: one.sourceMapHash, status: 'stored', isLoaded: false, routes: one.routes,
      }
      functions.push({
        name: one.name,
        newVersion: same === undefined ? version : undefined,
        prepare: [version],
        shares: (current) => (activate ? withShare(current, version.version, percent) : current),
        routes: (current) => (activate ? one.routes : (current ?? [])),
        reported: version,
      })
    }
    return {
      account, actor, action: 'function.deploy', kind: gradual === undefined ? 'deploy' : 'rollout', message: request.message, functions,
      deployment: this.#ulid(this.#options.nowMs()), activates: activate, gradual, note: noteOf(once),
    }
  }

  /** The version that was stored before the control plane broke off. */
  async #findStored(account: string, name: string, once: RunOnce | undefined): Promise<StoredVersion | undefined> {
    const stored = once?.progress?.deployed.find((one) => one.function === name)
    return stored && this.#options.store.readVersion(account, name, stored.version)
  }

  /** The newest active version, where it has the same content as what is deployed. */
  async #findSame(account: string, one: DeploymentRequest['functions'][number]): Promise<StoredVersion | undefined> {
    const state = (await this.#options.store.readFunction(account, one.name))?.state
    const newest = state?.shares.map((share) => share.version).toSorted().at(-1)
    if (state === undefined || newest === undefined) return undefined
    const version = await this.#options.store.readVersion(account, one.name, newest)
    const isSame =
      version?.artifactHash === one.artifactHash &&
      canonicalJson(version.config) === canonicalJson(one.config) &&
      canonicalJson(state.routes) === canonicalJson(one.routes)
    return isSame ? version : undefined
  }
}

function noteOf(once: RunOnce | undefined): RolloutPlan['note'] {
  return async (progress) => (once === undefined ? [] : [await once.note(progress)])
}

/** Address of a function, on the gateway's port where that is known. */
export function functionUrl(account: string, name: string, domain: string, gatewayUrl: string | undefined): string {
  const url = new URL(gatewayUrl ?? 'http://gateway/')
  url.hostname = defaultHost(account, name, domain)
  url.pathname = '/'
  return url.href
}

