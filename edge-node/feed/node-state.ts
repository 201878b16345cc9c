import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type AccountQuotas, accountQuotasSchema, type FunctionState, functionStateSchema, type Quotas } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { StateSeal } from './state-seal.ts'
import { storageError, writeFileAtomically, type WriteWholeFile } from '../storage/index.ts'

export interface FeedPosition {
  readonly epoch: string
  readonly sequence: number
}

const stateSchema = z.strictObject({
  format: z.literal(1), epoch: z.string().min(1), sequence: z.int().min(0), functions: z.array(functionStateSchema),
  accounts: z.array(accountQuotasSchema).default([]), leftEpochs: z.array(z.string()).default([]),
})
/** More epochs than a control plane is restored times. */
const leftEpochsMax = 100

export interface NodeStateOptions {
  readonly directory: string
  readonly onError: (error: SkerryError) => void
  readonly write?: WriteWholeFile
  /** How the file is protected; readable JSON unless set. */
  readonly seal?: StateSeal | undefined
}

/**
 * What the node serves and up to where it followed the feed, in memory and on disk.
 *
 * Invariants: position and functions are changed and written together; a write that is asked for while one is under way is
 * made once, of the latest; a disk that fails is reported, and memory goes on.
 */
export class NodeState {
  readonly #options: NodeStateOptions
  readonly #path: string
  #functions = new Map<string, FunctionState>()
  #quotas = new Map<string, Quotas>()
  #position: FeedPosition | undefined
  #leftEpochs: readonly string[] = []
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined

  private constructor(options: NodeStateOptions) {
    this.#options = options
    this.#path = join(options.directory, 'state.json')
  }

  /** Reads what was kept. A file that is not valid is set aside and reported, and the node resynchronises. */
  static async open(options: NodeStateOptions): Promise<NodeState> {
    const state = new NodeState(options)
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    await state.#read()
    return state
  }

  get position(): FeedPosition | undefined {
    return this.#position
  }

  get functions(): Iterable<FunctionState> {
    return this.#functions.values()
  }

  /** Whether the node has followed this epoch and gone on to another: nothing of it is news. */
  hasLeft(epoch: string): boolean {
    return this.#leftEpochs.includes(epoch)
  }

  /** Those with quotas. */
  get accounts(): AccountQuotas[] {
    return [...this.#quotas].map(([account, quotas]) => ({ account, quotas }))
  }

  find(account: string, name: string): FunctionState | undefined {
    return this.#functions.get(keyOf(account, name))
  }

  replaceAll(position: FeedPosition, functions: readonly FunctionState[], accounts: readonly AccountQuotas[] = []): void {
    const left = this.#position?.epoch
    if (left !== undefined && left !== position.epoch) this.#leftEpochs = [...this.#leftEpochs, left].slice(-leftEpochsMax)
    this.#quotas = new Map(accounts.map(({ account, quotas }) => [account, quotas]))
    this.#functions = new Map(functions.map((state) => [keyOf(state.account, state.function), state]))
    this.#position = position
  }

  put(position: FeedPosition, functions: readonly FunctionState[]): void {
    for (const state of functions) this.#functions.set(keyOf(state.account, state.function), state)
    this.#position = position
  }

  remove(position: FeedPosition, account: string, name: string): void {
    this.#functions.delete(keyOf(account, name))
    this.#position = position
  }

  setQuotas(position: FeedPosition, account: string, quotas: Quotas): void {
    if (Object.keys(quotas).length === 0) this.#quotas.delete(account)
    else this.#quotas.set(account, quotas)
    this.#position = position
  }

  advance(position: FeedPosition): void {
    this.#position = position
  }

  /** Resolves when what is there now is on disk, or could not be put there. Never rejects. */
  save(): Promise<void> {
    if (this.#writing === undefined) return this.#startWrite()
    this.#next ??= this.#writing.then(() => {
      this.#next = undefined
      return this.#startWrite()
    })
    return this.#next
  }

  /** Resolves when no write is under way. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#writing)
  }

  #startWrite(): Promise<void> {
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #write(): Promise<void> {
    if (this.#position === undefined) return
    try {
      // Throws where it is longer than a string can be, at about 700,000 functions.
      const text = JSON.stringify({ format: 1, ...this.#position, functions: [...this.#functions.values()], accounts: this.accounts, leftEpochs: this.#leftEpochs })
      await (this.#options.write ?? writeFileAtomically)(this.#path, this.#options.seal?.seal(text) ?? text)
    } catch (error) {
      this.#options.onError(storageError(this.#path, error))
    }
  }

  async #read(): Promise<void> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch {
      return
    }
    const opened = this.#options.seal === undefined ? text : this.#options.seal.open(text)
    const parsed = stateSchema.safeParse(parseJson(opened ?? ''))
    if (!parsed.success) {
      await rename(this.#path, `${this.#path}.invalid`).catch(() => undefined)
      this.#options.onError(new SkerryError('internal_error', `${this.#path} is not valid; it was set aside as state.json.invalid, and the node resynchronises.`, { cause: parsed.error }))
      return
    }
    const { epoch, sequence, functions, accounts, leftEpochs } = parsed.data
    this.#leftEpochs = leftEpochs
    this.replaceAll({ epoch, sequence }, functions, accounts)
  }
}

const keyOf = (account: string, name: string): string => `${account}/${name}`

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
