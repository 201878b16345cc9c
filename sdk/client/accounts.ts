import {
  type Acceptance,
  type Account,
  accountListSchema,
  accountSchema,
  type AuditEntry,
  auditListSchema,
  type AuditQuery,
  type CreatedToken,
  createdTokenSchema,
  type InvitedMember,
  invitedMemberSchema,
  type Member,
  memberListSchema,
  memberSchema,
  type Residency,
  type ResidencyChange,
  residencyChangeSchema,
  residencySchema,
  revokedSchema,
  type Role,
  type Token,
  tokenListSchema,
  type TokenRequest,
  tokenSchema,
} from '../../control-plane/protocol/index.ts'
import { readList, readPages } from './pages.ts'
import type { Transport } from './transport.ts'

/** Accounts as a whole (scope operator). */
export interface AccountsClient {
  create(account: string): Promise<Account>
  list(): Promise<readonly Account[]>
  /** One's own with scope read. */
  read(account: string): Promise<Account>
  /** Its functions are refused at the edge until it is resumed, and nothing of it can be changed. */
  suspend(account: string, reason?: string): Promise<Account>
  resume(account: string): Promise<Account>
  /** The regions that it is held to; `['*']` is any. One's own with scope read. */
  residency(account: string): Promise<Residency>
  /** Holds it to regions, at once at all nodes; `['*']` lifts it. */
  setResidency(account: string, regions: readonly string[]): Promise<ResidencyChange>
  /** Rejects with `conflict` where the account has anything and `force` is not set. */
  delete(account: string, options?: { readonly force?: boolean }): Promise<void>
}

/** The people of the account. */
export interface MembersClient {
  list(): Promise<readonly Member[]>
  /** The invitation is shown this once. */
  add(member: string, role: Role): Promise<InvitedMember>
  setRole(member: string, role: Role): Promise<Member>
  /** Revokes all of the member's tokens. */
  remove(member: string): Promise<void>
  /** Makes the first token of who was invited; the client's own token is the invitation. */
  join(acceptance: Acceptance): Promise<CreatedToken>
}

export interface TokensClient {
  /** The token is shown this once. */
  create(request: TokenRequest): Promise<CreatedToken>
  list(): Promise<readonly Token[]>
  /** The one that this client calls with. */
  current(): Promise<Token>
  /** Answers with the ids of what was revoked. @param options `created`: with the tokens that were made with it */
  revoke(id: string, options?: { readonly created?: boolean }): Promise<readonly string[]>
}

export type AuditFilter = Partial<Pick<AuditQuery, 'action' | 'subject' | 'actor' | 'log'>>

export function createAccountsClient(transport: Transport): AccountsClient {
  const change = (account: string, json: unknown): Promise<Account> =>
    transport.json({ method: 'PATCH', path: `/v1/accounts/${encodeURIComponent(account)}`, json }, accountSchema)
  const residencyPath = (account: string): string => `/v1/accounts/${encodeURIComponent(account)}/residency`
  return {
    create: (account) => transport.json({ method: 'POST', path: '/v1/accounts', json: { account } }, accountSchema),
    list: () => readList(transport, '/v1/accounts', accountListSchema, ({ accounts }) => accounts),
    read: (account) => transport.json({ method: 'GET', path: `/v1/accounts/${encodeURIComponent(account)}` }, accountSchema),
    suspend: (account, reason) => change(account, { state: 'suspended', ...(reason === undefined ? {} : { reason }) }),
    resume: (account) => change(account, { state: 'active' }),
    residency: (account) => transport.json({ method: 'GET', path: residencyPath(account) }, residencySchema),
    setResidency: (account, regions) => transport.json({ method: 'PATCH', path: residencyPath(account), json: { regions } }, residencyChangeSchema),
    async delete(account, { force = false } = {}) {
      await transport.text({ method: 'DELETE', path: `/v1/accounts/${encodeURIComponent(account)}?force=${String(force)}` })
    },
  }
}

export function createMembersClient(transport: Transport): MembersClient {
  const pathOf = (member: string): string => `/v1/members/${encodeURIComponent(member)}`
  return {
    list: () => readList(transport, '/v1/members', memberListSchema, ({ members }) => members),
    add: (member, role) => transport.json({ method: 'PUT', path: pathOf(member), json: { role } }, invitedMemberSchema),
    setRole: (member, role) => transport.json({ method: 'PATCH', path: pathOf(member), json: { role } }, memberSchema),
    async remove(member) {
      await transport.text({ method: 'DELETE', path: pathOf(member) })
    },
    join: (json) => transport.json({ method: 'POST', path: '/v1/invitations/acceptance', json }, createdTokenSchema),
  }
}

export function createTokensClient(transport: Transport): TokensClient {
  return {
    create: (json) => transport.json({ method: 'POST', path: '/v1/tokens', json }, createdTokenSchema),
    list: () => readList(transport, '/v1/tokens', tokenListSchema, ({ tokens }) => tokens),
    current: () => transport.json({ method: 'GET', path: '/v1/token' }, tokenSchema),
    revoke: async (id, { created = false } = {}) =>
      (await transport.json({ method: 'DELETE', path: `/v1/tokens/${encodeURIComponent(id)}?created=${String(created)}` }, revokedSchema)).revoked,
  }
}

/** Entries of the audit log, newest first, page by page as they are read. */
export async function* readAuditLog(transport: Transport, filter: AuditFilter): AsyncGenerator<AuditEntry, void> {
  const given = Object.fromEntries(Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
  for await (const { entries } of readPages(transport, '/v1/audit', auditListSchema, given)) yield* entries
}
