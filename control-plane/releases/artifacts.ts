import { SkerryError } from '../../errors/index.ts'
import type { Store } from '../store/index.ts'
import type { RolloutPlan } from './plan.ts'

/** The size of an artifact. Throws `invalid_request` where the account has not uploaded it, or it is no longer kept. */
export async function requireArtifact(store: Store, account: string, hash: string, field: string): Promise<number> {
  const bytes = await store.artifactBytes(account, hash)
  if (bytes === undefined) throw new SkerryError('invalid_request', `The artifact ${hash} was not uploaded: PUT /v1/artifacts/${hash} first.`, { field })
  return bytes
}

/** For the commit that stores a plan's new versions, from which on nobody collects what they name: it may have been collected meanwhile. */
export async function requireArtifacts(store: Store, { account, functions }: RolloutPlan): Promise<void> {
  for (const [index, { newVersion }] of functions.entries()) {
    if (newVersion === undefined) continue
    const { artifactHash, sourceMapHash } = newVersion
    await requireArtifact(store, account, artifactHash, `functions.${index}.artifactHash`)
    if (sourceMapHash !== undefined) await requireArtifact(store, account, sourceMapHash, `functions.${index}.sourceMapHash`)
  }
}
