import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { SkerryError } from '../../errors/index.ts'
import { findIdleArtifacts } from './idle-artifacts.ts'
import type { JetStreamObjects } from './objects-jetstream.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import type { StateCommit, StateWrite } from './sqlite-writes.ts'
import type { ArtifactRange, CollectedArtifacts, StoredArtifact } from './store.ts'
import { verifiedArtifact } from './verified-artifact.ts'

const prefix = 'artifact/'
/** Read artifacts kept in memory: many nodes ask for a new one at about the same time. */
const cacheBytes = 64 * 1024 * 1024
const uploadsMax = 5

export interface JetStreamArtifactsOptions {
  readonly database: SqliteDatabase
  readonly objects: Pick<JetStreamObjects, 'put' | 'get' | 'delete' | 'list'>
  readonly commit: (compose: () => StateCommit) => Promise<unknown>
  /** Applies whatever the log holds by now; rejects where that is not certain. */
  readonly catchUp: () => Promise<void>
}

/**
 * Artifacts as objects, and which object has which artifact in the state. Each upload has an object of its own, so that none is ever
 * deleted under whoever uploads the same again.
 */
export class JetStreamArtifacts {
  readonly #options: JetStreamArtifactsOptions
  readonly #cache = new LRUCache<string, Uint8Array>({ maxSize: cacheBytes, sizeCalculation: (bytes) => Math.max(1, bytes.length) })

  constructor(options: JetStreamArtifactsOptions) {
    this.#options = options
  }

  async put({ account, hash, bytes, uploadedMs }: StoredArtifact): Promise<void> {
    const { objects, commit } = this.#options
    for (let upload = 1; upload <= uploadsMax; upload += 1) {
      const found = this.#objectOf(hash)
      const isWhole = found !== undefined && (await this.#isWhole(hash, found))
      const object = isWhole ? found : `${prefix}${hash}/${randomUUID()}`
      if (!isWhole) await objects.put(object, bytes)
      let isNamed = false
      await commit(() => {
        // Collected, or put by another replica meanwhile: then that counts, and this starts over.
        isNamed = this.#objectOf(hash) === found
        const write: StateWrite = { kind: 'putArtifact', account, hash, object, bytes: bytes.length, uploadedMs }
        return { writes: isNamed ? [write] : [], timeMs: uploadedMs }
      })
      if (isNamed) return
      if (!isWhole) await objects.delete(object)
    }
    throw new SkerryError('conflict', 'The artifact is being uploaded by many at once. Repeat it.')
  }

  /** Size of an artifact that the account uploaded. */
  bytes(account: string, hash: string): number | undefined {
    const row = this.#options.database.get('SELECT size FROM artifacts JOIN artifact_owners USING (hash) WHERE account = ? AND hash = ?', account, hash)
    return row === undefined ? undefined : Number(row['size'])
  }

  storedBytes(account: string): number {
    const row = this.#options.database.get('SELECT sum(size) AS bytes FROM artifacts JOIN artifact_owners USING (hash) WHERE account = ?', account)
    return Number(row?.['bytes'] ?? 0)
  }

  async read(hash: string): Promise<Uint8Array | undefined> {
    const cached = this.#cache.get(hash)
    if (cached !== undefined) return cached
    const object = this.#objectOf(hash)
    return object === undefined ? undefined : this.readObject(hash, object)
  }

  /** The bytes of an artifact that lies in the object. Rejects with `artifact_corrupt`. */
  async readObject(hash: string, object: string): Promise<Uint8Array> {
    const bytes = verifiedArtifact(hash, (await this.#options.objects.get(object)) ?? new Uint8Array())
    this.#cache.set(hash, bytes)
    return bytes
  }

  /** Forgets what no version names and nobody uploaded since; then deletes the objects, at the end those too that nobody has named. */
  async collect(uploadedBeforeMs: number, range: ArtifactRange): Promise<CollectedArtifacts> {
    const { database, commit, objects } = this.#options
    let idle: ReadonlyMap<string, string | undefined> = new Map()
    let next: string | undefined
    await commit(() => {
      const found = findIdleArtifacts(database, uploadedBeforeMs, range)
      idle = new Map(found.hashes.map((hash) => [hash, this.#objectOf(hash)]))
      next = found.next
      return { writes: idle.size === 0 ? [] : [{ kind: 'deleteArtifacts', hashes: found.hashes }], timeMs: uploadedBeforeMs }
    })
    for (const [hash, object] of idle) {
      this.#cache.delete(hash)
      if (object !== undefined) await objects.delete(object)
    }
    if (next === undefined) await this.#sweep(uploadedBeforeMs)
    return { collected: idle.size, next }
  }

  /** Deletes the objects of uploads that broke off before that time: whoever puts an object names it in the log within seconds. */
  async #sweep(beforeMs: number): Promise<void> {
    const { database, objects, catchUp } = this.#options
    const old = (await objects.list()).filter(({ name, storedMs }) => name.startsWith(prefix) && storedMs < beforeMs)
    // A replica that was away for days does not know yet what the log names.
    if (old.length > 0) await catchUp()
    for (const { name } of old) {
      if (database.get('SELECT 1 FROM artifacts WHERE object = ?', name) === undefined) await objects.delete(name)
    }
  }

  #objectOf(hash: string): string | undefined {
    const object = this.#options.database.get('SELECT object FROM artifacts WHERE hash = ?', hash)?.['object']
    return typeof object === 'string' ? object : undefined
  }

  async #isWhole(hash: string, object: string): Promise<boolean> {
    try {
      await this.readObject(hash, object)
      return true
    } catch (error) {
      if (error instanceof SkerryError && error.code === 'artifact_corrupt') return false
      throw error
    }
  }
}
