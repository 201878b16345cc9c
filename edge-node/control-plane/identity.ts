import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type NodeWelcome, nodeWelcomeSchema } from '../../control-plane/protocol/index.ts'
import type { SkerryError } from '../../errors/index.ts'
import { storageError, writeFileAtomically } from '../storage/index.ts'

/** What the control plane gave the node to know its peers by, kept so that they know one another without it. */
export class NodeIdentity {
  readonly #path: string
  readonly #onError: (error: SkerryError) => void
  #welcome: NodeWelcome | undefined
  #publicKey: KeyObject | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, onError: (error: SkerryError) => void) {
    this.#path = path
    this.#onError = onError
  }

  static async open(directory: string, onError: (error: SkerryError) => void): Promise<NodeIdentity> {
    const identity = new NodeIdentity(join(directory, 'identity.json'), onError)
    try {
      identity.#take(nodeWelcomeSchema.parse(JSON.parse(await readFile(identity.#path, 'utf8'))))
    } catch {
      // Absent or unreadable: the next registration brings it.
    }
    return identity
  }

  get internalToken(): string | undefined {
    return this.#welcome?.internalToken
  }

  /** Of the control plane, which signs the feed. */
  get publicKey(): KeyObject | undefined {
    return this.#publicKey
  }

  /** Throws what the system says of a key that is none. */
  adopt(welcome: NodeWelcome): void {
    if (welcome.internalToken === this.#welcome?.internalToken && welcome.publicKey === this.#welcome.publicKey) return
    this.#take(welcome)
    this.#writing = this.#writing.then(() => this.#write(welcome))
  }

  /** Resolves when no write is under way. */
  settled(): Promise<void> {
    return this.#writing
  }

  #take(welcome: NodeWelcome): void {
    this.#publicKey = welcome.publicKey === undefined ? undefined : createPublicKey(welcome.publicKey)
    this.#welcome = welcome
  }

  async #write(welcome: NodeWelcome): Promise<void> {
    try {
      await writeFileAtomically(this.#path, JSON.stringify(welcome))
    } catch (error) {
      this.#onError(storageError(this.#path, error))
    }
  }
}
