import { SkerryError } from '../../errors/index.ts'
import type { Rollout } from '../protocol/index.ts'
import type { Commit, Store, StoreWrite } from '../store/index.ts'
import { type Share, withShare } from './function-state.ts'
import { noteRollout, type RolloutNote } from './gradual-record.ts'
import { composeActivation, type RolloutPlan } from './plan.ts'
import { forgetRelease } from './release-history.ts'

interface StepDependencies {
  readonly store: Store
  readonly domain: string
}

/** The commit that gives the new versions their next share; with the last one the roll-out is done. */
export async function composeStep(
  { store, domain }: StepDependencies, account: string, rollout: Rollout, note: Omit<RolloutNote, 'event'>,
): Promise<Commit> {
  const step = rollout.step + 1
  const percent = rollout.steps[step] ?? 100
  const plan = await planStep(store, account, rollout, note, (previous, version) => withShare(previous, version, percent))
  const { writes, states } = await composeActivation(store, plan, domain, note.timeMs)
  const next: Rollout = { ...rollout, step, percent, stepStartedMs: note.timeMs }
  const event = step >= rollout.steps.length - 1 ? 'done' : 'advanced'
  return {
    writes: [...writes, ...noteRollout(account, next, { ...note, event })],
    change: { kind: 'activate', deployment: rollout.id, functions: [...states] },
    timeMs: note.timeMs,
  }
}

/** The commit that ends a roll-out and gives its functions the shares back that they had before. */
export async function composeReturn({ store, domain }: StepDependencies, account: string, rollout: Rollout, note: RolloutNote): Promise<Commit> {
  const plan = await planStep(store, account, rollout, note, (previous) => previous)
  const { writes, states } = await composeActivation(store, plan, domain, note.timeMs)
  const forgotten: StoreWrite[] = []
  // For a rollback later on it is as if it had never been.
  for (const { name } of rollout.functions) forgotten.push(...(await forgetRelease(store, account, name, rollout.id)))
  return {
    writes: [...writes, ...forgotten, ...noteRollout(account, { ...rollout, percent: 0 }, note)],
    change: { kind: 'activate', deployment: rollout.id, functions: [...states] },
    timeMs: note.timeMs,
  }
}

async function planStep(
  store: Store, account: string, rollout: Rollout, note: Omit<RolloutNote, 'event'>, shares: (previous: readonly Share[], version: string) => readonly Share[],
): Promise<RolloutPlan> {
  const functions = await Promise.all(rollout.functions.map(async ({ name, version, previous }) => {
    const reported = await store.readVersion(account, name, version)
    if (reported === undefined) throw new SkerryError('internal_error', `The version ${version} of ${name} is in a roll-out and not there.`)
    return {
      name, newVersion: undefined, prepare: [], reported, lastChange: { id: rollout.id }, shares: () => shares(previous, version),
      routes: (current: readonly string[] | undefined) => current ?? reported.routes,
    }
  }))
  return {
    account, actor: note.actor, action: 'function.release', kind: 'rollout', message: note.detail, deployment: rollout.id, functions, activates: true,
    note: async () => [],
  }
}
