import { HostOperation } from '../../bridge/index.ts'
import { callHost } from '../host.ts'
import { viewBytes } from '../primordials.ts'
import { toDictionary, toDomString } from '../webidl.ts'
import { completeLength } from './stream-boundary.ts'
import { decodeShortAscii } from './utf8.ts'

const none = new Uint8Array(0)
const fatalFlag = 1
const keepBomFlag = 2
/** Asks for the name of the label's encoding. */
const nameFlag = 4

/** https://encoding.spec.whatwg.org/#interface-textdecoder */
export class TextDecoder {
  readonly #encoding: string
  readonly #fatal: boolean
  readonly #ignoreBom: boolean
  /** Bytes of the stream that wait for more. */
  #pending: Uint8Array<ArrayBuffer> = none
  /** A stream goes on: the next call continues it, and the byte order mark is behind us where `#bomSeen`. */
  #streaming = false
  #bomSeen = false

  constructor(label: unknown = 'utf-8', options?: unknown) {
    const { fatal, ignoreBOM } = toDictionary(options, 'TextDecoderOptions')
    const name = label === 'utf-8' || label === 'utf8' ? 'utf-8' : callHost(HostOperation.textDecode, 0, none, toDomString(label), nameFlag)
    if (typeof name !== 'string') throw new RangeError(`The "${toDomString(label)}" encoding is not supported`)
    this.#encoding = name
    this.#fatal = Boolean(fatal)
    this.#ignoreBom = Boolean(ignoreBOM)
  }

  get encoding(): string {
    return this.#encoding
  }
  get fatal(): boolean {
    return this.#fatal
  }
  get ignoreBOM(): boolean {
    return this.#ignoreBom
  }

  /** https://encoding.spec.whatwg.org/#dom-textdecoder-decode */
  decode(input?: unknown, options?: unknown): string {
    const given = input === undefined ? none : viewBytes(input)
    if (given === undefined) throw new TypeError('decode takes an ArrayBuffer or a view of one')
    const stream = Boolean(toDictionary(options, 'TextDecodeOptions')['stream'])
    if (!this.#streaming) {
      this.#pending = none
      this.#bomSeen = false
    }
    this.#streaming = stream
    const bytes = this.#pending.length === 0 ? given : concatenate(this.#pending, given)
    if (!stream) {
      this.#pending = none
      return this.#decodeComplete(bytes)
    }
    const length = completeLength(bytes, this.#encoding)
    this.#pending = bytes.slice(length)
    return this.#decodeComplete(bytes.subarray(0, length))
  }

  #decodeComplete(bytes: Uint8Array): string {
    if (bytes.length === 0) return ''
    const keepBom = this.#ignoreBom || this.#bomSeen
    this.#bomSeen = true
    if (this.#encoding === 'utf-8') {
      const ascii = decodeShortAscii(bytes)
      if (ascii !== undefined) return ascii
    }
    const text = callHost(HostOperation.textDecode, 0, bytes, this.#encoding, (this.#fatal ? fatalFlag : 0) + (keepBom ? keepBomFlag : 0))
    if (typeof text === 'string') return text
    this.#pending = none
    this.#streaming = false
    throw new TypeError(`The encoded data was not valid for encoding ${this.#encoding}`)
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}
