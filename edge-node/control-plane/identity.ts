import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type NodeWelcome, nodeWelcomeSchema } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { leadsTo } from './key-succession.ts'
import { storageError, writeFileAtomically } from '../storage/index.ts'

/**
 * What the control plane gave the node to know its peers by, kept so that they know one another without it.
 *
 * Invariant: the key that signs the feed is the one that the node's invitation names or, without one, that of the first control plane it
 * met; no other is taken for it but one that it has certified, and no control plane that has none.
 */
export class NodeIdentity {
  readonly #path: string
  readonly #onError: (error: SkerryError) => void
  #welcome: NodeWelcome | undefined
  #internalTokens: readonly string[] = []
  #publicKey: KeyObject | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, onError: (error: SkerryError) => void) {
    this.#path = path
    this.#onError = onError
  }

  /** @param pinnedKey PEM that the invitation vouched for */
  static async open(directory: string, onError: (error: SkerryError) => void, pinnedKey?: string): Promise<NodeIdentity> {
    const identity = new NodeIdentity(join(directory, 'identity.json'), onError)
    if (pinnedKey !== undefined) identity.#publicKey = createPublicKey(pinnedKey)
    try {
      identity.#restore(nodeWelcomeSchema.parse(JSON.parse(await readFile(identity.#path, 'utf8'))))
    } catch {
      // Absent or unreadable: the next registration brings it.
    }
    return identity
  }

  /** Whether it is known what the feed has to be signed with, if it has to be. */
  get knowsSigner(): boolean {
    return this.#publicKey !== undefined || this.#welcome !== undefined
  }

  /** Those that peers may show. */
  get internalTokens(): readonly string[] {
    return this.#internalTokens
  }

  /** Of the control plane, which signs the feed. */
  get publicKey(): KeyObject | undefined {
    return this.#publicKey
  }

  /** Throws `config_invalid` where the control plane has another key than the one that is known, or what the system says of a key that is none. */
  adopt(welcome: NodeWelcome): void {
    this.#refuseStranger(welcome)
    if (JSON.stringify(welcome) === JSON.stringify(this.#welcome)) return
    this.#take(welcome)
    this.#writing = this.#writing.then(() => this.#write(welcome))
  }

  /** Resolves when no write is under way. */
  settled(): Promise<void> {
    return this.#writing
  }

  /** A key that came in the place of the invitation's stays: the one before may have been replaced for being known to somebody. */
  #restore(welcome: NodeWelcome): void {
    const invited = this.#publicKey
    this.#take(welcome)
    if (invited === undefined) return
    const { publicKey, successions = [] } = welcome
    if (publicKey === undefined || !leadsTo(invited, publicKey, successions)) this.#publicKey = invited
  }

  #refuseStranger({ publicKey, successions = [] }: NodeWelcome): void {
    if (this.#publicKey === undefined) return
    if (publicKey !== undefined && leadsTo(this.#publicKey, publicKey, successions)) return
    throw new SkerryError(
      'config_invalid',
      `The control plane has another key than the one that this node knows; it is not followed. Where it was set up anew, remove ${dirname(this.#path)} and let the node join again.`,
    )
  }

  #take(welcome: NodeWelcome): void {
    if (welcome.publicKey !== undefined) this.#publicKey = createPublicKey(welcome.publicKey)
    this.#welcome = welcome
    this.#internalTokens = [welcome.internalToken, ...(welcome.acceptedInternalTokens ?? [])]
  }

  async #write(welcome: NodeWelcome): Promise<void> {
    try {
      await writeFileAtomically(this.#path, JSON.stringify(welcome))
    } catch (error) {
      this.#onError(storageError(this.#path, error))
    }
  }
}
