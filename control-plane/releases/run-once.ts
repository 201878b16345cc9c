import { errorRegistry, isErrorCode } from '../../errors/index.ts'
import type { DeploymentEvent } from '../protocol/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import type { RolloutProgress } from './plan.ts'

/** A deployment that may be asked for again, here or at another control plane, and is carried out once. */
export interface RunOnce {
  /** How far a control plane got that did not come to the end. */
  readonly progress: RolloutProgress | undefined
  /** What notes the progress, for the commit that makes it. */
  note(progress: RolloutProgress): Promise<StoreWrite>
  /** Keeps the events that a repetition is answered with. */
  finish(events: readonly DeploymentEvent[]): Promise<void>
  /** Keeps nothing: a repetition is carried out anew. */
  abandon(): Promise<void>
}

/** Ends a run with its last event. What the control plane or its nodes could not do may be tried again; everything else stays as it was answered. */
export async function endOnce(once: RunOnce, stored: DeploymentEvent | undefined, last: DeploymentEvent): Promise<void> {
  const isTransient = last.type === 'refused' && (!isErrorCode(last.code) || errorRegistry[last.code].status >= 500)
  await (isTransient ? once.abandon() : once.finish([...(stored === undefined ? [] : [stored]), last]))
}

/** What is told of a deployment that was activated by a control plane that did not come to tell it: which nodes answered is not known any more. */
export async function resumedEvents(store: Store, account: string, { deployed, revision }: { readonly deployed: RolloutProgress['deployed']; readonly revision: number }): Promise<readonly DeploymentEvent[]> {
  const states = await Promise.all(deployed.map((one) => store.readFunction(account, one.function)))
  const activated = deployed.every(({ version }, index) => states[index]?.state.shares.some((share) => share.version === version) === true)
  return [
    { type: 'stored', functions: deployed, revision },
    { type: 'done', functions: deployed, revision, propagationMs: 0, nodes: [], missing: [], activated },
  ]
}
