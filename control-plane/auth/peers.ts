import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import { ulid } from 'ulid'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import { type Actor, asOperator, auditWrite, operatorLog } from '../audit/index.ts'
import {
  type CreatedPeerInvitation, type PageQuery, type PeerInfo, type PeerInvitation, type PeerInvitationRequest, peerInvitationSchema, peerKindSchema, toPage,
} from '../protocol/index.ts'
import { Collection, type Store, type StoreWrite } from '../store/index.ts'
import type { RecordSigner } from './record-signer.ts'
import { hashToken } from './tokens.ts'

/** By the hash of their token. One that was used stays until it expires, so that who used it may repeat the call. */
const invitations = new Collection('peer-invitation', peerInvitationSchema.extend({ usedBy: z.string().optional() }))

const peerSchema = z.strictObject({
  kind: peerKindSchema,
  name: z.string(),
  region: z.string().optional(),
  joinedMs: z.number(),
  /** The last one is the newest; two while a new one has not been used yet. */
  credentials: z.array(z.strictObject({ hash: z.string(), createdMs: z.number() })).min(1),
})
/** Who has joined, by `kind/name`. */
const peers = new Collection('peer', peerSchema)
type StoredPeer = z.infer<typeof peerSchema>

/** The key of the peer that a credential belongs to, by the credential's hash. */
const credentials = new Collection('peer-credential', z.string())

/** Who was removed, by `kind/name`, for as long as it is told. */
const removals = new Collection('peer-removal', z.strictObject({ untilMs: z.number() }))
const removalToldMs = 10 * 60_000

/** A process of the cluster, as its credential says. */
export type Peer = Pick<StoredPeer, 'kind' | 'name' | 'region'>

const listedMax = 1_000

const keyOf = ({ kind, name }: Pick<Peer, 'kind' | 'name'>): string => `${kind}/${name}`

/** Tells a public key (PEM) apart from every other: SHA-256 of its DER form, in base64url. */
export function keyFingerprint(publicKey: string): string {
  return createHash('sha256').update(createPublicKey(publicKey).export({ type: 'spki', format: 'der' })).digest('base64url')
}

/** Nodes, gateways and DNS servers: how they are invited, join, and are let in. */
export class Peers {
  readonly #store: Store
  readonly #nowMs: () => number
  readonly #signer: Pick<RecordSigner, 'publicKey'>

  /** @param signer what signs the feed */
  constructor(store: Store, nowMs: () => number, signer: Pick<RecordSigner, 'publicKey'>) {
    this.#store = store
    this.#nowMs = nowMs
    this.#signer = signer
  }

  /** Makes a token with which a process of this kind, name and region joins once. Throws `conflict` where one has joined. */
  async invite(actor: Actor, request: PeerInvitationRequest): Promise<CreatedPeerInvitation> {
    const { kind, name, region } = request
    const token = `skerry_join_${randomBytes(32).toString('base64url')}`
    const timeMs = this.#nowMs()
    const invitation: PeerInvitation = {
      id: ulid(timeMs), kind, name, ...(region === undefined ? {} : { region }), createdMs: timeMs, expiresMs: timeMs + request.expiresSeconds * 1_000,
    }
    await this.#store.commit(async () => {
      await this.#refuseJoined(request)
      return {
        writes: [
          ...(await this.#removeExpired(timeMs)),
          invitations.put(hashToken(token), invitation),
          auditWrite(asOperator(actor), 'peer.invite', name, { kind, region, expiresMs: invitation.expiresMs }, timeMs),
        ],
        timeMs,
      }
    })
    return { ...invitation, token: `${token}.${keyFingerprint(this.#signer.publicKey)}` }
  }

  /** Those that may still be used. */
  async listInvitations(): Promise<readonly PeerInvitation[]> {
    const listed = await invitations.list(this.#store, { limit: listedMax })
    return listed
      .filter(({ value }) => value.usedBy === undefined && value.expiresMs > this.#nowMs())
      .map(({ value: { usedBy: _unused, ...invitation } }) => invitation)
      .toSorted((first, second) => (first.id < second.id ? -1 : 1))
  }

  async revokeInvitation(actor: Actor, id: string): Promise<void> {
    await this.#store.commit(async () => {
      const found = (await invitations.list(this.#store, { limit: listedMax })).find(({ value }) => value.id === id)
      if (found === undefined) throw new SkerryError('not_found', `There is no invitation ${id}.`, { field: 'id' })
      const timeMs = this.#nowMs()
      return { writes: [invitations.remove(found.key), auditWrite(asOperator(actor), 'peer.uninvite', found.value.name, { kind: found.value.kind }, timeMs)], timeMs }
    })
  }

  /**
   * Uses the invitation with a hash up for the credential with another. Whoever used it may repeat the call with the same credential.
   * Undefined where the invitation is unknown, expired, or used by another. Throws `conflict` where one of the name has joined.
   */
  async join(invitationHash: string, credentialHash: string): Promise<Peer | undefined> {
    let joined: Peer | undefined
    await this.#store.commit(async () => {
      const timeMs = this.#nowMs()
      joined = undefined
      const invitation = await invitations.read(this.#store, invitationHash)
      if (invitation === undefined || invitation.expiresMs <= timeMs || (invitation.usedBy ?? credentialHash) !== credentialHash) return { writes: [], timeMs }
      const { kind, name, region } = invitation
      const peer: Peer = { kind, name, ...(region === undefined ? {} : { region }) }
      if (invitation.usedBy !== undefined) {
        // Who was removed since does not come back with it.
        if ((await credentials.read(this.#store, credentialHash)) === keyOf(peer)) joined = peer
        return { writes: [], timeMs }
      }
      await this.#refuseJoined(peer)
      if ((await credentials.read(this.#store, credentialHash)) !== undefined) throw new SkerryError('conflict', 'Another has this credential.', { field: 'credentialHash' })
      joined = peer
      return {
        writes: [
          removals.remove(keyOf(peer)),
          invitations.put(invitationHash, { ...invitation, usedBy: credentialHash }),
          peers.put(keyOf(peer), { ...peer, joinedMs: timeMs, credentials: [{ hash: credentialHash, createdMs: timeMs }] }),
          credentials.put(credentialHash, keyOf(peer)),
          auditWrite({ account: operatorLog, name: keyOf(peer) }, 'peer.join', name, { kind, region }, timeMs),
        ],
        timeMs,
      }
    })
    return joined
  }

  /** Whose credential has this hash; undefined where it is nobody's. The first use of a new one ends the one before. */
  async authenticate(used: string): Promise<Peer | undefined> {
    const peer = await this.#find(used)
    if (peer === undefined) return undefined
    if (peer.credentials.length > 1 && peer.credentials.at(-1)?.hash === used) await this.#endOlder(used)
    return { kind: peer.kind, name: peer.name, ...(peer.region === undefined ? {} : { region: peer.region }) }
  }

  /** Lets a peer call with another credential too; the one it had goes when that is used. Undefined where it had none. */
  async renew(used: string, newHash: string): Promise<Peer | undefined> {
    let renewed: Peer | undefined
    await this.#store.commit(async () => {
      const timeMs = this.#nowMs()
      const peer = await this.#find(used)
      renewed = peer
      if (peer === undefined) return { writes: [], timeMs }
      if (peer.credentials.some((one) => one.hash === newHash)) return { writes: [], timeMs }
      if ((await credentials.read(this.#store, newHash)) !== undefined) throw new SkerryError('conflict', 'Another has this credential.', { field: 'credentialHash' })
      const kept = peer.credentials.filter((one) => one.hash === used)
      const dropped = peer.credentials.filter((one) => one.hash !== used)
      return {
        writes: [
          peers.put(keyOf(peer), { ...peer, credentials: [...kept, { hash: newHash, createdMs: timeMs }] }),
          ...dropped.map((one) => credentials.remove(one.hash)),
          credentials.put(newHash, keyOf(peer)),
          auditWrite({ account: operatorLog, name: keyOf(peer) }, 'peer.renew', peer.name, { kind: peer.kind }, timeMs),
        ],
        timeMs,
      }
    })
    return renewed
  }

  /** Names of the nodes that were removed lately: who remembers them may forget them. */
  async removedNodes(): Promise<readonly string[]> {
    const listed = await removals.list(this.#store, { prefix: 'node/', limit: listedMax })
    return listed.filter(({ value }) => value.untilMs > this.#nowMs()).map(({ key }) => key.slice('node/'.length))
  }

  /** Whether a process of this kind and name has a credential of its own. */
  async hasJoined(of: Pick<Peer, 'kind' | 'name'>): Promise<boolean> {
    return (await peers.read(this.#store, keyOf(of))) !== undefined
  }

  async list(page: PageQuery): Promise<{ readonly peers: PeerInfo[]; readonly nextCursor?: string }> {
    const { items, ...rest } = toPage(await peers.list(this.#store, { after: page.cursor, limit: page.limit + 1 }), page, ({ key }) => key)
    return {
      peers: items.map(({ value: { credentials: held, ...peer } }) => ({ ...peer, credentialCreatedMs: held.at(-1)?.createdMs ?? peer.joinedMs })),
      ...rest,
    }
  }

  /** Ends the credentials of a peer at once. Throws `not_found`. */
  async remove(actor: Actor, of: Pick<Peer, 'kind' | 'name'>): Promise<void> {
    await this.#store.commit(async () => {
      const peer = await peers.read(this.#store, keyOf(of))
      if (peer === undefined) throw new SkerryError('not_found', `No ${of.kind} ${of.name} has joined with a credential of its own.`, { field: 'name' })
      const timeMs = this.#nowMs()
      return {
        writes: [
          peers.remove(keyOf(of)),
          removals.put(keyOf(of), { untilMs: timeMs + removalToldMs }),
          ...(await this.#removePastRemovals(timeMs)),
          ...peer.credentials.map((one) => credentials.remove(one.hash)),
          auditWrite(asOperator(actor), 'peer.remove', of.name, { kind: of.kind }, timeMs),
        ],
        timeMs,
      }
    })
  }

  async #find(credentialHash: string): Promise<StoredPeer | undefined> {
    const key = await credentials.read(this.#store, credentialHash)
    return key === undefined ? undefined : peers.read(this.#store, key)
  }

  async #endOlder(used: string): Promise<void> {
    await this.#store.commit(async () => {
      const timeMs = this.#nowMs()
      const peer = await this.#find(used)
      if (peer?.credentials.at(-1)?.hash !== used) return { writes: [], timeMs }
      const older = peer.credentials.slice(0, -1)
      return { writes: [peers.put(keyOf(peer), { ...peer, credentials: peer.credentials.slice(-1) }), ...older.map((one) => credentials.remove(one.hash))], timeMs }
    })
  }

  async #refuseJoined(of: Pick<Peer, 'kind' | 'name'>): Promise<void> {
    if (await this.hasJoined(of)) {
      throw new SkerryError('conflict', `A ${of.kind} ${of.name} has joined already. Remove it first, or choose another name.`, { field: 'name' })
    }
  }

  async #removePastRemovals(nowMs: number): Promise<StoreWrite[]> {
    const listed = await removals.list(this.#store, { limit: listedMax })
    return listed.filter(({ value }) => value.untilMs <= nowMs).map(({ key }) => removals.remove(key))
  }

  async #removeExpired(nowMs: number): Promise<StoreWrite[]> {
    const listed = await invitations.list(this.#store, { limit: listedMax })
    return listed.filter(({ value }) => value.expiresMs <= nowMs).map(({ key }) => invitations.remove(key))
  }
}
