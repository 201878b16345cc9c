import { z } from 'zod'
import { Collection, type Store } from '../store/index.ts'

const heldDomainSchema = z.strictObject({
  account: z.string(),
  token: z.string(),
  verifiedMs: z.number(),
  /** When the proof was last looked for with an answer. */
  checkedMs: z.number(),
  /** Since when it has not been there. */
  missingSinceMs: z.number().optional(),
})
export type HeldDomain = z.infer<typeof heldDomainSchema>

/** Domains that an account has shown to be its own, by the domain: one has one holder. Read by `readHeld` alone. */
export const heldDomains = new Collection('held-domain', heldDomainSchema)

/** What accounts want to hold, by `account/domain`: each has a token of its own to put into the domain's DNS. */
export const domainClaims = new Collection('domain', z.strictObject({ token: z.string(), createdMs: z.number() }))

/** Who holds a domain; nobody where the holder has no claim on it any more, as when his account was deleted. */
export async function readHeld(store: Store, domain: string): Promise<HeldDomain | undefined> {
  const held = await heldDomains.read(store, domain)
  if (held === undefined) return undefined
  return (await domainClaims.read(store, `${held.account}/${domain}`))?.token === held.token ? held : undefined
}

const policySchema = z.strictObject({ verify: z.boolean() })
/** Whether routes need a proven domain; in the store, so that all replicas go by it. */
const domainPolicy = new Collection('domain-policy', policySchema)

export async function requiresProof(store: Store): Promise<boolean> {
  return (await domainPolicy.read(store, 'policy'))?.verify ?? false
}

export async function setProofRequired(store: Store, verify: boolean, timeMs: number): Promise<void> {
  if ((await requiresProof(store)) !== verify) await store.commit({ writes: [domainPolicy.put('policy', { verify })], timeMs })
}
