import { SkerryError } from '../../errors/index.ts'
import { auditWrite } from '../audit/index.ts'
import {
  type Caller,
  type Credentials,
  createInvitation,
  createTokenWrites,
  hashToken,
  invitations,
  members,
  newToken,
  requireAccount,
  requireRoomForToken,
  revokeTokenWrites,
  scopesOfRole,
  type StoredMember,
  tokenIds,
  tokens,
  tokensPerAccountMax,
} from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import { type Acceptance, type CreatedToken, type InvitedMember, type Member, type PageQuery, type Role, toPage } from '../protocol/index.ts'
import type { Store, StoreWrite } from '../store/index.ts'

const invitationMs = 7 * 24 * 60 * 60 * 1_000
const membersMax = 1_000

/** The people of an account. Each has a role, and tokens that give no more than the role does. */
export class Members {
  readonly #store: Store
  readonly #clock: Clock

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** By name. */
  async list(account: string, page: PageQuery): Promise<{ readonly members: Member[]; readonly nextCursor?: string }> {
    const prefix = `${account}/`
    const after = page.cursor === undefined ? undefined : `${prefix}${page.cursor}`
    const read = await members.list(this.#store, { prefix, after, limit: page.limit + 1 })
    const { items, ...rest } = toPage(read.map(({ value }) => shown(value)), page, ({ member }) => member)
    return { members: items, ...rest }
  }

  /**
   * Takes somebody in, or gives a member that is there a new invitation, which replaces the one before and leaves tokens as they are.
   * Throws `conflict` where there is one with another role.
   */
  async invite({ account, actor }: Caller, name: string, role: Role): Promise<InvitedMember> {
    const nowMs = this.#clock.nowMs()
    const invitation = createInvitation()
    const invitationHash = hashToken(invitation)
    const invitedUntilMs = nowMs + invitationMs
    let member: Member = { member: name, role, createdMs: nowMs }
    await this.#store.commit(async () => {
      await requireAccount(this.#store, account)
      const key = `${account}/${name}`
      const current = await members.read(this.#store, key)
      if (current !== undefined && current.role !== role) {
        throw new SkerryError('conflict', `${name} is here already, as ${current.role}; change that with \`skerry member set-role\`.`, { field: 'role' })
      }
      if (current === undefined && (await members.list(this.#store, { prefix: `${account}/`, limit: membersMax })).length >= membersMax) {
        throw new SkerryError('conflict', `The account has ${membersMax} members already.`, { limit: membersMax })
      }
      member = { member: name, role, createdMs: current?.createdMs ?? nowMs, invitedUntilMs }
      const writes: StoreWrite[] = [
        ...withdrawWrites(current),
        members.put(key, { ...member, invitationHash }),
        invitations.put(invitationHash, { account, member: name, expiresMs: invitedUntilMs }),
        auditWrite(actor, current === undefined ? 'member.add' : 'member.invite', name, { role }, nowMs),
      ]
      return { writes, timeMs: nowMs }
    })
    return { ...member, invitedUntilMs, invitation }
  }

  /**
   * Makes the first token of who was invited; the invitation is used up. Undefined where there is no such invitation any more.
   * @param hash of the invitation
   */
  async accept(hash: string, { name, expiresInSeconds }: Acceptance, { requestId, address }: Pick<Credentials, 'requestId' | 'address'>): Promise<CreatedToken | undefined> {
    const nowMs = this.#clock.nowMs()
    let result: CreatedToken | undefined
    await this.#store.commit(async () => {
      result = undefined
      const invitation = await invitations.read(this.#store, hash)
      if (invitation === undefined || invitation.expiresMs <= nowMs) return { writes: [], timeMs: nowMs }
      const { account, member } = invitation
      await requireAccount(this.#store, account)
      const key = `${account}/${member}`
      const current = await members.read(this.#store, key)
      if (current?.invitationHash !== hash) return { writes: [], timeMs: nowMs }
      await requireRoomForToken(this.#store, account)
      const { created, hash: tokenHash, value } = newToken(nowMs, {
        name, account, member, scopes: [...scopesOfRole[current.role]],
        ...(expiresInSeconds === undefined ? {} : { expiresMs: nowMs + expiresInSeconds * 1_000 }),
      })
      result = { ...created, token: value }
      const { invitationHash: _hash, invitedUntilMs: _until, ...rest } = current
      const actor = { account, name, tokenId: created.id, member, requestId, address }
      const writes = [invitations.remove(hash), members.put(key, rest), ...createTokenWrites(tokenHash, created), auditWrite(actor, 'member.join', member, { token: created.id }, nowMs)]
      return { writes, timeMs: nowMs }
    })
    return result
  }

  /** What the member's tokens give follows at once. */
  async setRole({ account, actor }: Caller, name: string, role: Role): Promise<Member> {
    const nowMs = this.#clock.nowMs()
    let changed: StoredMember | undefined
    await this.#store.commit(async () => {
      const current = await this.#require(account, name)
      changed = { ...current, role }
      return { writes: [members.put(`${account}/${name}`, changed), auditWrite(actor, 'member.set-role', name, { role, before: current.role }, nowMs)], timeMs: nowMs }
    })
    if (changed === undefined) throw new Error('a commit resolved without its function having been called')
    return shown(changed)
  }

  /** With all of the member's tokens, in one commit. Answers with how many these were. */
  async remove({ account, actor }: Caller, name: string): Promise<number> {
    const nowMs = this.#clock.nowMs()
    let revoked = 0
    await this.#store.commit(async () => {
      const current = await this.#require(account, name)
      const writes: StoreWrite[] = [...withdrawWrites(current), members.remove(`${account}/${name}`)]
      revoked = 0
      for (const { value: hash } of await tokenIds.list(this.#store, { prefix: `${account}/`, limit: tokensPerAccountMax })) {
        const token = await tokens.read(this.#store, hash)
        if (token?.member !== name) continue
        writes.push(...revokeTokenWrites(hash, token, nowMs))
        revoked += 1
      }
      return { writes: [...writes, auditWrite(actor, 'member.remove', name, { role: current.role, tokensRevoked: revoked }, nowMs)], timeMs: nowMs }
    })
    return revoked
  }

  async #require(account: string, name: string): Promise<StoredMember> {
    const member = await members.read(this.#store, `${account}/${name}`)
    if (member === undefined) throw new SkerryError('not_found', `The account has no member ${name}.`, { field: 'member' })
    return member
  }
}

function shown({ invitationHash: _hash, ...member }: StoredMember): Member {
  return member
}

/** Takes an invitation back that was not accepted yet. */
function withdrawWrites(member: StoredMember | undefined): readonly StoreWrite[] {
  return member?.invitationHash === undefined ? [] : [invitations.remove(member.invitationHash)]
}
