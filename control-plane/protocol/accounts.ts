import { z } from 'zod'
import { versionIdSchema } from './feed.ts'
import { nextCursorSchema, pageQuery } from './pages.ts'
import { nameSchema } from './project.ts'
import { auditEntrySchema } from './audit.ts'

/** Accounts, members, tokens and the audit log; the model stands in docs/accounts.md. */

/**
 * What a token may do. `admin` includes `deploy`, which includes `read`; `node` and `operator` stand apart: a node gets what every account's
 * functions need, an operator works across accounts.
 */
export const scopeSchema = z.enum(['admin', 'deploy', 'read', 'node', 'operator'])
export type Scope = z.infer<typeof scopeSchema>

/** A header with which an operator names the account that a call is for. */
export const accountHeader = 'x-skerry-account'

export const accountStateSchema = z.enum(['active', 'suspended', 'deleting'])

export const accountSchema = z.strictObject({
  account: nameSchema,
  createdMs: z.number(),
  /** `deleting` while its functions are taken from the nodes; the name is free again afterwards. */
  state: accountStateSchema,
  /** Why it is suspended. */
  reason: z.string().optional(),
})
export type Account = z.infer<typeof accountSchema>
export const accountListSchema = z.strictObject({ accounts: z.array(accountSchema), nextCursor: nextCursorSchema })
export const accountRequestSchema = z.strictObject({ account: nameSchema })
export const accountChangeSchema = z.strictObject({ state: z.enum(['active', 'suspended']), reason: z.string().max(300).optional() })
export type AccountChange = z.infer<typeof accountChangeSchema>
export const accountRemovalQuery = z.object({ force: z.enum(['true', 'false']).default('false') })

export const roleSchema = z.enum(['owner', 'developer', 'viewer'])
export type Role = z.infer<typeof roleSchema>
/** A name within the account, such as an address of e-mail; upper case is taken as lower case. */
export const memberNameSchema = z.string().toLowerCase().max(100).regex(/^[a-z0-9](?:[a-z0-9._+@-]*[a-z0-9])?$/, 'letters, digits and . _ + @ - between them')

export const memberSchema = z.strictObject({
  member: memberNameSchema,
  role: roleSchema,
  createdMs: z.number(),
  /** While an invitation waits to be accepted: until when it can be. */
  invitedUntilMs: z.number().optional(),
})
export type Member = z.infer<typeof memberSchema>
export const memberListSchema = z.strictObject({ members: z.array(memberSchema), nextCursor: nextCursorSchema })
export const memberRequestSchema = z.strictObject({ role: roleSchema })
/** `invitation` is shown this once. */
export const invitedMemberSchema = memberSchema.extend({ invitation: z.string(), invitedUntilMs: z.number() })
export type InvitedMember = z.infer<typeof invitedMemberSchema>

const tokenNameSchema = z.string().min(1).max(100).regex(/^[^\p{Cc}\p{Cf}]+$/u, 'no control characters')
const lifetimeSecondsMax = 10 * 365 * 24 * 60 * 60

export const tokenRequestSchema = z.strictObject({
  name: tokenNameSchema,
  scopes: z.array(scopeSchema).min(1).max(5),
  /** As long as the token that it is created with, unless set. */
  expiresInSeconds: z.int().min(1).max(lifetimeSecondsMax).optional(),
  /** The token is for these functions only. */
  functions: z.array(nameSchema).min(1).max(100).optional(),
})
export type TokenRequest = z.infer<typeof tokenRequestSchema>
/** The scopes are those of the member's role. */
export const acceptanceSchema = tokenRequestSchema.pick({ name: true, expiresInSeconds: true })
export type Acceptance = z.infer<typeof acceptanceSchema>

export const tokenSchema = z.strictObject({
  id: versionIdSchema,
  name: z.string(),
  /** What the token begins with, by which one that was found somewhere is told from the others. */
  prefix: z.string().optional(),
  account: nameSchema,
  member: memberNameSchema.optional(),
  scopes: z.array(scopeSchema),
  functions: z.array(nameSchema).optional(),
  createdMs: z.number(),
  /** Id of the token that it was created with. */
  createdBy: z.string().optional(),
  expiresMs: z.number().optional(),
  /** To the hour. */
  lastUsedMs: z.number().optional(),
})
export type Token = z.infer<typeof tokenSchema>
/** `created`: with those that were made with it. */
export const revocationQuery = z.object({ created: z.enum(['true', 'false']).default('false') })
export const revokedSchema = z.strictObject({ revoked: z.array(z.string()) })
export const tokenListSchema = z.strictObject({ tokens: z.array(tokenSchema), nextCursor: nextCursorSchema })
/** `token` is shown this once. */
export const createdTokenSchema = tokenSchema.extend({ token: z.string() })
export type CreatedToken = z.infer<typeof createdTokenSchema>

export const auditQuery = pageQuery().extend({
  /** Such as `function.deploy`, or `function.` for all that begins so. */
  action: z.string().min(1).max(64).optional(),
  subject: z.string().min(1).max(300).optional(),
  /** Name or id of a token, or a member. */
  actor: z.string().min(1).max(100).optional(),
  /** `operator`: what concerns the whole installation; for operators. */
  log: z.enum(['account', 'operator']).default('account'),
})
export type AuditQuery = z.infer<typeof auditQuery>
export const auditListSchema = z.strictObject({ entries: z.array(auditEntrySchema), nextCursor: nextCursorSchema })
