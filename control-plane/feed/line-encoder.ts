import type { DataKeys, RecordSigner } from '../auth/index.ts'
import { type FeedChange, type FeedRecord, type FeedRevision, type FeedSnapshot, type FunctionState, protocolVersion } from '../protocol/index.ts'
import { listQuotas } from '../quotas/index.ts'
import type { Store, StoredRevision, StoreSnapshot } from '../store/index.ts'

const linesKept = 64

export interface LineEncoderOptions {
  readonly store: Store
  readonly signer: RecordSigner
  readonly dataKeys: DataKeys
}

/** A secret's data key is no more: what was sealed with it stands in the log from before a rotation, and opens for nobody. */
class DataKeyGone extends Error {}

/**
 * Makes the feed's lines: opens secrets, and signs.
 *
 * Invariant: a node gets the secrets of functions that may run in its region, and no others. Lines of revisions are made once for all
 * nodes that see the same secrets; for most revisions that is everybody.
 */
export class LineEncoder {
  readonly #options: LineEncoderOptions
  readonly #lines = new Map<string, Promise<string | undefined>>()

  constructor(options: LineEncoderOptions) {
    this.#options = options
  }

  /** @param region undefined for who may see every region's. Answers undefined where only a snapshot helps. */
  revision(revision: StoredRevision, region: string | undefined): Promise<string | undefined> {
    const key = `${revision.sequence} ${hiddenFunctions(revision.change, region)}`
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const line = this.#encodeRevision(revision, region).catch((error: unknown) => {
      if (error instanceof DataKeyGone) return undefined
      this.#lines.delete(key)
      throw error
    })
    this.#lines.set(key, line)
    if (this.#lines.size > linesKept) {
      const oldest = this.#lines.keys().next().value
      if (oldest !== undefined) this.#lines.delete(oldest)
    }
    return line
  }

  async snapshot({ sequence, functions }: StoreSnapshot, region: string | undefined): Promise<string> {
    const opened: FunctionState[] = []
    for (const state of functions) opened.push(await this.#open(state, region))
    const record: FeedSnapshot = {
      type: 'snapshot', protocol: protocolVersion, epoch: this.#options.store.epoch, sequence, functions: opened,
      // Read after them, so that nothing older than the snapshot is told: what is newer comes again as a revision.
      accounts: [...(await listQuotas(this.#options.store))],
    }
    return encode({ ...record, signature: this.#options.signer.sign(record) })
  }

  heartbeat(sequence: number): string {
    return encode({ type: 'heartbeat', epoch: this.#options.store.epoch, sequence })
  }

  async #encodeRevision({ sequence, timeMs, change }: StoredRevision, region: string | undefined): Promise<string> {
    const { store, signer } = this.#options
    const record: FeedRevision = {
      type: 'revision', protocol: protocolVersion, epoch: store.epoch, sequence, timeMs, change: await this.#openChange(change, region), signature: '',
    }
    return encode({ ...record, signature: signer.sign(record) })
  }

  async #openChange(change: FeedChange, region: string | undefined): Promise<FeedChange> {
    if (change.kind !== 'activate') return change
    const functions: FunctionState[] = []
    for (const state of change.functions) functions.push(await this.#open(state, region))
    return { ...change, functions }
  }

  async #open(state: FunctionState, region: string | undefined): Promise<FunctionState> {
    const sealed = Object.entries(state.secrets)
    if (sealed.length === 0) return state
    if (!mayRunIn(state, region)) return { ...state, secrets: {} }
    const { store, dataKeys } = this.#options
    const secrets: Record<string, string> = {}
    for (const [key, value] of sealed) {
      const opened = await dataKeys.open(store, { account: state.account, functionName: state.function, key }, value)
      if (opened === undefined) throw new DataKeyGone(`The key that the secret ${state.account}/${state.function}/${key} was sealed with is no more.`)
      secrets[key] = opened
    }
    return { ...state, secrets }
  }
}

/** Whether one of the function's versions may run there: only then the region's nodes need its secrets. */
function mayRunIn(state: FunctionState, region: string | undefined): boolean {
  return region === undefined || state.versions.some(({ config: { regions } }) => regions.includes('*') || regions.includes(region))
}

/** Which of a change's functions have secrets that the region does not get, by their place in it. */
function hiddenFunctions(change: FeedChange, region: string | undefined): string {
  if (region === undefined || change.kind !== 'activate') return ''
  return change.functions.flatMap((state, index) => (Object.keys(state.secrets).length > 0 && !mayRunIn(state, region) ? [index] : [])).join()
}

function encode(record: FeedRecord): string {
  return `${JSON.stringify(record)}\n`
}
