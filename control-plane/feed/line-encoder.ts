import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { DataKeys, RecordSigner } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import {
  type FeedChange, type FeedRecord, type FeedRevision, type FeedSnapshot, type FeedSnapshotPart, type FunctionState, isWithheld, mayRunIn, protocolVersion, withholdFrom, withholdVersion,
} from '../protocol/index.ts'
import { listForNodes } from '../quotas/index.ts'
import { KnownResidencies, listResidencies, type StoredResidency } from '../residency/index.ts'
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

type Residencies = ReadonlyMap<string, readonly string[]>

/**
 * Makes the feed's lines: opens secrets, and signs.
 *
 * Invariants: a node gets secrets and environments of what may run in its region, by what the account is held to now, and no others; what was
 * told before an account was held to other regions is not told again. Lines of revisions are made once for all nodes that see the same; for
 * most revisions that is everybody.
 */
export class LineEncoder {
  readonly #options: LineEncoderOptions
  readonly #states: Shared<Promise<StoreSnapshot>>
  readonly #snapshots: Shared<SharedLines>
  readonly #lines = new Map<string, Promise<string | undefined>>()
  readonly #residencies: KnownResidencies

  constructor(options: LineEncoderOptions) {
    this.#options = options
    // States are of no use once they are encoded.
    this.#states = new Shared(options.clock, 0)
    this.#snapshots = new Shared(options.clock, snapshotLingerMs)
    this.#residencies = new KnownResidencies(options.store)
  }

  close(): void {
    this.#residencies.close()
    this.#states.clear()
    this.#snapshots.clear()
  }

  /** @param region undefined for who may see every region's. Answers undefined where only a snapshot helps. */
  async revision(revision: StoredRevision, region: string | undefined): Promise<string | undefined> {
    const residency = await this.#residencies.of(accountOf(revision.change))
    if (residency !== undefined && residency.sequence > revision.sequence) return undefined
    // Whoever is let in has nothing of what it may have now.
    if (residency?.sequence === revision.sequence && isLetIn(residency, region)) return undefined
    const regions = residency?.regions
    const key = `${revision.sequence} ${this.#options.signer.successions.length} ${withheldOfChange(revision.change, region, regions)}`
    const known = this.#lines.get(key)
    if (known !== undefined) return known
    const line = this.#encodeRevision(revision, region, regions).catch((error: unknown) => {
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
      // Read after the functions, so that nobody is told of more than holds now.
      const residencies = await listResidencies(store)
      const viewKey = `${sequence} ${JSON.stringify([...residencies])} ${withheld(snapshot.functions, region, residencies)}`
      const lines = this.#snapshots.hold(viewKey, () => new SharedLines(this.#encodeSnapshot(snapshot, region, residencies)))
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

  async *#encodeSnapshot({ sequence, functions }: StoreSnapshot, region: string | undefined, residencies: ReadonlyMap<string, string[]>): AsyncGenerator<string> {
    const { store, signer } = this.#options
    const position = { protocol: protocolVersion, epoch: store.epoch, sequence } as const
    const hash = createHash('sha256')
    let index = 0
    for (; functions.length > (index + 1) * functionsPerPart; index += 1) {
      const record: FeedSnapshotPart = { type: 'snapshot-part', ...position, index, functions: await this.#openAll(functions.slice(index * functionsPerPart, (index + 1) * functionsPerPart), region, residencies) }
      const line = encode({ ...record, signature: signer.sign(record) })
      hash.update(line.trimEnd())
      yield line
      // Others have their turn between the parts.
      await setImmediate()
    }
    const record: FeedSnapshot = {
      type: 'snapshot', ...position, functions: await this.#openAll(functions.slice(index * functionsPerPart), region, residencies),
      // Read after them, so that nothing older than the snapshot is told: what is newer comes again as a revision.
      accounts: [...(await listForNodes(store, residencies))],
      ...(index === 0 ? {} : { parts: { count: index, hash: hash.digest('hex') } }),
    }
    yield encode({ ...record, signature: signer.sign(record) })
  }

  async #openAll(states: readonly FunctionState[], region: string | undefined, residencies: Residencies): Promise<FunctionState[]> {
    const opened: FunctionState[] = []
    for (const state of states) opened.push(await this.#open(region === undefined ? state : withholdFrom(region, state, residencies.get(state.account))))
    return opened
  }

  heartbeat(sequence: number): string {
    return encode({ type: 'heartbeat', epoch: this.#options.store.epoch, sequence })
  }

  async #encodeRevision({ sequence, timeMs, change }: StoredRevision, region: string | undefined, residency: readonly string[] | undefined): Promise<string> {
    const { store, signer } = this.#options
    const record: FeedRevision = {
      type: 'revision', protocol: protocolVersion, epoch: store.epoch, sequence, timeMs, change: await this.#openChange(change, region, residency), signature: '',
    }
    return encode({ ...record, signature: signer.sign(record) })
  }

  async #openChange(change: FeedChange, region: string | undefined, residency: readonly string[] | undefined): Promise<FeedChange> {
    if (change.kind === 'activate') {
      const residencies: Residencies = new Map(residency === undefined ? [] : [[accountOf(change), residency]])
      return { ...change, functions: await this.#openAll(change.functions, region, residencies) }
    }
    if (change.kind !== 'prepare' || region === undefined) return change
    return { ...change, versions: change.versions.map((version) => withholdVersion(region, version, residency)) }
  }

  async #open(state: FunctionState): Promise<FunctionState> {
    const sealed = Object.entries(state.secrets)
    if (sealed.length === 0) return state
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

/** Whose functions it is about: changes are of one account. */
function accountOf(change: FeedChange): string {
  if (change.kind === 'prepare') return change.versions[0]?.account ?? ''
  return change.kind === 'activate' ? (change.functions[0]?.account ?? '') : change.account
}

function isLetIn({ regions, before }: StoredResidency, region: string | undefined): boolean {
  if (region === undefined || before === undefined) return false
  return !before.includes(region) && (regions === undefined || regions.includes(region))
}

/** Of what of a change the region gets less than there is: what is withheld from two regions alike is one line for both. */
function withheldOfChange(change: FeedChange, region: string | undefined, residency: readonly string[] | undefined): string {
  if (region === undefined) return ''
  if (change.kind === 'activate') return withheld(change.functions, region, new Map(residency === undefined ? [] : [[accountOf(change), residency]]))
  return change.kind === 'prepare' ? placesOf(change.versions, (version) => withholdVersion(region, version, residency) !== version) : ''
}

function withheld(functions: readonly FunctionState[], region: string | undefined, residencies: Residencies): string {
  if (region === undefined) return ''
  return functions.flatMap((state, index) => {
    const residency = residencies.get(state.account)
    if (!isWithheld(region, state, residency)) return []
    return [`${index}:${placesOf(state.versions, ({ config }) => !mayRunIn(config.regions, residency, region))}`]
  }).join()
}

function placesOf<T>(items: readonly T[], isMeant: (item: T) => boolean): string {
  return items.flatMap((item, index) => (isMeant(item) ? [index] : [])).join('+')
}

function encode(record: FeedRecord): string {
  return `${JSON.stringify(record)}\n`
}
