import { createHash, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { SkerryError } from '../../errors/index.ts'
import type { LogCodec, LogMessage, LogPosition } from './commit-message.ts'
import { disagreed, LogFollower } from './log-follower.ts'
import type { JetStreamLog } from './log-jetstream.ts'
import { keepMessage, readKeptMessage } from './log-messages.ts'
import { readEpoch, readLogPosition, writeEpoch, writeLogPosition } from './log-position.ts'
import type { JetStreamObjects } from './objects-jetstream.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { applyCommit, type StateCommit } from './sqlite-writes.ts'
import type { StoredRevision } from './store.ts'

export interface ReplicaOptions {
  readonly database: SqliteDatabase
  readonly log: JetStreamLog
  readonly objects: JetStreamObjects
  readonly codec: LogCodec
  readonly revisionsKept: number
  /** See `LogFollowerOptions`. */
  readonly shortMs?: number | undefined
  /** Told of each revision once it is in the state. */
  readonly onRevision: (revision: StoredRevision) => void
  /** Brings the state to where the log begins, from a checkpoint. */
  readonly restore: () => Promise<void>
  readonly onFailure: (error: unknown) => void
}

/** A commit of this replica on its way through the log. */
interface Pending {
  readonly code: string
  isApplied: boolean
  revision: StoredRevision | undefined
}

/** A commit is no longer than this as JSON. */
const commitBytesMax = 64 * 1024 * 1024
const bodyPrefix = 'commit/'
const missingMs = 30_000
const putBackMs = 20_000
const waiver = Symbol('rehearsed')

const genesisSchema = z.strictObject({ epoch: z.string() })
const referenceSchema = z.strictObject({ object: z.string(), hash: z.string() })

/** Where bodies of the messages before a position lie; those of later ones do not begin so. */
export function bodyPosition(object: string): number | undefined {
  return object.startsWith(bodyPrefix) ? Number(object.slice(bodyPrefix.length).split('/')[0]) : undefined
}

/**
 * The state of one replica: what the messages of the log came to, one after the other. Whatever message does not verify, or can not be
 * applied, ends it: from then on every call throws `storage_corrupt`.
 */
export class Replica {
  readonly follower: LogFollower
  readonly #options: ReplicaOptions
  #at: LogPosition
  #pending: Pending | undefined
  #missing: { readonly position: number; readonly sinceMs: number } | undefined

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.#at = readLogPosition(options.database)
    this.follower = new LogFollower({
      log: options.log,
      position: () => this.#at.position,
      apply: (message) => this.#receive(message),
      restore: async () => {
        await options.restore()
        this.#at = readLogPosition(options.database)
      },
      putBack: (after) => this.#putBack(after),
      shortMs: options.shortMs,
      onFailure: (error) => options.onFailure(this.#options.database.explain(error)),
    })
  }

  get at(): LogPosition {
    return this.#at
  }

  /** Makes the first message where the log is empty; several replicas may try at once. */
  async begin(endsMs: number): Promise<void> {
    if (this.#at.position > 0) return
    const { codec, log } = this.#options
    const { bytes } = codec.encode('genesis', Buffer.from(JSON.stringify({ epoch: randomUUID() } satisfies z.infer<typeof genesisSchema>)), this.#at)
    await log.append(bytes, 0, endsMs)
    await this.follower.catchUp()
  }

  /** Throws what applying the commit would, and changes nothing: what is in the log has to apply at every replica. */
  rehearse(commit: StateCommit): void {
    const { database, revisionsKept } = this.#options
    try {
      database.transaction(() => {
        applyCommit(database, commit, revisionsKept)
        throw waiver
      })
    } catch (error) {
      if (error !== waiver) throw error
    }
  }

  /** Adds a commit behind the position that it was composed on, and applies it. Answers undefined where something else is there by now. */
  async publish(commit: StateCommit, on: LogPosition, endsMs: number): Promise<{ readonly revision: StoredRevision | undefined } | undefined> {
    const { codec, log, objects } = this.#options
    const body = Buffer.from(JSON.stringify(commit))
    const object = body.length > (await log.bodyBytesMax(endsMs)) ? await this.#putBody(body, on.position + 1) : undefined
    const message = object === undefined ? codec.encode('commit', body, on) : codec.encode('reference', Buffer.from(JSON.stringify(object)), on)
    const pending: Pending = { code: message.next.code, isApplied: false, revision: undefined }
    this.#pending = pending
    try {
      if ((await log.append(message.bytes, on.position, endsMs)) === 'taken') {
        if (object !== undefined) await objects.delete(object.object)
        return undefined
      }
      log.announce(message.next.position)
      if (!pending.isApplied) this.#applyAdded(commit, on, message)
      return { revision: pending.revision }
    } finally {
      this.#pending = undefined
    }
  }

  #applyAdded(commit: StateCommit, on: LogPosition, message: LogMessage): void {
    // A checkpoint that was taken over meanwhile has it, and its revision is not known here.
    if (this.#at.position !== on.position) throw new SkerryError('outcome_unknown', 'The change is made, but others came after it before this replica heard so.')
    try {
      this.#apply(commit, message)
    } catch (error) {
      if (!(error instanceof SkerryError && error.code === 'storage_full')) throw error
      throw new SkerryError('outcome_unknown', 'The change is made, but this replica can not show it: its disk is full. It tries again.', { cause: error })
    }
  }

  async #putBody(body: Uint8Array, position: number): Promise<z.infer<typeof referenceSchema>> {
    if (body.length > commitBytesMax) {
      throw new SkerryError('request_too_large', `The change takes ${body.length} bytes, and one may take ${commitBytesMax}: deploy fewer functions at once.`, {
        limit: commitBytesMax, used: body.length,
      })
    }
    const object = `${bodyPrefix}${position}/${randomUUID()}`
    await this.#options.objects.put(object, body)
    return { object, hash: sha256(body) }
  }

  async #receive(bytes: Uint8Array): Promise<void> {
    const on = this.#at
    const message = this.#verified(() => this.#options.codec.decode(bytes, on), on)
    const commit = await this.#commitOf(message, on)
    // This replica's own commit may have come here first.
    if (this.#at === on) this.#apply(commit, message)
  }

  /**
   * Adds again what the servers have lost behind a position, as far as this replica has kept it. Several replicas may do so at once: each
   * message goes to its own place or nowhere.
   */
  async #putBack(after: number): Promise<void> {
    const { log, onFailure } = this.#options
    const { position: end } = this.#at
    const endsMs = performance.now() + putBackMs
    let added = 0
    if (after > 0) await this.#requireSame(after)
    for (let position = after + 1; position <= end; position += 1) {
      const kept = readKeptMessage(this.#options.database, position)
      if (kept === undefined) throw lostForGood(position, end)
      if ((await log.append(kept, position - 1, endsMs)) === 'added') added += 1
      else await this.#requireSame(position)
    }
    onFailure(new Error(`The NATS servers had lost the messages ${after + 1} to ${end} of the log, which were committed; this replica has put ${added} of them back.`))
  }

  /** Throws where the log has another message at a place than the one that this replica has applied. */
  async #requireSame(position: number): Promise<void> {
    const kept = readKeptMessage(this.#options.database, position)
    const stored = await this.#options.log.read(position)
    if (stored === undefined) throw disagreed(`message ${position} is missing`)
    if (kept === undefined || Buffer.from(stored).equals(kept)) return
    throw new SkerryError(
      'storage_corrupt',
      `The log that the NATS servers keep has another message ${position} than the one that this replica has applied: they lost what was committed, and other changes took its place. This replica neither reads nor writes any more. Restore a backup, or have the replicas that agree go on and start this one with an empty --data.`,
    )
  }

  /** What a message asks for; undefined where it is the first. */
  async #commitOf(message: LogMessage, on: LogPosition): Promise<StateCommit | undefined> {
    if (message.kind === 'genesis') return undefined
    if (message.kind === 'commit') return this.#verified(() => parse(message.body) as StateCommit, on)
    const reference = this.#verified(() => referenceSchema.parse(parse(message.body)), on)
    const body = await this.#options.objects.get(reference.object)
    if (body === undefined) this.#missSince(on.position)
    return this.#verified(() => {
      if (body === undefined) throw new Error('its body, which lies in the object store, is gone')
      if (sha256(body) !== reference.hash) throw new Error('its body, which lies in the object store, was changed')
      return parse(body) as StateCommit
    }, on)
  }

  /** A server that has just begun to lead may not know the body yet, and one behind the newest checkpoint is gone with its message. */
  #missSince(position: number): void {
    if (this.#missing?.position !== position) this.#missing = { position, sinceMs: performance.now() }
    if (performance.now() - this.#missing.sinceMs > missingMs) return
    throw new SkerryError('storage_unreachable', `The body of message ${position + 1} of the log is not there yet.`)
  }

  #apply(commit: StateCommit | undefined, { body, bytes, next }: LogMessage): void {
    const { database, revisionsKept, onRevision } = this.#options
    const on = this.#at
    const revision = this.#verified(
      () =>
        database.transaction(() => {
          writeLogPosition(database, next)
          keepMessage(database, next.position, bytes)
          if (commit !== undefined) return applyCommit(database, commit, revisionsKept)
          if (readEpoch(database) !== undefined) throw new Error('it begins a log, and this is not the beginning')
          writeEpoch(database, genesisSchema.parse(parse(body)).epoch)
          return undefined
        }),
      on,
    )
    this.#at = next
    if (this.#pending?.code === next.code) {
      this.#pending.isApplied = true
      this.#pending.revision = revision
    }
    if (revision !== undefined) onRevision(revision)
  }

  /** What goes wrong in the work is damage of the log, unless it is the disk's. */
  #verified<T>(work: () => T, on: LogPosition): T {
    try {
      return work()
    } catch (error) {
      if (error instanceof SkerryError) throw error
      const finding = error instanceof Error ? error.message : String(error)
      throw this.#options.database.explain(
        new SkerryError('storage_corrupt', `Message ${on.position + 1} of the log that the NATS servers keep is not what follows: ${finding}. This replica neither reads nor writes any more. Where that log was put in place on purpose, as by a restore, start it again.`, { cause: error }),
      )
    }
  }
}

function lostForGood(position: number, end: number): SkerryError {
  return new SkerryError(
    'storage_corrupt',
    `The log that the NATS servers keep is damaged: it lacks message ${position}, this replica has applied ${end}, and keeps none so old. This replica neither reads nor writes any more. Restore a backup.`,
  )
}

function parse(body: Uint8Array): unknown {
  return JSON.parse(Buffer.from(body).toString('utf8'))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
