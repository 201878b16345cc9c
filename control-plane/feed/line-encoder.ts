import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { DataKeys, RecordSigner } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import { type FeedChange, type FeedRecord, type FeedRevision, type FeedSnapshot, type FeedSnapshotPart, type FunctionState, protocolVersion } from '../protocol/index.ts'
import { listQuotas } from '../quotas/index.ts'
import type { Store, StoredRevision, StoreSnapshot } from '../store/index.ts'
import { Shared } from './shared.ts'
import { SharedLines } from './shared-lines.ts'

const linesKept = 64
/** About 1.5 MB a part, where functions have ten versions each. */
const functionsPerPart = 250
/** Nodes that come back together do not come all at once. */
const snapshotLingerMs = 5_000

export interface LineEncoderOptions {
  readonly store: Store
  readonly signer: RecordSigner
  readonly dataKeys: DataKeys
  readonly clock: Clock
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
  readonly #states: Shared<Promise<StoreSnapshot>>
  readonly #snapshots: Shared<SharedLines>
  readonly #lines = new Map<string, Promise<string | undefined>>()

  constructor(options: LineEncoderOptions) {
    this.#options = options
    // States are of no use once they are encoded.
    this.#states = new Shared(options.clock, 0)
    this.#snapshots = new Shared(options.clock, snapshotLingerMs)
  }

  close(): void {
    this.#states.clear()
    this.#snapshots.clear()
  }

  /** @param region undefined for who may see every region's. Answers undefined where only a snapshot helps. */
  revision(revision: StoredRevision, region: string | undefined): Promise<string | undefined> {
    const key = `${revision.sequence} ${this.#options.signer.successions.length} ${hiddenFunctions(revision.change, region)}`
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

  /**
   * The lines of a snapshot, and where it stands. What is read and encoded for one node is used for all that are being sent the same:
   * two hundred that come back together cost as much memory as one.
   */
  async *snapshot(region: string | undefined): AsyncGenerator<{ readonly line: string; readonly sequence: number }> {
    const { store } = this.#options
    const key = String(await store.readSequence())
    const states = this.#states.hold(key, () => store.readSnapshot())
    try {
      const snapshot = await states.value
      const { sequence } = snapshot
      const viewKey = `${sequence} ${hiddenStates(snapshot.functions, region)}`
      const lines = this.#snapshots.hold(viewKey, () => new SharedLines(this.#encodeSnapshot(snapshot, region)))
      try {
        for await (const line of lines.value.read()) yield { line, sequence }
      } catch (error) {
        this.#snapshots.drop(viewKey, lines.value)
        throw error
      } finally {
        lines.release()
      }
    } catch (error) {
      this.#states.drop(key, states.value)
      throw error
    } finally {
      states.release()
    }
  }

  async *#encodeSnapshot({ sequence, functions }: StoreSnapshot, region: string | undefined): AsyncGenerator<string> {
    const { store, signer } = this.#options
    const position = { protocol: protocolVersion, epoch: store.epoch, sequence } as const
    const hash = createHash('sha256')
    let index = 0
    for (; functions.length > (index + 1) * functionsPerPart; index += 1) {
      const record: FeedSnapshotPart = { type: 'snapshot-part', ...position, index, functions: await this.#openAll(functions.slice(index * functionsPerPart, (index + 1) * functionsPerPart), region) }
      const line = encode({ ...record, signature: signer.sign(record) })
      hash.update(line.trimEnd())
      yield line
      // Others have their turn between the parts.
      await setImmediate()
    }
    const record: FeedSnapshot = {
      type: 'snapshot', ...position, functions: await this.#openAll(functions.slice(index * functionsPerPart), region),
      // Read after them, so that nothing older than the snapshot is told: what is newer comes again as a revision.
      accounts: [...(await listQuotas(store))],
      ...(index === 0 ? {} : { parts: { count: index, hash: hash.digest('hex') } }),
    }
    yield encode({ ...record, signature: signer.sign(record) })
  }

  async #openAll(states: readonly FunctionState[], region: string | undefined): Promise<FunctionState[]> {
    const opened: FunctionState[] = []
    for (const state of states) opened.push(await this.#open(state, region))
    return opened
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
    return { ...change, functions: await this.#openAll(change.functions, region) }
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
  return change.kind === 'activate' ? hiddenStates(change.functions, region) : ''
}

function hiddenStates(functions: readonly FunctionState[], region: string | undefined): string {
  if (region === undefined) return ''
  return functions.flatMap((state, index) => (Object.keys(state.secrets).length > 0 && !mayRunIn(state, region) ? [index] : [])).join()
}

function encode(record: FeedRecord): string {
  return `${JSON.stringify(record)}\n`
}
