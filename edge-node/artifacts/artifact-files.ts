import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { storageError, writeFileAtomically, type WriteWholeFile } from '../storage/index.ts'
import { SkerryError } from '../../errors/index.ts'

export interface ArtifactFilesOptions {
  readonly directory: string
  /** What is kept at most, in bytes; what is pinned may go beyond. */
  readonly bytesMax: number
  /** Whether something that is served needs it. */
  readonly isPinned: (hash: string) => boolean
  readonly onError: (error: SkerryError) => void
  readonly write?: WriteWholeFile
}

/**
 * Artifacts on the node's disk, one file each, named by their hash.
 *
 * Invariants: a file is complete or absent; what is read is verified again; over `bytesMax` the one used longest ago goes.
 * A disk that fails, and a file that was damaged or is gone, are reported and otherwise as if nothing were there.
 */
export class ArtifactFiles {
  readonly #options: ArtifactFilesOptions
  /** Bytes by hash, the one used longest ago first. */
  readonly #sizes = new Map<string, number>()
  #bytes = 0

  private constructor(options: ArtifactFilesOptions) {
    this.#options = options
  }

  static async open(options: ArtifactFilesOptions): Promise<ArtifactFiles> {
    const files = new ArtifactFiles(options)
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    const found: { hash: string; bytes: number; usedMs: number }[] = []
    for (const name of await readdir(options.directory)) {
      const path = join(options.directory, name)
      if (/^[0-9a-f]{64}$/.test(name)) {
        const { size, mtimeMs } = await stat(path)
        found.push({ hash: name, bytes: size, usedMs: mtimeMs })
      } else if (name.endsWith('.tmp')) {
        await unlink(path).catch(() => undefined)
      }
    }
    for (const { hash, bytes } of found.toSorted((a, b) => a.usedMs - b.usedMs)) files.#count(hash, bytes)
    return files
  }

  has(hash: string): boolean {
    return this.#sizes.has(hash)
  }

  /** The verified bytes, or undefined where they are not there or not right. */
  async read(hash: string): Promise<Uint8Array | undefined> {
    if (!this.#sizes.has(hash)) return undefined
    const path = join(this.#options.directory, hash)
    try {
      const bytes = await readFile(path)
      if (createHash('sha256').update(bytes).digest('hex') === hash) {
        this.#count(hash, bytes.length)
        const now = new Date()
        await utimes(path, now, now).catch(() => undefined)
        return bytes
      }
      this.#options.onError(new SkerryError('hash_mismatch', `${path} is damaged: it has another SHA-256 than when it was written. It was removed and is fetched again; check this disk.`))
    } catch (cause) {
      this.#options.onError(new SkerryError('internal_error', `${path} could not be read, and is fetched again; check this disk.`, { cause }))
    }
    await this.#remove(hash)
    return undefined
  }

  /** Keeps it; never rejects. */
  async write(hash: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#options.directory, hash)
    try {
      await (this.#options.write ?? writeFileAtomically)(path, bytes)
    } catch (error) {
      this.#options.onError(storageError(path, error))
      return
    }
    this.#count(hash, bytes.length)
    for (const oldest of this.#sizes.keys()) {
      if (this.#bytes <= this.#options.bytesMax) break
      if (oldest !== hash && !this.#options.isPinned(oldest)) await this.#remove(oldest)
    }
  }

  /** Removes all others; answers whether none is left. */
  async retain(kept: ReadonlySet<string>): Promise<boolean> {
    const removed = await Promise.all([...this.#sizes.keys()].flatMap((hash) => (kept.has(hash) ? [] : [this.#remove(hash)])))
    return removed.every(Boolean)
  }

  #count(hash: string, bytes: number): void {
    this.#bytes += bytes - (this.#sizes.get(hash) ?? 0)
    this.#sizes.delete(hash)
    this.#sizes.set(hash, bytes)
  }

  /** Whether it is gone. */
  async #remove(hash: string): Promise<boolean> {
    this.#bytes -= this.#sizes.get(hash) ?? 0
    this.#sizes.delete(hash)
    const path = join(this.#options.directory, hash)
    try {
      await rm(path, { force: true })
      return true
    } catch (error) {
      this.#options.onError(storageError(path, error))
      return false
    }
  }
}
