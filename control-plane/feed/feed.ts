import type { RecordSigner, SecretBox } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import {
  type FeedChange,
  type FeedRecord,
  type FeedRevision,
  type FeedSnapshot,
  type FunctionState,
  heartbeatIntervalMs,
  protocolVersion,
} from '../protocol/index.ts'
import type { Store, StoredRevision } from '../store/index.ts'

export interface FeedOptions {
  readonly store: Store
  readonly signer: RecordSigner
  readonly box: SecretBox
  readonly clock: Clock
}

/** Where a node stands; empty fields where it knows nothing. */
export interface FeedPosition {
  readonly epoch?: string | undefined
  readonly after?: number | undefined
}

const revisionsPerRead = 50
const encodedLinesKept = 64

/** Context that a secret's value is sealed for. */
export function secretContext(account: string, functionName: string, key: string): string {
  return `secret:${account}/${functionName}/${key}`
}

/**
 * The ordered log as subscribers see it.
 *
 * A subscriber is a cursor into the store's log, not a queue: who reads slowly costs no memory, and where the log no longer
 * reaches back to his cursor, he gets a snapshot. Secrets are opened and records signed on the way out.
 */
export class Feed {
  readonly #store: Store
  readonly #signer: RecordSigner
  readonly #box: SecretBox
  readonly #clock: Clock
  readonly #encodedLines = new Map<number, string>()
  readonly #wakers = new Set<() => void>()
  readonly #stopListening: () => void
  /** Counts revisions, so that none slips between a subscriber's read and its wait. */
  #generation = 0
  /** The last revision since this began, undefined before the first: who stands at it, or before it, needs not ask the store. */
  #latest: StoredRevision | undefined
  #isClosed = false

  constructor(options: FeedOptions) {
    this.#store = options.store
    this.#signer = options.signer
    this.#box = options.box
    this.#clock = options.clock
    this.#stopListening = options.store.onRevision((revision) => {
      this.#latest = revision
      this.#generation += 1
      this.#wake()
    })
  }

  /** Lines for one subscriber, without end: ends when the signal aborts or the feed closes. */
  async *lines(position: FeedPosition, signal: AbortSignal): AsyncGenerator<string> {
    let cursor = position.epoch === this.#store.epoch ? position.after : undefined
    let owesHeartbeat = true
    while (!signal.aborted && !this.#isClosed) {
      const generation = this.#generation
      const revisions = cursor === undefined ? undefined : await this.#revisionsAfter(cursor)
      if (cursor === undefined || revisions === undefined) {
        const snapshot = await this.#store.readSnapshot()
        cursor = snapshot.sequence
        owesHeartbeat = true
        yield this.#encodeSnapshot(snapshot.sequence, snapshot.functions)
        continue
      }
      for (const revision of revisions) {
        cursor = revision.sequence
        yield this.#encodeRevision(revision)
      }
      if (revisions.length > 0) continue
      // What comes with a revision tells as much: a heartbeat is for who has just caught up, and for silence.
      if (owesHeartbeat) yield encode({ type: 'heartbeat', epoch: this.#store.epoch, sequence: cursor })
      owesHeartbeat = await this.#waitForChange(generation, signal) === 'silence'
    }
  }

  close(): void {
    this.#isClosed = true
    this.#stopListening()
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake()
  }

  /** Undefined where the log no longer reaches back. What was appended last is taken from memory, once for all subscribers. */
  async #revisionsAfter(cursor: number): Promise<readonly StoredRevision[] | undefined> {
    const ahead = this.#latest === undefined ? undefined : this.#latest.sequence - cursor
    if (ahead === 0) return []
    return ahead === 1 && this.#latest !== undefined ? [this.#latest] : this.#store.readRevisions(cursor, revisionsPerRead)
  }

  #waitForChange(generation: number, signal: AbortSignal): Promise<'change' | 'silence'> {
    if (generation !== this.#generation || signal.aborted || this.#isClosed) return Promise.resolve('change')
    return new Promise((resolve) => {
      const end = (what: 'change' | 'silence'): void => {
        this.#wakers.delete(wake)
        signal.removeEventListener('abort', wake)
        cancelTimer()
        resolve(what)
      }
      const wake = (): void => end('change')
      const cancelTimer = this.#clock.after(heartbeatIntervalMs, () => end('silence'))
      this.#wakers.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  #encodeRevision(revision: StoredRevision): string {
    const known = this.#encodedLines.get(revision.sequence)
    if (known !== undefined) return known
    const record: FeedRevision = {
      type: 'revision',
      protocol: protocolVersion,
      epoch: this.#store.epoch,
      sequence: revision.sequence,
      timeMs: revision.timeMs,
      change: this.#openChange(revision.change),
      signature: '',
    }
    const line = encode({ ...record, signature: this.#signer.sign(record) })
    this.#encodedLines.set(revision.sequence, line)
    if (this.#encodedLines.size > encodedLinesKept) {
      const oldest = this.#encodedLines.keys().next().value
      if (oldest !== undefined) this.#encodedLines.delete(oldest)
    }
    return line
  }

  #encodeSnapshot(sequence: number, functions: readonly FunctionState[]): string {
    const record: FeedSnapshot = {
      type: 'snapshot',
      protocol: protocolVersion,
      epoch: this.#store.epoch,
      sequence,
      functions: functions.map((state) => this.#openState(state)),
    }
    return encode({ ...record, signature: this.#signer.sign(record) })
  }

  #openChange(change: FeedChange): FeedChange {
    if (change.kind !== 'activate') return change
    return { ...change, functions: change.functions.map((state) => this.#openState(state)) }
  }

  #openState(state: FunctionState): FunctionState {
    const opened = Object.entries(state.secrets).map(([key, sealed]) => [
      key,
      this.#box.open(sealed, secretContext(state.account, state.function, key)),
    ])
    return { ...state, secrets: Object.fromEntries(opened) }
  }
}

function encode(record: FeedRecord): string {
  return `${JSON.stringify(record)}\n`
}
