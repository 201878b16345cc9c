import { joinBytes } from '../bytes.ts'

/**
 * Where the bytes of a body come from when they are not all there yet. One reader at a time; `read` is called again only after
 * the promise before it settled. After the end, a rejection or `cancel` it is over.
 */
export interface ChunkSource {
  /** The next chunk, never empty; undefined at the end. Rejects where the source fails, and throws where it has failed already. */
  read(): Promise<Uint8Array | undefined>
  /** Nobody wants the rest. Has no effect where it is over. */
  cancel(reason: unknown): void
  /** All that is to come is wanted, and may come in fewer chunks. */
  gather?(): void
  /** Whether it has failed; a body of it does not count as used when it is read, so that each reader gets the error. */
  readonly hasFailed?: boolean
  /** Has `report` called where the source fails from now on, even while nobody reads. One at a time. */
  onFailure?(report: (error: unknown) => void): void
}

/** Chunks of bytes that are there already. */
export class StaticSource implements ChunkSource {
  #bytes: Uint8Array | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.length === 0 ? undefined : bytes
  }

  read(): Promise<Uint8Array | undefined> {
    const bytes = this.#bytes
    this.#bytes = undefined
    return Promise.resolve(bytes)
  }

  cancel(): void {
    this.#bytes = undefined
  }
}

/** Everything a source still has, in one piece, as `convert` makes it. */
export async function collect<T>(source: ChunkSource, convert: (bytes: Uint8Array) => T): Promise<T> {
  source.gather?.()
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = await source.read()
    if (chunk === undefined) break
    chunks.push(chunk)
  }
  const [only] = chunks
  return convert(chunks.length === 1 && only !== undefined ? only : joinBytes(chunks))
}
