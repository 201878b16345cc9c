import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { type Account, accountSchema, memberSchema, nameSchema, type Role, type Scope, tokenSchema } from '../protocol/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'

/** Who there is, as the store keeps it: accounts, their members, and their tokens. */

/** By name. */
export const accounts = new Collection('account', accountSchema)

/** By `account/member`. The invitation's hash is there until it is accepted. */
export const members = new Collection('member', memberSchema.extend({ invitationHash: z.string().optional() }))
export type StoredMember = Member & { readonly invitationHash?: string | undefined }
type Member = z.infer<typeof memberSchema>

/** By the hash of the invitation. */
export const invitations = new Collection('invitation', z.strictObject({ account: nameSchema, member: z.string(), expiresMs: z.number() }))

const storedTokenSchema = tokenSchema.omit({ lastUsedMs: true }).extend({
  /** Kept for some time, so that who goes on using it is told why it does not work. */
  revokedMs: z.number().optional(),
})
export type StoredToken = z.infer<typeof storedTokenSchema>

/** Tokens by their hash, which is all that is kept of them. */
export const tokens = new Collection('token', storedTokenSchema)
/** The hash by `account/id`; of tokens only that are not revoked. */
export const tokenIds = new Collection('token-id', z.string())
/** When a token was last used, to the hour, by `account/id`. */
export const tokenUses = new Collection('token-use', z.number())

/** The account that there always is, and whose functions answer at `NAME.DOMAIN`. */
export const defaultAccount = 'default'

/** What a scope includes besides itself. */
const includedScopes: Readonly<Record<Scope, readonly Scope[]>> = {
  admin: ['admin', 'deploy', 'read'],
  deploy: ['deploy', 'read'],
  read: ['read'],
  node: ['node'],
  operator: ['operator'],
}

/** The scopes with all that they include. */
export function expandScopes(scopes: readonly Scope[]): readonly Scope[] {
  return [...new Set(scopes.flatMap((scope) => includedScopes[scope]))]
}

export function hasScope(caller: { readonly scopes: readonly Scope[] }, scope: Scope): boolean {
  return expandScopes(caller.scopes).includes(scope)
}

export const scopesOfRole: Readonly<Record<Role, readonly Scope[]>> = { owner: ['admin'], developer: ['deploy'], viewer: ['read'] }

export function createTokenWrites(hash: string, token: StoredToken): readonly StoreWrite[] {
  return [tokens.put(hash, token), tokenIds.put(`${token.account}/${token.id}`, hash)]
}

/** So many that all of an account's can be read at once, as where a member is removed. */
export const tokensPerAccountMax = 1_000

/** For the commit that makes a token. Throws `conflict` where the account has as many as it may. */
export async function requireRoomForToken(store: Store, account: string): Promise<void> {
  const there = await tokenIds.list(store, { prefix: `${account}/`, limit: tokensPerAccountMax })
  if (there.length < tokensPerAccountMax) return
  throw new SkerryError('conflict', `The account has ${tokensPerAccountMax} tokens already; revoke some first.`, { limit: tokensPerAccountMax })
}

/** What forgets a token altogether. */
export async function forgetTokenWrites(store: Store, hash: string): Promise<readonly StoreWrite[]> {
  const token = await tokens.read(store, hash)
  if (token === undefined) return []
  const key = `${token.account}/${token.id}`
  return [tokens.remove(hash), tokenIds.remove(key), tokenUses.remove(key)]
}

/** What revokes a token; its record stays to tell of it. */
export function revokeTokenWrites(hash: string, token: StoredToken, nowMs: number): readonly StoreWrite[] {
  const key = `${token.account}/${token.id}`
  return [tokens.put(hash, { ...token, revokedMs: nowMs }), tokenIds.remove(key), tokenUses.remove(key)]
}

/**
 * For what writes into an account: inside its commit, so that nothing gets into one that is deleted meanwhile.
 * Throws `not_found` where the account is not there, or not for long, and `account_suspended`.
 */
export async function requireAccount(store: Store, name: string): Promise<void> {
  const account = await accounts.read(store, name)
  if (account === undefined || account.state === 'deleting') throw new SkerryError('not_found', `There is no account ${name}.`, { field: 'account' })
  if (account.state === 'suspended') throw suspended(account)
}

export function suspended({ account, reason }: Account): SkerryError {
  const why = reason === undefined ? '' : `: ${reason.replace(/\.$/, '')}`
  return new SkerryError('account_suspended', `The account ${account} is suspended${why}. Until an operator resumes it, nothing of it can be changed.`)
}
