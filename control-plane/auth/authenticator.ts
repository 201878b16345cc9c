import { SkerryError } from '../../errors/index.ts'
import type { Actor } from '../audit/index.ts'
import type { Clock } from '../clock.ts'
import type { Scope } from '../protocol/index.ts'
import type { Store } from '../store/index.ts'
import { AttemptLimiter } from './attempt-limiter.ts'
import { accounts, expandScopes, hasScope, members, scopesOfRole, type StoredToken, suspended, tokens } from './records.ts'
import { bearerToken, hashToken } from './tokens.ts'

/** Who calls: what a token stands for right now. */
export interface Caller {
  /** The account that is acted on. */
  readonly account: string
  readonly scopes: readonly Scope[]
  /** For the audit log. */
  readonly actor: Actor
  readonly token: StoredToken
  /** The functions that the token is for; undefined for all of the account. */
  readonly functions: readonly string[] | undefined
}

/** The request that a token comes with. */
export interface Credentials {
  /** The header `Authorization`. */
  readonly authorization: string | undefined
  /** The account that the call is for, where one is named. */
  readonly account: string | undefined
  readonly requestId: string
  /** The client's address. */
  readonly address: string | undefined
}

/** Finds out who calls. Nothing is remembered of a token but that it was good: what was revoked or expired ends with the next request. */
export class Authenticator {
  readonly #store: Store
  readonly #clock: Clock
  readonly #limiter: AttemptLimiter

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.#limiter = new AttemptLimiter(clock)
  }

  /**
   * The caller behind a request, who has at least one of the scopes. Throws `unauthorized` where the token is missing, unknown, expired
   * or revoked, `too_many_attempts` where the address has sent too many such, `forbidden` where it has none of the scopes, and
   * `account_suspended` where the account is, and the scopes are not for reading.
   */
  async authenticate(credentials: Credentials, scopes: readonly Scope[]): Promise<Caller> {
    const token = await this.#readToken(credentials)
    const granted = await this.#grantedScopes(token)
    const caller = await this.#actOn(credentials, token, granted)
    if (!scopes.some((scope) => hasScope(caller, scope))) {
      throw new SkerryError('forbidden', `This needs a token with the scope ${scopes.join(' or ')}; yours has ${caller.scopes.join(', ') || 'none'}.`, {
        field: 'authorization',
      })
    }
    const isForTenants = !scopes.some((scope) => scope === 'read' || scope === 'node' || scope === 'operator')
    if (isForTenants && !hasScope(caller, 'operator')) await this.#refuseSuspended(caller.account)
    return caller
  }

  /**
   * What the hash of the bearer token leads to. Throws `unauthorized` where that is nothing, which counts against the address.
   * @param refusal what is told then
   */
  async tryOnce<T>(credentials: Credentials, attempt: (hash: string) => Promise<T | undefined>, refusal: string): Promise<T> {
    const token = bearerToken(credentials.authorization)
    if (token === undefined) throw unauthorized('Send `Authorization: Bearer TOKEN`.')
    // Looked up by a hash, of which nobody can choose the beginning: how long it takes tells nothing.
    const found = await attempt(hashToken(token))
    if (found === undefined) throw this.#wrongToken(credentials, refusal)
    return found
  }

  async #readToken(credentials: Credentials): Promise<StoredToken> {
    const token = await this.tryOnce(
      credentials, (hash) => tokens.read(this.#store, hash), 'The token is not known here: it is wrong, or of another control plane.',
    )
    const refusal = this.#refusalOf(token)
    if (refusal !== undefined) throw this.#wrongToken(credentials, refusal)
    return token
  }

  /** Only who has the whole token learns what became of it: that tells nobody else anything. */
  #refusalOf({ name, expiresMs, revokedMs }: StoredToken): string | undefined {
    if (revokedMs !== undefined) return `The token ${name} was revoked at ${new Date(revokedMs).toISOString()}.`
    if (expiresMs !== undefined && expiresMs <= this.#clock.nowMs()) return `The token ${name} expired at ${new Date(expiresMs).toISOString()}.`
    return undefined
  }

  #wrongToken({ address }: Credentials, detail: string): SkerryError {
    const retryAfterSeconds = this.#limiter.failed(address)
    if (retryAfterSeconds === 0) return unauthorized(detail)
    return new SkerryError('too_many_attempts', `Too many wrong tokens came from your address; repeat in ${retryAfterSeconds} s.`, {
      field: 'authorization', retryAfterSeconds,
    })
  }

  /** A member's token grants no more than the member's role does now. */
  async #grantedScopes(token: StoredToken): Promise<readonly Scope[]> {
    if (token.member === undefined) return token.scopes
    const member = await members.read(this.#store, `${token.account}/${token.member}`)
    if (member === undefined) throw unauthorized(`The token ${token.name} was revoked.`)
    const ofRole = expandScopes(scopesOfRole[member.role])
    return expandScopes(token.scopes).filter((scope) => ofRole.includes(scope))
  }

  async #actOn(credentials: Credentials, token: StoredToken, scopes: readonly Scope[]): Promise<Caller> {
    const { account: named, requestId, address } = credentials
    const { account, name, id, member, functions } = token
    const actor = { account, name, tokenId: id, member, requestId, address }
    if (named === undefined || (named === account && !scopes.includes('operator'))) return { account, scopes, actor, token, functions }
    if (!scopes.includes('operator')) {
      throw new SkerryError('forbidden', 'To name another account needs a token with the scope operator.', { field: 'account' })
    }
    if ((await accounts.read(this.#store, named)) === undefined) throw new SkerryError('not_found', `There is no account ${named}.`, { field: 'account' })
    return { account: named, scopes: [...new Set<Scope>([...scopes, 'admin'])], actor: { ...actor, account: named, homeAccount: account }, token, functions }
  }

  async #refuseSuspended(name: string): Promise<void> {
    const account = await accounts.read(this.#store, name)
    if (account?.state === 'suspended') throw suspended(account)
  }
}

function unauthorized(detail: string): SkerryError {
  return new SkerryError('unauthorized', detail, { field: 'authorization' })
}
