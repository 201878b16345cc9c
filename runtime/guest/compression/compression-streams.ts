import type { ReadableStream, WritableStream } from '../streams/index.ts'
import { requireArguments, shapeInterface, toDomString } from '../webidl.ts'
import { TransformSink } from './transform-sink.ts'
import { Compressor, Decompressor } from './transformers.ts'

const formats: readonly string[] = ['deflate', 'deflate-raw', 'gzip']

/** https://compression.spec.whatwg.org/#compression-stream */
export class CompressionStream {
  readonly #streams: TransformSink

  constructor(format: unknown) {
    requireArguments(arguments.length, 1, 'CompressionStream')
    this.#streams = new TransformSink(new Compressor(toFormat(format)))
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#streams.readable
  }
  get writable(): WritableStream<unknown> {
    return this.#streams.writable
  }
}

/** https://compression.spec.whatwg.org/#decompression-stream */
export class DecompressionStream {
  readonly #streams: TransformSink

  constructor(format: unknown) {
    requireArguments(arguments.length, 1, 'DecompressionStream')
    this.#streams = new TransformSink(new Decompressor(toFormat(format)))
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.#streams.readable
  }
  get writable(): WritableStream<unknown> {
    return this.#streams.writable
  }
}

shapeInterface(CompressionStream, 'CompressionStream')
shapeInterface(DecompressionStream, 'DecompressionStream')

/** https://compression.spec.whatwg.org/#supported-formats */
function toFormat(value: unknown): string {
  const format = toDomString(value)
  if (!formats.includes(format)) throw new TypeError(`"${format}" is no format for compression: there are ${formats.join(', ')}`)
  return format
}
