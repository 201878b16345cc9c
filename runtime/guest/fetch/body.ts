import { encodeUtf8 } from '../encoding/index.ts'
import type { ReadableStream } from '../streams/index.ts'
import { type ChunkSource, StaticSource } from './chunk-source.ts'
import { createSourceStream, isDisturbed, takeStream } from './stream-source.ts'
import { teeSource, teeStream } from './tee.ts'

/**
 * The inner record of a body (https://fetch.spec.whatwg.org/#concept-body): text or bytes that are there, a source of chunks, or a
 * stream. It stays what it is until code looks at `.body`; only then is there a stream.
 */
export class Body {
  /** Text stands for its UTF-8 bytes. */
  content: string | Uint8Array | undefined
  source: ChunkSource | undefined
  stream: ReadableStream | undefined
  #isShared = false
  #taken = false

  constructor(content: string | Uint8Array | undefined, source?: ChunkSource, stream?: ReadableStream) {
    this.content = content
    this.source = source
    this.stream = stream
  }

  /** A body of bytes that are not its own. */
  static shared(content: string | Uint8Array): Body {
    const body = new Body(content)
    body.#isShared = true
    return body
  }

  /** Whether somebody else has the same bytes: they are copied before user code gets them. */
  get isShared(): boolean {
    return this.#isShared
  }

  /** https://fetch.spec.whatwg.org/#dom-body-bodyused */
  get used(): boolean {
    return this.#taken || (this.stream !== undefined && isDisturbed(this.stream))
  }

  /** https://fetch.spec.whatwg.org/#body-unusable */
  get unusable(): boolean {
    return this.#taken || (this.stream !== undefined && (this.stream.locked || isDisturbed(this.stream)))
  }

  /** What `.body` shows. */
  asStream(): ReadableStream {
    if (this.stream === undefined) {
      this.stream = createSourceStream(this.#takeSource())
      if (this.#taken) this.stream.getReader()
    }
    return this.stream
  }

  /**
   * Uses the body up: answers with its content where that is there, else with a source of chunks. The bytes are not to be written to
   * where they are shared. Throws a TypeError where it is unusable.
   */
  take(): string | Uint8Array | ChunkSource {
    if (this.unusable) throw new TypeError('The body has already been used')
    this.#taken = this.source?.hasFailed !== true
    if (this.stream !== undefined) return takeStream(this.stream)
    return this.content ?? this.#takeSource()
  }

  /** https://fetch.spec.whatwg.org/#concept-body-clone. Throws a TypeError where it is unusable. */
  clone(): Body {
    if (this.unusable) throw new TypeError('The body has already been used')
    if (this.stream !== undefined) {
      const [first, second] = teeStream(this.stream)
      this.stream = first
      this.content = undefined
      return new Body(undefined, undefined, second)
    }
    if (this.content !== undefined) {
      this.#isShared = true
      return Body.shared(this.content)
    }
    const [first, second] = teeSource(this.#takeSource())
    this.source = first
    return new Body(undefined, second)
  }

  /** A new record for the same body; this one is used up. Throws a TypeError where it is unusable. */
  move(): Body {
    const taken = this.take()
    if (typeof taken !== 'string' && !(taken instanceof Uint8Array)) return new Body(undefined, taken)
    return this.#isShared ? Body.shared(taken) : new Body(taken)
  }

  /** Nobody is going to read it. */
  discard(reason: unknown): void {
    if (this.unusable || (this.stream === undefined && this.content !== undefined)) return
    const taken = this.take()
    if (typeof taken !== 'string' && !(taken instanceof Uint8Array)) taken.cancel(reason)
  }

  #takeSource(): ChunkSource {
    return this.source ?? new LazySource(this.content ?? '')
  }
}

/** Encodes text only when it is read. */
class LazySource implements ChunkSource {
  #content: string | Uint8Array
  #inner: ChunkSource | undefined

  constructor(content: string | Uint8Array) {
    this.#content = content
  }
  read(): Promise<Uint8Array | undefined> {
    // A stream may hand its chunk's buffer on, so bytes that a clone shares are copied.
    this.#inner ??= new StaticSource(typeof this.#content === 'string' ? encodeUtf8(this.#content) : this.#content.slice())
    this.#content = ''
    return this.#inner.read()
  }
  cancel(): void {
    this.#content = ''
  }
}
