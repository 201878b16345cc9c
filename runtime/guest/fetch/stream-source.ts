import { typedArrayName } from '../primordials.ts'
import { ReadableStream, type ReadableStreamDefaultReader } from '../streams/index.ts'
import type { ChunkSource } from './chunk-source.ts'

const getLocked = Reflect.getOwnPropertyDescriptor(ReadableStream.prototype, 'locked')?.get

/** Sources of the streams that the guest made itself: such a stream, still untouched, is read at its source. */
const origins = new WeakMap<ReadableStream, ChunkSource>()

export function isReadableStream(value: unknown): value is ReadableStream {
  if (getLocked === undefined || typeof value !== 'object' || value === null) return false
  try {
    Reflect.apply(getLocked, value, [])
    return true
  } catch {
    return false
  }
}

/** https://streams.spec.whatwg.org/#is-readable-stream-disturbed */
export function isDisturbed(stream: ReadableStream): boolean {
  return (stream as { _disturbed?: boolean })._disturbed === true
}

/** For what is read behind the stream's back. */
function markDisturbed(stream: ReadableStream): void {
  ;(stream as { _disturbed?: boolean })._disturbed = true
}

/** A byte stream over a source; it reads only what is asked of it. */
export function createSourceStream(source: ChunkSource): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>(
    {
      type: 'bytes',
      start(controller) {
        source.onFailure?.((error) => controller.error(error))
      },
      async pull(controller) {
        const chunk = await source.read()
        if (chunk === undefined) {
          controller.close()
          // A pending read of a reader with its own buffer ends only so.
          controller.byobRequest?.respond(0)
          return
        }
        controller.enqueue(chunk)
      },
      cancel(reason) {
        source.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
  origins.set(stream, source)
  return stream
}

/** Locks the stream and answers with what reads its bytes. Throws a TypeError where it is locked. */
export function takeStream(stream: ReadableStream): ChunkSource {
  const origin = isDisturbed(stream) ? undefined : origins.get(stream)
  const reader = stream.getReader()
  if (origin === undefined) return new StreamSource(reader)
  markDisturbed(stream)
  return origin
}

class StreamSource implements ChunkSource {
  readonly #reader: ReadableStreamDefaultReader

  constructor(reader: ReadableStreamDefaultReader) {
    this.#reader = reader
    // Whoever reads sees the failure; the reader's own promise must not count as unhandled.
    reader.closed.catch(ignore)
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const result: { done: boolean; value?: unknown } = await this.#reader.read()
      if (result.done) return undefined
      const { value } = result
      if (typedArrayName(value) !== 'Uint8Array') {
        const error = new TypeError(`A body is a stream of Uint8Array chunks, and this chunk is ${describe(value)}`)
        this.cancel(error)
        throw error
      }
      const chunk = value as Uint8Array
      if (chunk.length > 0) return chunk
    }
  }

  cancel(reason: unknown): void {
    this.#reader.cancel(reason).catch(ignore)
  }
}

function ignore(): void {}

function describe(value: unknown): string {
  if (typeof value === 'string') return 'a string: encode it with a TextEncoder or pipe it through a TextEncoderStream'
  return value === null ? 'null' : `of type ${typedArrayName(value) ?? typeof value}`
}
