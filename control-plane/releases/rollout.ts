import { isErrorCode, SkerryError } from '../../errors/index.ts'
import { auditWrite, systemActor } from '../audit/index.ts'
import { canonicalJson, type DeploymentEvent, type FunctionState, mayRunIn, regionsWithin } from '../protocol/index.ts'
import { checkVersions, composeReservations } from '../quotas/index.ts'
import { readResidency } from '../residency/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import { requireArtifacts } from './artifacts.ts'
import { toVersionRecord } from './function-state.ts'
import { removeRollout } from './gradual-record.ts'
import { type PhaseDependencies, type PhaseResult, runPhase } from './phase.ts'
import { activeVersions, type ActivationWrites, checkPlan, composeActivation, type Deployed, isLoadFailure, mayRun, requireResidence, type RolloutPlan } from './plan.ts'
import { forgetRelease } from './release-history.ts'
import type { StackMapper } from './stack-mapper.ts'

const prepareOverallMs = 15_000
const waitMs = 5_000

export interface RolloutOptions extends PhaseDependencies {
  readonly store: Store
  readonly stackMapper: StackMapper
  readonly domain: string
  readonly functionUrl: (account: string, name: string) => string
  /** Aborts when the control plane closes. */
  readonly signal: AbortSignal
}

/** Those that the account is held to; undefined for any. */
type ResidentRegions = readonly string[] | undefined
type Emit = (event: DeploymentEvent) => void
type Refusal = Omit<Extract<DeploymentEvent, { type: 'refused' }>, 'type' | 'functions'>

const closing: Refusal = {
  code: 'internal_error',
  detail: 'The control plane shut down meanwhile; the version is stored but inactive. Deploy again when it is back.',
}

/** Carries a plan out: store, prepare on the nodes, activate; or refuse, and leave everything as it was. */
export class Rollout {
  readonly #options: RolloutOptions

  constructor(options: RolloutOptions) {
    this.#options = options
  }

  /** Emits `stored` first and `done` or `refused` last. What it throws before `stored` has changed nothing. */
  async run(createPlan: () => Promise<RolloutPlan>, emit: Emit): Promise<void> {
    const plan = await createPlan()
    const deployed = plan.functions.map(({ name, reported }) => ({
      function: name, version: reported.version, url: this.#options.functionUrl(plan.account, name),
    }))
    const residency = await readResidency(this.#options.store, plan.account)
    const prepared = await this.#prepare(plan, deployed, residency, emit)
    const refusal = this.#findMissingRegion(plan, residency) ?? (prepared === undefined ? undefined : await this.#judge(plan, prepared, residency))
    if (refusal !== undefined) {
      emit({ type: 'refused', ...refusal, functions: deployed })
      return
    }
    const { activation, result } = await this.#activate(plan, deployed, residency, emit)
    if (!hasSuccess(plan, result, residency)) {
      await this.#revert(plan, deployed, activation).catch((cause: unknown) => {
        throw new SkerryError('outcome_unknown', 'No node carried the change out in time, and it could not be taken back: nodes that come to it carry it out yet.', { cause })
      })
      emit({ type: 'refused', ...this.#noSuccess(result), functions: deployed })
      return
    }
    emit({
      type: 'done',
      functions: deployed,
      revision: result.revision.sequence,
      propagationMs: result.acknowledged.reduce((longest, { ackMs }) => Math.max(longest, ackMs), 0),
      nodes: [...result.acknowledged],
      missing: [...result.missing],
      activated: activation.states.every((state, index) =>
        plan.functions[index]?.isWithdrawn === true || state.shares.some((share) => share.version === deployed[index]?.version)),
      ...(activation.rollout === undefined ? {} : { rollout: activation.rollout.id }),
    })
  }

  /** Stores the new versions and has the nodes load what they have not loaded yet. Undefined where there is nothing to load. */
  async #prepare(plan: RolloutPlan, deployed: Deployed, residency: ResidentRegions, emit: Emit): Promise<PhaseResult | undefined> {
    const { store, clock, domain } = this.#options
    const versions = plan.functions.flatMap((one) => one.prepare)
    const revision = await store.commit(async () => {
      await checkPlan(store, plan, domain)
      await requireResidence(store, plan)
      await requireArtifacts(store, plan)
      await checkVersions(store, plan.account, plan.functions.flatMap(({ newVersion }) => newVersion ?? []))
      const timeMs = clock.nowMs()
      const noted = await plan.note({ deployed })
      if (versions.length === 0) return { writes: noted, timeMs }
      const created = plan.functions.flatMap(({ newVersion }) => {
        if (newVersion === undefined) return []
        const { version, function: name, message } = newVersion
        return [{ kind: 'putVersion' as const, version: newVersion }, auditWrite(plan.actor, 'version.create', name, { version, message }, timeMs)]
      })
      return {
        writes: [...noted, ...created],
        change: { kind: 'prepare', deployment: plan.deployment, versions: versions.map(toVersionRecord) },
        timeMs,
      }
    })
    emit({ type: 'stored', functions: deployed, revision: revision?.sequence ?? (await store.readSequence()) })
    if (revision === undefined) return undefined
    return runPhase(this.#options, {
      phase: 'prepare', revision, emit,
      isAwaited: (node) => versions.some((version) => mayRun(version.config, node, residency)),
      overallMs: prepareOverallMs,
      idleMs: waitMs,
      isFatal: isLoadFailure,
      signal: this.#options.signal,
    })
  }

  async #activate(
    plan: RolloutPlan, deployed: Deployed, residency: ResidentRegions, emit: Emit,
  ): Promise<{ readonly activation: ActivationWrites; readonly result: PhaseResult }> {
    const { store, clock, domain } = this.#options
    let activation: ActivationWrites = { states: [], previous: [], writes: [], previousStatuses: [], rollout: undefined }
    const revision = await store.commit(async () => {
      const timeMs = clock.nowMs()
      activation = await composeActivation(store, plan, domain, timeMs)
      const noted = await plan.note({ deployed, activatedRevision: (await store.readSequence()) + 1 })
      return { writes: [...noted, ...activation.writes], change: { kind: 'activate', deployment: plan.deployment, functions: [...activation.states] }, timeMs }
    })
    if (revision === undefined) throw new Error('a commit with a change made no revision')
    const result = await runPhase(this.#options, {
      phase: 'activate', revision, emit,
      isAwaited: (node) =>
        [...activation.states.flatMap(activeVersions), ...plan.functions.map((one) => one.reported)].some(({ config }) => mayRun(config, node, residency)),
      // A door that has yet to hear of a new function would answer that there is none.
      isInformed: (node) => !node.draining,
      overallMs: waitMs,
      idleMs: waitMs,
      isFatal: () => false,
      signal: this.#options.signal,
    })
    return { activation, result }
  }

  /** Each function needs a connected node that may run it. */
  #findMissingRegion(plan: RolloutPlan, residency: ResidentRegions): Refusal | undefined {
    const nodes = this.#options.nodes.connected().filter((node) => !node.draining)
    const homeless = plan.functions.find(({ reported }) => !nodes.some((node) => mayRun(reported.config, node, residency)))
    if (homeless === undefined) return undefined
    const where = nodes.length === 0 ? '' : ` in the regions of ${homeless.name} (${regionsWithin(homeless.reported.config.regions, residency).join(', ')})`
    return { code: 'no_nodes', detail: `No edge node${where} is connected, so the version is stored but inactive.`, function: homeless.name }
  }

  /** Whether the nodes' answers to `prepare` allow to go on. Notes in the store which version does not load. */
  async #judge(plan: RolloutPlan, result: PhaseResult, residency: ResidentRegions): Promise<Refusal | undefined> {
    const { store, clock, stackMapper, signal } = this.#options
    const failure = result.failures.find(({ outcome }) => isLoadFailure(outcome))
    if (failure === undefined) {
      if (signal.aborted) return closing
      return hasSuccess(plan, result, residency) ? undefined : this.#noSuccess(result)
    }
    const { node, outcome } = failure
    const failed = plan.functions.flatMap((one) => one.prepare).find((version) => version.function === outcome.function)
    if (failed !== undefined && failed.status !== 'active') {
      const write = { kind: 'setVersionStatus' as const, version: failed.version, status: 'refused' as const, isLoaded: false }
      const timeMs = clock.nowMs()
      const detail = { version: failed.version, node, code: outcome.code }
      await store.commit({ writes: [write, auditWrite(systemActor(plan.account), 'version.refuse', failed.function, detail, timeMs)], timeMs })
    }
    const mapped = await stackMapper.map(failed?.sourceMapHash, outcome.stack ?? '')
    return {
      code: 'load_failed',
      detail: mapped.location === undefined ? outcome.detail : `${outcome.detail} (${mapped.location})`,
      function: outcome.function,
      node,
      ...(outcome.stack === undefined ? {} : { stack: mapped.stack }),
    }
  }

  #noSuccess(result: PhaseResult): Refusal {
    if (this.#options.signal.aborted) return closing
    const failure = result.failures[0]
    if (failure === undefined) {
      const nodes = result.missing.length === 0 ? 'no connected node' : `not enough of the connected nodes (missing: ${result.missing.join(', ')})`
      return { code: 'no_nodes', detail: `The version is stored but inactive: ${nodes} acknowledged it in time.` }
    }
    const { outcome, node } = failure
    return { code: isErrorCode(outcome.code) ? outcome.code : 'internal_error', detail: outcome.detail, function: outcome.function, node }
  }

  /** Takes an activation back that no node carried out; a function that somebody has changed since stays as it is. */
  async #revert(plan: RolloutPlan, deployed: Deployed, activation: ActivationWrites): Promise<void> {
    const { clock, store } = this.#options
    await store.commit(async () => {
      const functions: FunctionState[] = []
      const statuses: StoreWrite[] = []
      for (const [index, previous] of activation.previous.entries()) {
        const { account, function: name } = previous
        const current = (await store.readFunction(account, name))?.state
        const activated = activation.states[index]
        const isOurs = canonicalJson([current?.shares, current?.routes]) === canonicalJson([activated?.shares, activated?.routes])
        if (current === undefined || !isOurs) continue
        functions.push({ ...previous, secrets: { ...(await store.readSecrets(account, name)) } })
        statuses.push(...(activation.previousStatuses[index] ?? []))
      }
      const timeMs = clock.nowMs()
      if (functions.length === 0) return { writes: [], timeMs }
      const forgotten = await Promise.all(functions.map((state) => forgetRelease(store, plan.account, state.function, plan.deployment)))
      return {
        writes: [
          ...(await plan.note({ deployed })),
          ...forgotten.flat(),
          ...(activation.rollout === undefined ? [] : removeRollout(plan.account, activation.rollout.id, functions.map((state) => state.function))),
          ...functions.flatMap((state) => [
            { kind: 'putFunction' as const, state },
            auditWrite(systemActor(plan.account), 'function.revert', state.function, { shares: state.shares }, timeMs),
          ]),
          ...statuses,
          ...(await composeReservations(store, plan.account, functions, false)),
        ],
        change: { kind: 'activate', deployment: plan.deployment, functions },
        timeMs,
      }
    })
  }
}

/** Each function needs one node of its regions that did it. */
function hasSuccess(plan: RolloutPlan, result: PhaseResult, residency: ResidentRegions): boolean {
  return plan.functions.every(({ reported }) => result.acknowledged.some(({ region }) => mayRunIn(reported.config.regions, residency, region)))
}
