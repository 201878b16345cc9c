import {
  createDeflate, createDeflateRaw, createGunzip, createGzip, createInflate, createInflateRaw,
  deflateRawSync, deflateSync, gunzipSync, gzipSync, inflateRawSync, inflateSync, type Zlib, type ZlibOptions,
} from 'node:zlib'
import type { Transform } from 'node:stream'

/** What a step may take, and roughly what it gives. */
export const maximumStepBytes = 64 * 1024

/** What is asked of a codec, by name as the isolate says it. @see https://compression.spec.whatwg.org/#supported-formats */
const kinds = new Map<unknown, Kind>([
  ['compress:deflate', { open: createDeflate, whole: deflateSync }],
  ['compress:deflate-raw', { open: createDeflateRaw, whole: deflateRawSync }],
  ['compress:gzip', { open: createGzip, whole: gzipSync }],
  ['decompress:deflate', { open: createInflate, whole: inflateSync }],
  ['decompress:deflate-raw', { open: createInflateRaw, whole: inflateRawSync }],
  ['decompress:gzip', { open: createGunzip, whole: gunzipSync }],
])

interface Kind {
  readonly open: (options: ZlibOptions) => Transform & Zlib
  readonly whole: (input: Uint8Array, options: ZlibOptions) => Uint8Array
}

/** What the formats ask for beyond what Node does by itself: nothing may follow the end. */
const strict = { rejectGarbageAfterEnd: true } as const

export interface Step {
  readonly output: Uint8Array
  /** Whether more output is to come of what was put in so far. */
  readonly more: boolean
}

/** Input that is not what its format asks for. The message is for the author of the function. */
export class CodecFailure extends Error {}

/**
 * One stream of zlib that is asked for its output piece by piece. It stops while nobody asks: at most two pieces wait inside, whatever the
 * input expands to.
 */
export class CompressionCodec {
  readonly #stream: Transform & Zlib
  /** What was put in is used up. */
  #idle = true
  /** What the last step said. */
  #more = false
  #isOver = false
  #failure: CodecFailure | undefined
  #wake: () => void = () => undefined

  /** Answers with undefined where there is no such kind. */
  static open(kind: unknown): CompressionCodec | undefined {
    const open = kinds.get(kind)?.open
    return open === undefined ? undefined : new CompressionCodec(open({ ...strict, chunkSize: maximumStepBytes }))
  }

  private constructor(stream: Transform & Zlib) {
    this.#stream = stream
    stream.on('readable', () => {
      this.#wake()
    })
    stream.on('end', () => {
      this.#isOver = true
      this.#settle()
    })
    stream.on('error', (error) => {
      this.#settle(error)
    })
  }

  /**
   * Puts `input` in, and gives the next piece of output. Where the last step said that more is to come, `input` has to be empty and stays
   * so until none is. One step at a time. Throws CodecFailure, after the output that came before it was given.
   */
  async step(input: Uint8Array, ends: boolean): Promise<Step> {
    // Else it would wait inside, as much as there is of it.
    if (this.#more && (input.length > 0 || ends)) throw new CodecFailure('The stream is not ready for more')
    if (input.length > 0) {
      this.#idle = false
      this.#stream.write(input, (error) => {
        if (!ends || error) this.#settle(error)
      })
    }
    if (ends) {
      this.#idle = false
      this.#stream.end()
    }
    const output = await this.#take()
    if (output.length === 0 && this.#failure !== undefined) throw this.#failure
    this.#more = !this.#idle || this.#failure !== undefined || this.#stream.readableLength > 0
    return { output, more: this.#more }
  }

  /** All of its output was given. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Frees what zlib holds; a step that is under way fails. */
  close(): void {
    this.#stream.destroy()
    this.#settle(new CodecFailure('The stream was closed'))
  }

  async #take(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    let bytes = 0
    while (bytes < maximumStepBytes) {
      const piece = this.#stream.read() as Uint8Array | null
      if (piece !== null) {
        pieces.push(piece)
        bytes += piece.length
      } else if (this.#isSettled) {
        break
      } else {
        await this.#change()
      }
    }
    // Reading sets off what makes the next piece: it is part of this step, so that nothing is worked at between steps.
    while (!this.#isSettled && this.#stream.readableLength < this.#stream.readableHighWaterMark) await this.#change()
    return Buffer.concat(pieces)
  }

  get #isSettled(): boolean {
    return this.#idle || this.#failure !== undefined
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #settle(error?: Error | null): void {
    this.#idle = true
    if (error) this.#failure ??= describeFailure(error)
    this.#wake()
  }
}

/**
 * The whole output of a short input, computed at once; undefined where the input is not whole, not valid or expands too far, so that a
 * codec has to look at it.
 */
export function codeWhole(kind: unknown, input: Uint8Array): Uint8Array | undefined {
  const whole = kinds.get(kind)?.whole
  if (whole === undefined || input.length > maximumStepBytes) return undefined
  try {
    return whole(input, { ...strict, maxOutputLength: 2 * maximumStepBytes })
  } catch {
    return undefined
  }
}

function describeFailure(error: NodeJS.ErrnoException): CodecFailure {
  if (error instanceof CodecFailure) return error
  if (error.code === 'Z_BUF_ERROR') return new CodecFailure('The compressed data ended too early')
  if (error.code === 'ERR_TRAILING_JUNK_AFTER_STREAM_END') return new CodecFailure('More data follows the end of the compressed data')
  return new CodecFailure('The compressed data is not valid')
}
