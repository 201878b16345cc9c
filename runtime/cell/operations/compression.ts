import type { PoolQueue } from '../pool-queue.ts'
import { CodecFailure, CompressionCodec, maximumStepBytes } from './compression-codec.ts'

/**
 * Codecs that one isolate may hold, more than requests that it handles at a time. Each costs up to 0.4 MB outside of the isolate's memory
 * limit while it compresses, 0.2 MB while it decompresses.
 */
export const maximumCodecs = 256

export interface CodecRequest {
  /** The isolate's name for it. */
  readonly codec: number
  /** The request that it belongs to; 0 for none. */
  readonly owner: number
  /** What to open; undefined where the codec goes on. */
  readonly kind: unknown
  readonly input: Uint8Array
  readonly ends: boolean
  /** Asked when its turn comes. */
  readonly isWanted: () => boolean
}

export interface CodecOutcome {
  /** Bytes, or the message of a TypeError. */
  readonly output: Uint8Array | string
  readonly more: boolean
  /** What it used on the thread pool. */
  readonly cpuMicros: number
}

interface OpenCodec {
  readonly codec: CompressionCodec
  readonly owner: number
  busy: boolean
}

/**
 * Compression for one isolate. What comes in is not trusted: a codec takes one step at a time, each of a bounded input to a bounded output,
 * and goes with the request that opened it, at its end, or with its first failure.
 * @see https://compression.spec.whatwg.org/
 */
export class CompressionOperations {
  readonly #queue: PoolQueue
  readonly #codecs = new Map<number, OpenCodec>()

  constructor(queue: PoolQueue) {
    this.#queue = queue
  }

  get size(): number {
    return this.#codecs.size
  }

  /** Never throws or rejects. */
  async step(request: CodecRequest): Promise<CodecOutcome> {
    const { codec: id, input, ends, isWanted } = request
    const open = this.#find(request)
    if (typeof open === 'string') return failed(open)
    const refusal = input.length > maximumStepBytes ? 'The step is too large' : this.#queue.refusal(input.length)
    if (refusal !== undefined) {
      this.close(id)
      return failed(refusal)
    }
    open.busy = true
    const { value, cpuMicros } = await this.#queue.run(input.length, async () => {
      try {
        if (!isWanted()) throw new CodecFailure('The request that asked for it is over')
        return await open.codec.step(input, ends)
      } catch (error) {
        return { output: error instanceof CodecFailure ? error.message : 'The data could not be processed', more: false }
      }
    })
    open.busy = false
    if (typeof value.output === 'string' || open.codec.isOver) this.close(id)
    return { ...value, cpuMicros }
  }

  close(id: number): void {
    this.#codecs.get(id)?.codec.close()
    this.#codecs.delete(id)
  }

  /** The request is over. */
  closeOf(owner: number): void {
    for (const [id, open] of this.#codecs) if (open.owner === owner) this.close(id)
  }

  closeAll(): void {
    for (const id of this.#codecs.keys()) this.close(id)
  }

  /** The codec, or why there is none to step. */
  #find({ codec: id, owner, kind }: CodecRequest): OpenCodec | string {
    const known = this.#codecs.get(id)
    if (known !== undefined) return known.busy || kind !== undefined ? 'The codec is busy' : known
    if (kind === undefined) return 'The request that the stream belongs to is over'
    if (this.#codecs.size >= maximumCodecs) return `More than ${maximumCodecs} streams are compressed or decompressed at a time`
    const codec = CompressionCodec.open(kind)
    if (codec === undefined) return 'There is no such format'
    const open: OpenCodec = { codec, owner, busy: false }
    this.#codecs.set(id, open)
    return open
  }
}

const failed = (message: string): CodecOutcome => ({ output: message, more: false, cpuMicros: 0 })
