import { joinBytes } from '../bytes.ts'
import { Codec, type CodecKind, codeWhole, maximumStepBytes } from './codec.ts'
import type { ByteTransformer, TransformSink } from './transform-sink.ts'

/** Short inputs are done with at once: that costs less than a codec on another thread. In bytes, of what is to be compressed and of what is. */
const shortInput = 32 * 1024
const shortCompressedInput = 16 * 1024
const none = new Uint8Array(0)

/** https://compression.spec.whatwg.org/#compress-and-enqueue-a-chunk */
export class Compressor implements ByteTransformer {
  readonly #kind: CodecKind
  readonly #codec: Codec
  /** Input that waits for a whole step: zlib would only keep it as well. */
  #held: Uint8Array<ArrayBuffer>[] = []
  #heldBytes = 0
  #isOpen = false

  constructor(format: string) {
    this.#kind = `compress:${format}`
    this.#codec = new Codec(this.#kind)
  }

  async transform(chunk: Uint8Array<ArrayBuffer>, sink: TransformSink): Promise<void> {
    if (this.#heldBytes + chunk.length < maximumStepBytes) {
      this.#held.push(chunk.slice())
      this.#heldBytes += chunk.length
      return
    }
    const input = this.#take(chunk)
    let offset = 0
    for (; offset + maximumStepBytes <= input.length; offset += maximumStepBytes) {
      await sink.ready()
      this.#isOpen = true
      await runStep(this.#codec, input.subarray(offset, offset + maximumStepBytes), sink)
    }
    if (offset === input.length) return
    this.#held = [input.slice(offset)]
    this.#heldBytes = input.length - offset
  }

  async flush(sink: TransformSink): Promise<void> {
    const input = this.#take(none)
    const output = this.#isOpen || input.length > shortInput ? undefined : codeWhole(this.#kind, input)
    if (output === undefined) await endSteps(this.#codec, input, sink)
    else sink.emit(output)
  }

  close(): void {
    this.#codec.close()
  }

  #take(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const input = joinBytes([...this.#held, chunk])
    this.#held = []
    this.#heldBytes = 0
    return input
  }
}

/** https://compression.spec.whatwg.org/#decompress-and-enqueue-a-chunk */
export class Decompressor implements ByteTransformer {
  readonly #kind: CodecKind
  readonly #codec: Codec
  #isOpen = false
  /** The whole input came in one chunk, and was decompressed. */
  #isOver = false

  constructor(format: string) {
    this.#kind = `decompress:${format}`
    this.#codec = new Codec(this.#kind)
  }

  async transform(chunk: Uint8Array<ArrayBuffer>, sink: TransformSink): Promise<void> {
    if (this.#isOver) throw new TypeError('More data follows the end of the compressed data')
    const output = this.#isOpen || chunk.length > shortCompressedInput ? undefined : codeWhole(this.#kind, chunk)
    if (output !== undefined) {
      this.#isOver = true
      sink.emit(output)
      return
    }
    this.#isOpen = true
    // Code may change the chunk while it is worked at.
    const input = chunk.length > maximumStepBytes ? chunk.slice() : chunk
    for (let offset = 0; offset < input.length; offset += maximumStepBytes) {
      await sink.ready()
      await runStep(this.#codec, input.subarray(offset, offset + maximumStepBytes), sink)
    }
  }

  async flush(sink: TransformSink): Promise<void> {
    if (!this.#isOver) await endSteps(this.#codec, none, sink)
  }

  close(): void {
    this.#codec.close()
  }
}

/** What a step expands to waits for the reader, piece by piece. */
async function runStep(codec: Codec, input: Uint8Array, sink: TransformSink): Promise<void> {
  let step = await codec.step(input, false)
  sink.emit(step.output)
  while (step.more) {
    await sink.ready()
    step = await codec.next()
    sink.emit(step.output)
  }
}

/** The last of the output waits for nobody, as of any TransformStream: there is little of it. */
async function endSteps(codec: Codec, input: Uint8Array, sink: TransformSink): Promise<void> {
  let step = await codec.step(input, true)
  sink.emit(step.output)
  while (step.more) {
    step = await codec.next()
    sink.emit(step.output)
  }
}
