import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type AccountQuotas, type FunctionState, withholdFrom } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { storageError, type WriteWholeFile } from '../storage/index.ts'
import { type StateChange, StateFile } from './state-file.ts'
import type { StateSeal } from './state-seal.ts'

export interface FeedPosition {
  readonly epoch: string
  readonly sequence: number
}

/** More epochs than a control plane is restored times. */
const leftEpochsMax = 100

export interface NodeStateOptions {
  readonly directory: string
  /** Where the node is. */
  readonly region?: string | undefined
  readonly onError: (error: SkerryError) => void
  readonly write?: WriteWholeFile
  /** How the file is protected; readable JSON unless set. */
  readonly seal?: StateSeal | undefined
  /** A state of fewer bytes is always written whole. */
  readonly wholeBytesMax?: number | undefined
}

/**
 * What the node serves and up to where it followed the feed, in memory and on disk.
 *
 * Invariants: position and functions are changed and written together; a write that is asked for while one is under way is
 * made once, of the latest; a disk that fails is reported, and memory goes on. What was kept in another region counts for nothing: there the
 * node was told of other secrets.
 */
export class NodeState {
  readonly #options: NodeStateOptions
  readonly #path: string
  readonly #file: StateFile
  /** Since the last write. */
  #changes: StateChange[] = []
  #functions = new Map<string, FunctionState>()
  /** How many versions have an artifact, by its hash. */
  #artifactUses = new Map<string, number>()
  /** Those of which anything is told. */
  #accounts = new Map<string, AccountQuotas>()
  #position: FeedPosition | undefined
  #leftEpochs: readonly string[] = []
  #writing: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined

  private constructor(options: NodeStateOptions) {
    this.#options = options
    this.#path = join(options.directory, 'state.json')
    this.#file = new StateFile({ path: this.#path, seal: options.seal, write: options.write, wholeBytesMax: options.wholeBytesMax })
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

  /** Whether a version that is served has this artifact. */
  usesArtifact(hash: string): boolean {
    return this.#artifactUses.has(hash)
  }

  /** Whether the node has followed this epoch and gone on to another: nothing of it is news. */
  hasLeft(epoch: string): boolean {
    return this.#leftEpochs.includes(epoch)
  }

  /** Those with quotas, or held to regions. */
  get accounts(): AccountQuotas[] {
    return [...this.#accounts.values()]
  }

  /** The regions that an account is held to; undefined for any. */
  residencyOf(account: string): readonly string[] | undefined {
    return this.#accounts.get(account)?.regions
  }

  functionsOf(account: string): FunctionState[] {
    return [...this.#functions.values()].filter((state) => state.account === account)
  }

  find(account: string, name: string): FunctionState | undefined {
    return this.#functions.get(keyOf(account, name))
  }

  replaceAll(position: FeedPosition, functions: readonly FunctionState[], accounts: readonly AccountQuotas[] = []): void {
    const left = this.#position?.epoch
    if (left !== undefined && left !== position.epoch) this.#leftEpochs = [...this.#leftEpochs, left].slice(-leftEpochsMax)
    this.#accounts = new Map(accounts.map((of) => [of.account, of]))
    this.#functions = new Map()
    this.#artifactUses = new Map()
    for (const state of functions) this.#set(keyOf(state.account, state.function), state)
    this.#position = position
    this.#changes = []
    this.#file.forget()
  }

  put(position: FeedPosition, functions: readonly FunctionState[]): void {
    this.#change({ ...position, put: [...functions] })
  }

  remove(position: FeedPosition, account: string, name: string): void {
    this.#change({ ...position, removed: { account, function: name } })
  }

  setAccount(position: FeedPosition, of: AccountQuotas): void {
    this.#change({ ...position, quotas: of })
  }

  /** Keeps of an account no more than nodes of the region may have. The next write leaves nothing of it on disk. */
  withhold(account: string, region: string): void {
    for (const state of this.functionsOf(account)) this.#set(keyOf(account, state.function), withholdFrom(region, state, this.residencyOf(account)))
    this.#changes = []
    this.#file.forget()
  }

  advance(position: FeedPosition): void {
    this.#position = position
  }

  /** Resolves with whether what is there now is on disk, or could not be put there. Never rejects. */
  save(): Promise<boolean> {
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

  #startWrite(): Promise<boolean> {
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #write(): Promise<boolean> {
    const position = this.#position
    if (position === undefined) return true
    const changes = this.#changes
    this.#changes = []
    try {
      await this.#file.save(() => ({ ...position, region: this.#options.region, functions: [...this.#functions.values()], accounts: this.accounts, leftEpochs: [...this.#leftEpochs] }), changes)
      return true
    } catch (error) {
      this.#options.onError(storageError(this.#path, error))
      return false
    }
  }

  async #read(): Promise<void> {
    try {
      const kept = await this.#file.read()
      if (kept === undefined) return
      const { functions, accounts, leftEpochs, epoch, sequence, region } = kept.whole
      this.#leftEpochs = leftEpochs
      const { region: here = region } = this.#options
      if (region !== undefined && region !== here) return
      this.replaceAll({ epoch, sequence }, functions, accounts)
      for (const change of kept.changes) this.#apply(change)
    } catch (error) {
      this.#options.onError(error instanceof SkerryError ? error : storageError(this.#path, error))
    }
  }

  #change(change: StateChange): void {
    this.#apply(change)
    this.#changes.push(change)
  }

  #set(key: string, state: FunctionState | undefined): void {
    for (const { artifactHash } of state?.versions ?? []) this.#artifactUses.set(artifactHash, (this.#artifactUses.get(artifactHash) ?? 0) + 1)
    for (const { artifactHash } of this.#functions.get(key)?.versions ?? []) {
      const others = (this.#artifactUses.get(artifactHash) ?? 0) - 1
      if (others > 0) this.#artifactUses.set(artifactHash, others)
      else this.#artifactUses.delete(artifactHash)
    }
    if (state === undefined) this.#functions.delete(key)
    else this.#functions.set(key, state)
  }

  #apply({ epoch, sequence, put = [], removed, quotas }: StateChange): void {
    for (const state of put) this.#set(keyOf(state.account, state.function), state)
    if (removed !== undefined) this.#set(keyOf(removed.account, removed.function), undefined)
    if (quotas !== undefined && Object.keys(quotas.quotas).length === 0 && quotas.regions === undefined) this.#accounts.delete(quotas.account)
    else if (quotas !== undefined) this.#accounts.set(quotas.account, quotas)
    this.#position = { epoch, sequence }
  }
}

const keyOf = (account: string, name: string): string => `${account}/${name}`
