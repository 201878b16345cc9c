import { ulid } from 'ulid'
import { SkerryError } from '../../errors/index.ts'
import { auditWrite } from '../audit/index.ts'
import type { Clock } from '../clock.ts'
import { type CreatedToken, type PageQuery, type Scope, type Token, type TokenRequest, toPage } from '../protocol/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'
import type { Caller } from './authenticator.ts'
import {
  createTokenWrites, hasScope, members, requireAccount, requireRoomForToken, revokeTokenWrites, type StoredToken, tokenIds, tokens, tokensPerAccountMax, tokenUses,
} from './records.ts'
import { createToken, hashToken, tokenPrefix } from './tokens.ts'

/** Creates, lists and revokes the tokens of accounts. A token never gives more, or longer, than the one that it is created with. */
export class TokenAdministration {
  readonly #store: Store
  readonly #clock: Clock

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** The one answer that holds the token. Throws `forbidden` where it would be more than the caller has. */
  async create(caller: Caller, request: TokenRequest): Promise<CreatedToken> {
    const nowMs = this.#clock.nowMs()
    const { created, hash, value } = newToken(nowMs, {
      account: caller.account,
      // What a member creates goes with the member; an operator in another account is no member of it.
      ...(caller.token.member === undefined || caller.actor.homeAccount !== undefined ? {} : { member: caller.token.member }),
      createdBy: caller.token.id,
      ...limitsOf(caller, request, nowMs),
    })
    await this.#store.commit(async () => {
      await requireAccount(this.#store, caller.account)
      // Revoked meanwhile, it creates nothing that would outlive it.
      const creator = await tokenIds.read(this.#store, `${caller.token.account}/${caller.token.id}`)
      if (creator === undefined) throw new SkerryError('unauthorized', 'The token was revoked meanwhile.', { field: 'authorization' })
      if (created.member !== undefined && (await members.read(this.#store, `${created.account}/${created.member}`)) === undefined) {
        throw new SkerryError('unauthorized', 'The member was removed meanwhile.', { field: 'authorization' })
      }
      await requireRoomForToken(this.#store, caller.account)
      const { id, name, scopes, functions, expiresMs, member } = created
      const detail = { name, scopes, functions, expiresMs, member }
      return { writes: [...createTokenWrites(hash, created), auditWrite(caller.actor, 'token.create', id, detail, nowMs)], timeMs: nowMs }
    })
    return { ...created, token: value }
  }

  /** In the order in which they were created; of a caller without scope admin, the member's own. Revoked ones are not there any more. */
  async list(caller: Caller, page: PageQuery): Promise<{ readonly tokens: Token[]; readonly nextCursor?: string }> {
    const account = caller.account
    const prefix = `${account}/`
    const found: Array<{ readonly key: string; readonly token: Token }> = []
    const after = page.cursor === undefined ? undefined : `${prefix}${page.cursor}`
    // All of an account at once: there are not many, and what one may see of them is decided by each.
    for (const { key, value: hash } of await tokenIds.list(this.#store, { prefix, after, limit: tokensPerAccountMax })) {
      const stored = await tokens.read(this.#store, hash)
      if (stored === undefined || !maySee(caller, stored)) continue
      const lastUsedMs = await tokenUses.read(this.#store, key)
      const { revokedMs: _revokedMs, ...token } = stored
      found.push({ key, token: { ...token, ...(lastUsedMs === undefined ? {} : { lastUsedMs }) } })
      if (found.length > page.limit) break
    }
    const { items, ...rest } = toPage(found, page, ({ token }) => token.id)
    return { tokens: items.map(({ token }) => token), ...rest }
  }

  /**
   * Throws `not_found` for tokens that the caller does not see, whether or not there are such.
   * @param withCreated with those that were made with it, and with these, as far as the caller sees them
   */
  async revoke(caller: Caller, id: string, withCreated: boolean): Promise<readonly string[]> {
    const nowMs = this.#clock.nowMs()
    let revoked: readonly string[] = []
    await this.#store.commit(async () => {
      const hash = await tokenIds.read(this.#store, `${caller.account}/${id}`)
      const token = hash === undefined ? undefined : await tokens.read(this.#store, hash)
      if (hash === undefined || token === undefined || !maySee(caller, token)) throw new SkerryError('not_found', `There is no token ${id}.`, { field: 'id' })
      const all = [{ hash, token }, ...(withCreated ? await this.#createdBy(caller, id) : [])]
      revoked = all.map((one) => one.token.id)
      const writes: StoreWrite[] = all.flatMap((one) => [
        ...revokeTokenWrites(one.hash, one.token, nowMs), auditWrite(caller.actor, 'token.revoke', one.token.id, { name: one.token.name }, nowMs),
      ])
      return { writes, timeMs: nowMs }
    })
    return revoked
  }

  /** The tokens that were made with this one, or with those. */
  async #createdBy(caller: Caller, id: string): Promise<ReadonlyArray<{ readonly hash: string; readonly token: StoredToken }>> {
    const found = await tokenIds.list(this.#store, { prefix: `${caller.account}/`, limit: tokensPerAccountMax })
    const all = await Promise.all(found.map(async ({ value: hash }) => ({ hash, token: await tokens.read(this.#store, hash) })))
    const created: Array<{ readonly hash: string; readonly token: StoredToken }> = []
    for (let makers: ReadonlySet<string> = new Set([id]); makers.size > 0;) {
      const next = all.flatMap(({ hash, token }) => (token?.createdBy !== undefined && makers.has(token.createdBy) && maySee(caller, token) ? [{ hash, token }] : []))
      created.push(...next)
      makers = new Set(next.map(({ token }) => token.id))
    }
    return created
  }
}

/** A new token with an id of its own; `value` is what its owner gets to see. */
export function newToken(nowMs: number, fields: Omit<StoredToken, 'id' | 'prefix' | 'createdMs'>): { readonly created: StoredToken; readonly hash: string; readonly value: string } {
  const id = ulid(nowMs)
  const value = createToken(id)
  return { created: { id, prefix: tokenPrefix(id), createdMs: nowMs, ...fields }, hash: hashToken(value), value }
}

/** Tokens of the whole account are for its admins; a member has his own, and each token has itself; one for single functions no other. */
function maySee(caller: Caller, token: StoredToken): boolean {
  const isMembers = token.member !== undefined && token.member === caller.token.member && caller.functions === undefined
  const isOwn = token.id === caller.token.id || isMembers
  return hasScope(caller, 'admin') || (token.account === caller.token.account && isOwn)
}

/** What the new token may, which is at most what the caller may. */
function limitsOf(caller: Caller, request: TokenRequest, nowMs: number): Pick<StoredToken, 'name' | 'scopes'> & Partial<Pick<StoredToken, 'functions' | 'expiresMs'>> {
  const { token } = caller
  if (!hasScope(caller, 'admin') && !hasScope(caller, 'operator') && token.member === undefined) {
    throw new SkerryError('forbidden', 'This token belongs to no member; creating tokens needs one with the scope admin.', { field: 'authorization' })
  }
  const missing = request.scopes.find((scope) => !mayGrant(caller, scope))
  if (missing !== undefined) {
    throw new SkerryError('forbidden', `A token with the scope ${missing} would be more than yours, which has ${caller.scopes.join(', ')}.`, { field: 'scopes' })
  }
  const functions = request.functions ?? caller.functions
  const strange = functions?.find((name) => caller.functions !== undefined && !caller.functions.includes(name))
  if (strange !== undefined) throw new SkerryError('forbidden', `Your token is not for the function ${strange}.`, { field: 'functions' })
  const wide = functions === undefined ? undefined : request.scopes.find((scope) => scope !== 'deploy' && scope !== 'read')
  if (wide !== undefined) {
    throw new SkerryError('invalid_request', `The scope ${wide} is for more than single functions: take deploy or read, or leave the functions out.`, { field: 'scopes' })
  }
  const wantedMs = request.expiresInSeconds === undefined ? undefined : nowMs + request.expiresInSeconds * 1_000
  if (token.expiresMs !== undefined && wantedMs !== undefined && wantedMs > token.expiresMs) {
    throw new SkerryError('forbidden', `A token can not last longer than the one that it is created with, which expires at ${new Date(token.expiresMs).toISOString()}.`, {
      field: 'expiresInSeconds',
    })
  }
  const expiresMs = wantedMs ?? token.expiresMs
  return {
    name: request.name,
    scopes: [...new Set(request.scopes)],
    ...(functions === undefined ? {} : { functions: [...new Set(functions)] }),
    ...(expiresMs === undefined ? {} : { expiresMs }),
  }
}

function mayGrant(caller: Caller, scope: Scope): boolean {
  return hasScope(caller, scope === 'node' ? 'operator' : scope)
}
