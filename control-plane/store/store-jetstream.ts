import { setTimeout as delay } from 'node:timers/promises'
import { SkerryError } from '../../errors/index.ts'
import { JetStreamArtifacts } from './artifacts-jetstream.ts'
import type { JetStreamCheckpoints } from './checkpoints-jetstream.ts'
import type { JetStreamObjects } from './objects-jetstream.ts'
import type { Replica } from './replica-jetstream.ts'
import type { RevisionListeners } from './revision-listeners.ts'
import { settle, valueOf } from './settled.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { SqliteImage } from './sqlite-image.ts'
import { SqliteReads } from './sqlite-reads.ts'
import type { StateCommit } from './sqlite-writes.ts'
import type { StoreImage } from './store-image.ts'
import type { ArtifactRange, CollectedArtifacts, Commit, ComposeCommit, Store, StoredArtifact, StoredRevision } from './store.ts'

export interface JetStreamStoreParts {
  readonly database: SqliteDatabase
  readonly epoch: string
  readonly replica: Replica
  readonly objects: JetStreamObjects
  readonly checkpoints: JetStreamCheckpoints
  readonly listeners: RevisionListeners
  /** How long a commit may take, waiting included, in milliseconds. */
  readonly commitMs: number
  readonly onFailure: (error: unknown) => void
}

const attemptsMax = 40
const firstPauseMs = 2
const longestPauseMs = 200

/** One replica of a store whose log lies in JetStream: it reads its own state, and writes through the log. */
export class JetStreamStore extends SqliteReads implements Store {
  readonly epoch: string
  readonly #parts: JetStreamStoreParts
  readonly #artifacts: JetStreamArtifacts
  /** Commits of this replica follow one another: they would only meet in the log. */
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(parts: JetStreamStoreParts) {
    super(parts.database)
    this.epoch = parts.epoch
    this.#parts = parts
    this.#artifacts = new JetStreamArtifacts({
      database: parts.database, objects: parts.objects, commit: (compose) => this.#commit(compose), catchUp: () => parts.replica.follower.catchUp(),
    })
  }

  putArtifact(artifact: StoredArtifact): Promise<void> {
    return this.#artifacts.put(artifact)
  }

  async artifactBytes(account: string, hash: string): Promise<number | undefined> {
    return this.#artifacts.bytes(account, hash) ?? (await this.#caughtUp()).bytes(account, hash)
  }

  async storedBytes(account: string): Promise<number> {
    return this.#artifacts.storedBytes(account)
  }

  async readArtifact(hash: string): Promise<Uint8Array | undefined> {
    return (await this.#artifacts.read(hash)) ?? (await this.#caughtUp()).read(hash)
  }

  collectArtifacts(uploadedBeforeMs: number, range: ArtifactRange): Promise<CollectedArtifacts> {
    return this.#artifacts.collect(uploadedBeforeMs, range)
  }

  commit(commit: Commit | ComposeCommit): Promise<StoredRevision | undefined> {
    return this.#commit(commit)
  }

  onRevision(listener: (revision: StoredRevision) => void): () => void {
    return this.#parts.listeners.add(listener)
  }

  async openImage(): Promise<StoreImage> {
    return new SqliteImage(this.database, this.epoch, async (hash, get) => {
      const object = get('SELECT object FROM artifacts WHERE hash = ?', hash)?.['object']
      return this.#artifacts.readObject(hash, String(object))
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#last
    await this.#parts.replica.follower.stop()
    await this.#parts.checkpoints.settle()
    this.database.close()
  }

  /** With what was uploaded through other replicas a moment ago: who uploads and deploys may be sent to one after the other. */
  async #caughtUp(): Promise<JetStreamArtifacts> {
    await this.#parts.replica.follower.catchUp()
    return this.#artifacts
  }

  #commit(commit: StateCommit | (() => Promise<StateCommit> | StateCommit)): Promise<StoredRevision | undefined> {
    const endsMs = performance.now() + this.#parts.commitMs
    const committed = this.#last.then(() => this.#compareAndSet(typeof commit === 'function' ? commit : () => commit, endsMs))
    this.#last = committed.catch(() => undefined)
    return committed
  }

  async #compareAndSet(compose: () => Promise<StateCommit> | StateCommit, endsMs: number): Promise<StoredRevision | undefined> {
    const { replica, checkpoints, onFailure } = this.#parts
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const on = replica.at
      const composed = await settle(compose)
      // Whoever is told no is told so by the newest state, not by one that is some milliseconds old.
      if ('error' in composed) await replica.follower.catchUp()
      // Another replica's commit came between the reads of this one: what it made of them is worth nothing, its refusals neither.
      if (replica.at === on) {
        const commit = valueOf(composed)
        if (commit.writes.length === 0 && commit.change === undefined) return undefined
        replica.rehearse(commit)
        const published = await replica.publish(commit, on, endsMs)
        if (published !== undefined) {
          checkpoints.consider(on.position, replica.at.position).catch(onFailure)
          return published.revision
        }
        await replica.follower.catchUp()
      }
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * Math.random()
      if (performance.now() + pauseMs > endsMs) break
      await delay(pauseMs)
    }
    throw new SkerryError('conflict', 'Other changes came between again and again; nothing was changed. Repeat it.')
  }
}
