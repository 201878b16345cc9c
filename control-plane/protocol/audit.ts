import { z } from 'zod'
import { versionIdSchema } from './feed.ts'
import { nameSchema } from './project.ts'

/** Who changed something: the token that was used, and whose it is. */
export const auditActorSchema = z.strictObject({
  /** The token's name; `system` where the control plane acts by itself, such as in a gradual roll-out. */
  name: z.string().max(100),
  tokenId: z.string().max(64).optional(),
  /** The member that the token belongs to. */
  member: z.string().max(100).optional(),
  /** Where an operator acts for another account: the account of the token. */
  account: nameSchema.optional(),
})

/** One change, as the audit log keeps it. It holds no value of a secret and no token. */
export const auditEntrySchema = z.strictObject({
  /** ULID; entries in order of time. */
  id: versionIdSchema,
  timeMs: z.number(),
  actor: auditActorSchema,
  /** Such as `function.deploy`. */
  action: z.string().max(64),
  /** What was changed: a function's name, an account's, the id of a token. */
  subject: z.string().max(300),
  detail: z.record(z.string(), z.unknown()),
  /** `x-skerry-id` of the request. */
  requestId: z.string().max(64).optional(),
  /** The client's address. */
  address: z.string().max(64).optional(),
})
export type AuditEntry = z.infer<typeof auditEntrySchema>
