import type { DataKeys, RecordSigner } from '../auth/index.ts'
import type { Clock } from '../clock.ts'
import { heartbeatIntervalMs } from '../protocol/index.ts'
import type { Store, StoredRevision } from '../store/index.ts'
import { LineEncoder } from './line-encoder.ts'

export interface FeedOptions {
  readonly store: Store
  readonly signer: RecordSigner
  readonly dataKeys: DataKeys
  readonly clock: Clock
}

/** Where a node stands; empty fields where it knows nothing. */
export interface FeedPosition {
  readonly epoch?: string | undefined
  readonly after?: number | undefined
  /** Where it is: secrets of functions that may not run there are left out. Undefined gets them all. */
  readonly region?: string | undefined
}

const revisionsPerRead = 50

/**
 * The ordered log as subscribers see it.
 *
 * A subscriber is a cursor into the store's log, not a queue: who reads slowly costs no memory, and where the log no longer
 * reaches back to his cursor, he gets a snapshot. Secrets are opened and records signed on the way out.
 */
export class Feed {
  readonly #store: Store
  readonly #encoder: LineEncoder
  readonly #clock: Clock
  readonly #wakers = new Set<() => void>()
  readonly #stopListening: () => void
  /** Counts revisions, so that none slips between a subscriber's read and its wait. */
  #generation = 0
  /** The last revision since this began, undefined before the first: who stands at it, or before it, needs not ask the store. */
  #latest: StoredRevision | undefined
  #isClosed = false

  constructor(options: FeedOptions) {
    this.#store = options.store
    this.#encoder = new LineEncoder(options)
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
        for await (const { line, sequence } of this.#encoder.snapshot(position.region)) {
          if (signal.aborted || this.#isClosed) return
          cursor = sequence
          yield line
        }
        owesHeartbeat = true
        continue
      }
      for (const revision of revisions) {
        const line = await this.#encoder.revision(revision, position.region)
        cursor = line === undefined ? undefined : revision.sequence
        if (line === undefined) break
        yield line
      }
      if (revisions.length > 0 || cursor === undefined) continue
      // What comes with a revision tells as much: a heartbeat is for who has just caught up, and for silence.
      if (owesHeartbeat) yield this.#encoder.heartbeat(cursor)
      owesHeartbeat = await this.#waitForChange(generation, signal) === 'silence'
    }
  }

  close(): void {
    this.#isClosed = true
    this.#encoder.close()
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
}
