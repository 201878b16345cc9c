import { setTimeout as delay } from 'node:timers/promises'
import { DiscardPolicy, JetStreamApiCodes, JetStreamApiError, StorageType } from '@nats-io/jetstream'
import { SkerryError } from '../../errors/index.ts'
import { isFull, isNoResponders, isWrongLastSequence, storageFull, toStoreError } from '../nats/failures-nats.ts'
import { type NatsLink, type NatsSession, unreachable } from '../nats/link-nats.ts'

/** Where the log begins and ends; `last` is `first - 1` where it is empty. */
export interface LogBounds {
  readonly first: number
  readonly last: number
}

export interface JetStreamLogOptions {
  readonly link: NatsLink
  /** Of stream and subjects. */
  readonly name: string
  readonly replicas: number
  /** The stream grows no larger; unset, only the servers' own bounds hold. */
  readonly maximumBytes?: number | undefined
}

/** Nothing of a message but the body, in bytes: subject, headers and the line before it. */
const messageOverheadBytes = 4_096
const defaultPayloadBytes = 1024 * 1024
/** The client goes to another server within this, in milliseconds; where none takes it, waiting longer is of no use. */
const disconnectedMs = 3_000
const attemptMs = 2_000
const retryMs = 50

/** The log of commits in one stream: message N stands at the stream's sequence N, and is there or is not. */
export class JetStreamLog {
  readonly #options: JetStreamLogOptions
  readonly #stream: string
  readonly #subject: string
  readonly #hintSubject: string

  constructor(options: JetStreamLogOptions) {
    this.#options = options
    this.#stream = `${options.name}-log`
    this.#subject = `${options.name}.log`
    this.#hintSubject = `${options.name}.log-grew`
  }

  /** Makes the stream where it is not there yet. */
  async create(): Promise<void> {
    const { replicas, maximumBytes } = this.#options
    await this.#ask(async ({ manager }) => {
      const limits = maximumBytes === undefined ? {} : { max_bytes: maximumBytes }
      try {
        const { config } = await manager.streams.info(this.#stream)
        if (maximumBytes !== undefined && config.max_bytes !== maximumBytes) await manager.streams.update(this.#stream, limits)
      } catch (error) {
        if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error
        await manager.streams.add({
          name: this.#stream, subjects: [this.#subject], num_replicas: replicas, storage: StorageType.File, discard: DiscardPolicy.New, ...limits,
        })
      }
    })
  }

  /** When the stream was made, as the servers write it; undefined where there is none. */
  async origin(): Promise<string | undefined> {
    return this.#ask(async ({ manager }) => {
      try {
        return (await manager.streams.info(this.#stream)).created
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined
        throw error
      }
    })
  }

  async bounds(): Promise<LogBounds> {
    const { state } = await this.#ask(({ manager }) => manager.streams.info(this.#stream))
    return { first: Math.max(1, state.first_seq), last: state.last_seq }
  }

  /** Undefined where there is none, not yet or no more. */
  async read(position: number): Promise<Uint8Array | undefined> {
    const message = await this.#ask(({ manager }) => manager.streams.getMessage(this.#stream, { seq: position }))
    return message?.data
  }

  /** The longest body of a message, in bytes. Rejects with `storage_unreachable` where that is not known in time. */
  async bodyBytesMax(endsMs: number): Promise<number> {
    const { connection } = await this.#connected(endsMs, false)
    return (connection.info?.max_payload ?? defaultPayloadBytes) - messageOverheadBytes
  }

  /**
   * Adds the message behind the position, if nothing else has been. Where an answer does not come, it asks again until what happened is
   * certain: no two messages can stand at one place, so asking again does no harm.
   * Rejects with `storage_full` and `storage_unreachable` (it was not added), or with `outcome_unknown` when time is up.
   */
  async append(message: Uint8Array, after: number, endsMs: number): Promise<'added' | 'taken'> {
    let isOnItsWay = false
    for (;;) {
      const session = await this.#connected(endsMs, isOnItsWay)
      try {
        const timeout = Math.max(1, Math.min(attemptMs, endsMs - performance.now()))
        const acknowledgement = await this.#options.link.whileConnected(
          session.client.publish(this.#subject, message, { expect: { lastSequence: after }, timeout }),
        )
        if (acknowledgement.seq === after + 1 && !acknowledgement.duplicate) return 'added'
        isOnItsWay = true
      } catch (error) {
        if (isFull(error) && !isOnItsWay) throw storageFull(error)
        // Servers that have no room left may say so before they look whether it is there already.
        if (isWrongLastSequence(error) || isFull(error)) {
          if (!isOnItsWay) return 'taken'
          const stored = await this.read(after + 1).catch(() => undefined)
          if (stored !== undefined) return Buffer.from(stored).equals(message) ? 'added' : 'taken'
        }
        isOnItsWay ||= !isNoResponders(error)
      }
      await delay(retryMs + Math.random() * retryMs)
    }
  }

  /** Forgets the messages before a position. */
  async trim(first: number): Promise<void> {
    await this.#ask(({ manager }) => manager.streams.purge(this.#stream, { seq: first }))
  }

  /** Tells the other replicas how far the log goes; who misses it finds out a little later. */
  announce(position: number): void {
    this.#options.link.session?.connection.publish(this.#hintSubject, String(position))
  }

  /** Calls back when another replica has announced something. Whoever can publish can announce anything: it is a hint to look. */
  onAnnounced(listener: (position: number) => void): () => void {
    return this.#options.link.onSession(({ connection }) => {
      connection.subscribe(this.#hintSubject, {
        callback: (error, message) => {
          const position = error === null ? Number(message.string()) : Number.NaN
          if (Number.isSafeInteger(position)) listener(position)
        },
      })
    })
  }

  async #connected(endsMs: number, isOnItsWay: boolean): Promise<NatsSession> {
    const leftMs = endsMs - performance.now()
    try {
      if (leftMs <= 0) throw unreachable()
      return await this.#options.link.whenConnected(Math.min(leftMs, disconnectedMs))
    } catch (error) {
      if (!isOnItsWay) throw error
      throw new SkerryError('outcome_unknown', 'The servers that keep the log went away while the change was on its way to them.', { cause: error })
    }
  }

  async #ask<T>(request: (session: NatsSession) => Promise<T>): Promise<T> {
    const session = await this.#options.link.whenConnected(disconnectedMs)
    try {
      return await this.#options.link.whileConnected(request(session))
    } catch (error) {
      throw toStoreError(error)
    }
  }
}
