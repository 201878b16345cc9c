import { viewBytesAllowingShared } from '../primordials.ts'
import { type ReadableStream, TransformStream, type WritableStream } from '../streams/index.ts'
import { toDomString } from '../webidl.ts'
import { TextDecoder } from './text-decoder.ts'
import { encodeUtf8 } from './utf8.ts'

/** https://encoding.spec.whatwg.org/#interface-textencoderstream */
export class TextEncoderStream {
  readonly #transform: TransformStream<unknown, Uint8Array>
  /** A high surrogate that ended the last chunk. */
  #pending = ''

  constructor() {
    this.#transform = new TransformStream({
      transform: (chunk, controller) => {
        const text = this.#pending + toDomString(chunk)
        const last = text.charCodeAt(text.length - 1)
        const isHigh = last >= 0xd800 && last <= 0xdbff
        this.#pending = isHigh ? text.slice(-1) : ''
        const bytes = encodeUtf8(isHigh ? text.slice(0, -1) : text)
        if (bytes.length > 0) controller.enqueue(bytes)
      },
      flush: (controller) => {
        if (this.#pending !== '') controller.enqueue(new Uint8Array([0xef, 0xbf, 0xbd]))
      },
    })
  }

  get encoding(): string {
    void this.#transform
    return 'utf-8'
  }
  get readable(): ReadableStream<Uint8Array> {
    return this.#transform.readable
  }
  get writable(): WritableStream<unknown> {
    return this.#transform.writable
  }
}

/** https://encoding.spec.whatwg.org/#interface-textdecoderstream */
export class TextDecoderStream {
  readonly #decoder: TextDecoder
  readonly #transform: TransformStream<unknown, string>

  constructor(label: unknown = 'utf-8', options: unknown = undefined) {
    this.#decoder = new TextDecoder(label, options)
    this.#transform = new TransformStream({
      transform: (chunk, controller) => {
        if (viewBytesAllowingShared(chunk) === undefined) throw new TypeError('TextDecoderStream takes chunks of bytes')
        const text = this.#decoder.decode(chunk, { stream: true })
        if (text !== '') controller.enqueue(text)
      },
      flush: (controller) => {
        const text = this.#decoder.decode()
        if (text !== '') controller.enqueue(text)
      },
    })
  }

  get encoding(): string {
    return this.#decoder.encoding
  }
  get fatal(): boolean {
    return this.#decoder.fatal
  }
  get ignoreBOM(): boolean {
    return this.#decoder.ignoreBOM
  }
  get readable(): ReadableStream<string> {
    return this.#transform.readable
  }
  get writable(): WritableStream<unknown> {
    return this.#transform.writable
  }
}
