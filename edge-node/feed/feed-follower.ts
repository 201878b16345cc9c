import type { KeyObject } from 'node:crypto'
import type { FeedRecord, FeedRevision, FeedSnapshot } from '../../control-plane/protocol/index.ts'
import { type ErrorCode, SkerryError } from '../../errors/index.ts'
import { BackOff } from '../control-plane/index.ts'
import { readLines } from './lines.ts'
import type { FeedPosition } from './node-state.ts'
import { parseRecord } from './parse-record.ts'
import { SnapshotParts, type WholeRecord } from './snapshot-parts.ts'

export interface FeedFollowerOptions {
  readonly open: (position: FeedPosition | undefined, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>
  /** The last revision that was applied. */
  readonly position: () => FeedPosition | undefined
  /** Whether the node has gone on from this epoch to another. */
  readonly hasLeft?: (epoch: string) => boolean
  /** Applies one record; the position stands at it afterwards. */
  readonly apply: (record: FeedSnapshot | FeedRevision) => Promise<void>
  readonly publicKey: () => KeyObject | undefined
  /** A record can not be read, or is not signed by the key that is known. */
  readonly onRefusedRecord?: () => void
  /** Everything up to what the control plane has was applied. */
  readonly onCaughtUp: () => void
  readonly onDisconnected: () => void
  /** Told once per outage and cause, and once when it is over. */
  readonly onOutage: (error: SkerryError | undefined) => void
  readonly backOff?: BackOff
}

const firstDelayMs = 100
const mostDelayMs = 5_000

/** A gap, or another epoch: only a snapshot helps. */
class OutOfStep extends Error {}

/**
 * Follows the control plane's feed for ever: resumes where it stopped, connects again after a jittered wait, and takes a
 * snapshot where its position means nothing any more.
 *
 * Invariants: records are applied strictly in order, each once, one at a time; nothing invalid is applied.
 */
export class FeedFollower {
  readonly #options: FeedFollowerOptions
  readonly #stop = new AbortController()
  readonly #backOff: BackOff
  #wantsSnapshot = false
  /** Code of what was told last of an outage that goes on. */
  #failure: ErrorCode | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: FeedFollowerOptions) {
    this.#options = options
    this.#backOff = options.backOff ?? new BackOff(firstDelayMs, mostDelayMs)
  }

  start(): void {
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        await this.#follow(signal)
        this.#fail(new SkerryError('server_unreachable', 'The control plane ended the feed.'))
      } catch (error) {
        if (signal.aborted) break
        if (error instanceof OutOfStep) {
          // Told apart from failure: connect again at once, but not in a loop that never waits.
          this.#wantsSnapshot = true
        } else {
          this.#fail(error instanceof SkerryError ? error : new SkerryError('server_unreachable', 'The feed broke off.', { cause: error }))
        }
      }
      this.#options.onDisconnected()
      await this.#backOff.wait(signal)
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const from = this.#wantsSnapshot ? undefined : this.#options.position()
    const chunks = await this.#options.open(from, signal)
    let expectsSnapshot = from === undefined
    const parts = new SnapshotParts()
    for await (const line of readLines(chunks)) {
      if (signal.aborted) return
      const record = parts.join(line, this.#parse(line))
      if (record === undefined) continue
      if (expectsSnapshot && record.type !== 'snapshot') throw new SkerryError('internal_error', 'The feed did not start with a snapshot.')
      expectsSnapshot = false
      await this.#take(record)
      this.#backOff.reset()
      if (this.#failure !== undefined) this.#options.onOutage(undefined)
      this.#failure = undefined
    }
  }

  async #take(record: WholeRecord): Promise<void> {
    if (record.type === 'snapshot') {
      this.#refuseOlder(record)
      await this.#options.apply(record)
      this.#wantsSnapshot = false
      return
    }
    const position = this.#options.position()
    if (position === undefined || record.epoch !== position.epoch) throw new OutOfStep()
    if (record.type === 'heartbeat') {
      if (record.sequence > position.sequence) throw new OutOfStep()
      this.#options.onCaughtUp()
    } else if (record.sequence === position.sequence + 1) {
      await this.#options.apply(record)
    } else if (record.sequence > position.sequence) {
      throw new OutOfStep()
    }
  }

  /** What was true once is signed as well as what is true now: whoever stands between must not lead the node back. */
  #refuseOlder({ epoch, sequence }: FeedSnapshot): void {
    const position = this.#options.position()
    const isOlder = epoch === position?.epoch ? sequence < position.sequence : this.#options.hasLeft?.(epoch) === true
    if (!isOlder) return
    this.#wantsSnapshot = false
    throw new SkerryError('internal_error', `The feed offers the state at ${sequence} of ${epoch}, which is older than what this node has; it was not applied.`)
  }

  #parse(line: string): FeedRecord {
    try {
      return parseRecord(line, this.#options.publicKey())
    } catch (error) {
      this.#options.onRefusedRecord?.()
      // What can't be understood can't be skipped either: start over from a snapshot.
      this.#wantsSnapshot = true
      throw error
    }
  }

  #fail(error: SkerryError): void {
    if (this.#failure === error.code) return
    this.#failure = error.code
    this.#options.onOutage(error)
  }
}
