import { createHash, createPublicKey, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { credentialPrefix, type Joined, joinedSchema, type PeerKind, splitInvitation } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { BackOff } from './back-off.ts'
import { leadsTo } from './key-succession.ts'
import { type CredentialFile, readCredentialFile, writeCredentialFile } from './credential-file.ts'

/** A call that the control plane answers with JSON. Rejects with a SkerryError. */
export type CallControlPlane = (method: 'POST' | 'PUT', path: string, token: string, body: unknown) => Promise<unknown>

export interface MembershipOptions {
  readonly kind: PeerKind
  /** Holds `credential.json`. */
  readonly directory: string
  /** Not needed any more once it was used; another one than that makes it join anew. */
  readonly invitation?: string | undefined
  readonly call: CallControlPlane
  readonly signal: AbortSignal
  readonly onNotice: (notice: string) => void
  readonly nowMs?: () => number
}

const renewAfterMs = 30 * 24 * 3_600_000
const lookIntervalMs = 3_600_000

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * A process's own standing with the control plane: it joins once with an invitation, by a credential that it made itself, and keeps that
 * in its data directory.
 *
 * Invariants: a credential is on disk before the control plane hears of it, so that no crash and no lost answer leaves the process without;
 * nothing that comes from a control plane is believed whose key is not the one that the invitation names.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #path: string
  #file: CredentialFile
  #timer: NodeJS.Timeout | undefined

  private constructor(options: MembershipOptions, path: string, file: CredentialFile) {
    this.#options = options
    this.#path = path
    this.#file = file
  }

  /**
   * Reads the credential, or joins with the invitation, for as long as the control plane can not be reached. Undefined where there is neither.
   * Rejects with what the control plane refuses with, and with `config_invalid` for an invitation or a file that is none.
   */
  static async open(options: MembershipOptions): Promise<Membership | undefined> {
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    const path = join(options.directory, 'credential.json')
    const kept = await readCredentialFile(path)
    const invitation = options.invitation === undefined ? undefined : parseInvitation(options.invitation)
    const isKept = kept !== undefined && (invitation === undefined || kept.invitationHash === sha256(invitation.token))
    if (kept !== undefined && isKept && kept.kind !== options.kind) {
      throw new SkerryError('config_invalid', `${path} is the credential of a ${kept.kind}. Give each process a data directory of its own.`)
    }
    if (invitation === undefined) return kept?.joined === undefined ? undefined : new Membership(options, path, kept)
    const file = kept !== undefined && isKept
      ? kept
      : { format: 1 as const, kind: options.kind, invitationHash: sha256(invitation.token), current: newCredential(options), stateKey: randomBytes(32).toString('base64') }
    const membership = new Membership(options, path, file)
    if (file.joined === undefined) await membership.#join(invitation)
    return membership
  }

  get name(): string {
    return this.#joined().name
  }

  get region(): string | undefined {
    return this.#joined().region
  }

  /** PEM of the key that signs the feed, as the invitation vouched for it. */
  get publicKey(): string {
    return this.#joined().publicKey
  }

  /** To seal what the process keeps on its disk. */
  get stateKey(): Uint8Array {
    return Buffer.from(this.#file.stateKey, 'base64')
  }

  /** The credential to call with. */
  get token(): string {
    return this.#file.current.credential
  }

  /** Renews the credential when it is a month old, until the signal aborts. */
  keepFresh(): void {
    const { signal } = this.#options
    const look = async (): Promise<void> => {
      try {
        if (this.#nowMs() - this.#file.current.createdMs >= renewAfterMs) await this.renew()
      } catch (error) {
        this.#options.onNotice(`The credential could not be renewed: ${error instanceof Error ? error.message : 'unknown'}`)
      }
      if (!signal.aborted) this.#timer = setTimeout(() => void look(), lookIntervalMs).unref()
    }
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true })
    void look()
  }

  /** Changes to a new credential; calls go on with the old one until the control plane knows the new one. */
  async renew(): Promise<void> {
    // One that an interrupted renewal has left may be known already: it is the one to go on with.
    const next = this.#file.next ?? newCredential(this.#options)
    await this.#write({ ...this.#file, next })
    await this.#options.call('PUT', '/v1/credential', this.token, { credentialHash: sha256(next.credential) })
    const { next: _taken, ...rest } = this.#file
    await this.#write({ ...rest, current: next })
  }

  async #join(invitation: { readonly token: string; readonly fingerprint: string }): Promise<void> {
    const { call, signal, onNotice } = this.#options
    await this.#write(this.#file)
    const backOff = new BackOff(200, 5_000)
    let isTold = false
    for (;;) {
      try {
        const answer = await call('POST', '/v1/join', invitation.token, { credentialHash: sha256(this.token) })
        await this.#adopt(joinedSchema.parse(answer), invitation.fingerprint)
        return
      } catch (error) {
        if (signal.aborted || !(error instanceof SkerryError) || error.status < 500 || error.code === 'internal_error') throw error
        if (!isTold) onNotice(`waiting for the control plane to join: ${error.message}`)
        isTold = true
      }
      await backOff.wait(signal)
      if (signal.aborted) throw new SkerryError('server_unreachable', 'The process was stopped before it could join.')
    }
  }

  async #adopt(answer: Joined, fingerprint: string): Promise<void> {
    const { kind } = this.#options
    // The key may have been replaced since the invitation was made.
    const vouched = [answer.publicKey, ...(answer.successions ?? []).map(({ previous }) => previous)].find((key) => fingerprintOf(key) === fingerprint)
    if (vouched === undefined || !leadsTo(createPublicKey(vouched), answer.publicKey, answer.successions ?? [])) {
      throw new SkerryError('config_invalid', 'Whoever answers as the control plane has another key than the one that the invitation names. The invitation is used up; find out who it is, and make another.')
    }
    if (answer.kind !== kind) throw new SkerryError('config_invalid', `The invitation is for a ${answer.kind}, not for a ${kind}.`)
    const { name, region, publicKey } = answer
    await this.#write({ ...this.#file, joined: { name, ...(region === undefined ? {} : { region }), publicKey } })
  }

  async #write(file: CredentialFile): Promise<void> {
    await writeCredentialFile(this.#path, file)
    this.#file = file
  }

  #joined(): NonNullable<CredentialFile['joined']> {
    if (this.#file.joined === undefined) throw new Error('the process has not joined')
    return this.#file.joined
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? Date.now)()
  }
}

function fingerprintOf(publicKey: string): string {
  return createHash('sha256').update(createPublicKey(publicKey).export({ type: 'spki', format: 'der' })).digest('base64url')
}

function newCredential(options: Pick<MembershipOptions, 'nowMs'>): CredentialFile['current'] {
  return { credential: `${credentialPrefix}${randomBytes(32).toString('base64url')}`, createdMs: (options.nowMs ?? Date.now)() }
}

function parseInvitation(text: string): { readonly token: string; readonly fingerprint: string } {
  const parts = splitInvitation(text.trim())
  if (parts === undefined) throw new SkerryError('config_invalid', 'The invitation is none: copy it whole, as `skerry node invite` printed it.')
  return parts
}
