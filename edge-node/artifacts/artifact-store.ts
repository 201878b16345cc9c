import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { artifactBytesMax } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import type { ArtifactFiles } from './artifact-files.ts'

/** Streams an artifact from where it is published. Rejects with a SkerryError. */
export type FetchArtifact = (hash: string) => Promise<AsyncIterable<Uint8Array>>

export interface ArtifactStoreOptions {
  readonly files: ArtifactFiles
  readonly fetch: FetchArtifact
  readonly memoryBytesMax?: number
  readonly onError: (error: SkerryError) => void
}

const memoryBytesDefault = 64 * 1024 * 1024
const attemptsMax = 3

/**
 * Scripts by hash: from memory, from disk, from the control plane, in this order.
 *
 * Invariants: nothing is handed out whose SHA-256 is not the hash; each hash is fetched once at a time whoever asks; what is fetched is
 * handed out while it is still being written to disk.
 */
export class ArtifactStore {
  readonly #options: ArtifactStoreOptions
  readonly #hot: LRUCache<string, Uint8Array>
  readonly #underWay = new Map<string, Promise<Uint8Array>>()
  readonly #writing = new Map<string, Promise<void>>()

  constructor(options: ArtifactStoreOptions) {
    this.#options = options
    this.#hot = new LRUCache({ maxSize: options.memoryBytesMax ?? memoryBytesDefault, sizeCalculation: (bytes) => Math.max(1, bytes.length) })
  }

  /** The bytes. Rejects with `hash_mismatch` where what is published is something else, or what `fetch` rejects with. */
  read(hash: string): Promise<Uint8Array> {
    const hot = this.#hot.get(hash)
    if (hot !== undefined) return Promise.resolve(hot)
    let reading = this.#underWay.get(hash)
    if (reading === undefined) {
      reading = this.#load(hash).finally(() => this.#underWay.delete(hash))
      this.#underWay.set(hash, reading)
    }
    return reading
  }

  /** Resolves when it is on disk or could not be put there, where it has been read. */
  async written(hash: string): Promise<void> {
    await this.#writing.get(hash)
  }

  /** Whether it can be had without the control plane. */
  has(hash: string): boolean {
    return this.#hot.has(hash) || this.#options.files.has(hash)
  }

  /** Removes all others, from memory and from disk; what is being fetched goes when it has come. Answers whether none is left. */
  async retain(kept: () => ReadonlySet<string>): Promise<boolean> {
    await this.settled()
    const hashes = kept()
    for (const hash of [...this.#hot.keys()]) if (!hashes.has(hash)) this.#hot.delete(hash)
    return this.#options.files.retain(hashes)
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay.values())
    await Promise.all(this.#writing.values())
  }

  async #load(hash: string): Promise<Uint8Array> {
    await this.#writing.get(hash)
    const kept = await this.#options.files.read(hash)
    if (kept !== undefined) {
      this.#hot.set(hash, kept)
      return kept
    }
    const bytes = await this.#fetchVerified(hash)
    this.#hot.set(hash, bytes)
    this.#writing.set(hash, this.#options.files.write(hash, bytes).finally(() => this.#writing.delete(hash)))
    return bytes
  }

  async #fetchVerified(hash: string): Promise<Uint8Array> {
    for (let attempt = 1; ; attempt += 1) {
      const digest = createHash('sha256')
      const chunks: Uint8Array[] = []
      let length = 0
      for await (const chunk of await this.#options.fetch(hash)) {
        length += chunk.length
        if (length > artifactBytesMax) {
          throw new SkerryError('script_too_large', `Artifact ${hash} is larger than ${artifactBytesMax} bytes.`, { limit: artifactBytesMax })
        }
        digest.update(chunk)
        chunks.push(chunk)
      }
      if (digest.digest('hex') === hash) return Buffer.concat(chunks, length)
      const refusal = new SkerryError('hash_mismatch', `What was fetched as artifact ${hash} has another SHA-256; it was refused (attempt ${attempt} of ${attemptsMax}).`)
      this.#options.onError(refusal)
      if (attempt >= attemptsMax) throw refusal
    }
  }
}
