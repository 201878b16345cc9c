import { viewBytes } from '../primordials.ts'
import { ReadableStream, type ReadableStreamDefaultController, WritableStream, type WritableStreamDefaultController } from '../streams/index.ts'

/** What stands between the two sides. */
export interface ByteTransformer {
  /** Takes a chunk. Throws a TypeError where it is not valid. */
  transform(chunk: Uint8Array<ArrayBuffer>, sink: TransformSink): Promise<void>
  /** The input ends. */
  flush(sink: TransformSink): Promise<void>
  /** Nothing more is wanted. */
  close(): void
}

/**
 * The pair of streams of https://streams.spec.whatwg.org/#other-specs-ts-creating, as a TransformStream without strategies makes it. Unlike one it
 * lets the transformer wait for the reader in the middle of a chunk, so that one which expands a million-fold comes out piece by piece.
 */
export class TransformSink {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<unknown>
  readonly #transformer: ByteTransformer
  #readable!: ReadableStreamDefaultController<Uint8Array>
  #writable!: WritableStreamDefaultController
  /** The reader has asked, and got nothing since. */
  #wanted = false
  #wake: () => void = () => undefined
  /** Why it is over, if it is. */
  #failure: { readonly reason: unknown } | undefined

  constructor(transformer: ByteTransformer) {
    this.#transformer = transformer
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#readable = controller
        },
        pull: () => {
          this.#wanted = true
          this.#wake()
        },
        cancel: (reason) => {
          this.#end(reason)
          this.#writable.error(reason)
        },
      },
      { highWaterMark: 0 },
    )
    this.writable = new WritableStream<unknown>({
      start: (controller) => {
        this.#writable = controller
      },
      write: (chunk) => this.#guard(() => this.#write(chunk)),
      close: () => this.#guard(() => this.#close()),
      abort: (reason) => {
        this.#fail(reason)
      },
    })
  }

  /** Throws where nothing more is wanted. */
  emit(output: Uint8Array): void {
    this.#check()
    if (output.length === 0) return
    // Enqueuing may ask for the next at once.
    this.#wanted = false
    this.#readable.enqueue(output)
  }

  /** Resolves when the reader wants more; rejects where nothing more is wanted. */
  async ready(): Promise<void> {
    while (!this.#wanted && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#check()
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.reason
  }

  async #write(chunk: unknown): Promise<void> {
    await this.ready()
    const bytes = viewBytes(chunk)
    if (bytes === undefined) throw new TypeError('The chunk is no ArrayBuffer or view of one')
    if (bytes.length > 0) await this.#transformer.transform(bytes, this)
  }

  async #close(): Promise<void> {
    await this.#transformer.flush(this)
    this.#check()
    this.#readable.close()
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #fail(reason: unknown): void {
    if (this.#failure !== undefined) return
    this.#end(reason)
    this.#readable.error(reason)
  }

  #end(reason: unknown): void {
    this.#failure ??= { reason }
    this.#transformer.close()
    this.#wake()
  }
}
