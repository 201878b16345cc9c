import { HostOperation } from '../../bridge/index.ts'
import { joinBytes } from '../bytes.ts'
import { callHost } from '../host.ts'
import { viewBytesAllowingShared } from '../primordials.ts'
import { toDictionary, toDomString } from '../webidl.ts'
import { Iso2022JpState } from './iso-2022-jp-state.ts'
import { completeLength, isMultiByte, shortenRest } from './stream-boundary.ts'
import { decodeShortAscii, textFromHost } from './utf8.ts'

const none = new Uint8Array(0)
const fatalFlag = 1
const keepBomFlag = 2
/** Asks for the name of the label's encoding. */
const nameFlag = 4
/** More bytes follow. */
const partialFlag = 8

/** https://encoding.spec.whatwg.org/#interface-textdecoder */
export class TextDecoder {
  readonly #encoding: string
  readonly #fatal: boolean
  readonly #ignoreBom: boolean
  /** Bytes of the stream that wait for more, from a place where a decoder is in its initial state. */
  #pending: Uint8Array<ArrayBuffer> = none
  /** Of a stream in iso-2022-jp. */
  #state: Iso2022JpState | undefined
  /** How much of the text of `#pending` was given out already. */
  #givenLength = 0
  /** A stream goes on: the next call continues it, and the byte order mark is behind us where `#bomSeen`. */
  #streaming = false
  #bomSeen = false

  constructor(label: unknown = 'utf-8', options: unknown = undefined) {
    const text = toDomString(label)
    const { fatal, ignoreBOM } = toDictionary(options, 'TextDecoderOptions')
    const name = text === 'utf-8' || text === 'utf8' ? 'utf-8' : callHost(HostOperation.textDecode, 0, none, text, nameFlag)
    if (typeof name !== 'string') throw new RangeError(`The "${text}" encoding is not supported`)
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
  decode(input: unknown = undefined, options: unknown = undefined): string {
    if (!this.#streaming) {
      this.#reset()
      this.#bomSeen = false
    }
    const given = input === undefined ? none : viewBytesAllowingShared(input)
    if (given === undefined) throw new TypeError('decode takes an ArrayBuffer or a view of one')
    const stream = Boolean(toDictionary(options, 'TextDecodeOptions')['stream'])
    this.#streaming = stream
    const bytes = this.#pending.length === 0 ? given : joinBytes([this.#pending, given])
    if (!stream) {
      const text = this.#decodeBytes(bytes).slice(this.#givenLength)
      this.#reset()
      return text
    }
    const isStateful = this.#encoding === 'iso-2022-jp'
    if (!isStateful && !isMultiByte(this.#encoding)) {
      const length = completeLength(bytes, this.#encoding)
      this.#pending = bytes.slice(length)
      return this.#decodeBytes(bytes.subarray(0, length))
    }
    const text = this.#decodeBytes(bytes, partialFlag)
    const rest = isStateful ? this.#follow(given) : this.#restOf(bytes)
    const fresh = text.slice(this.#givenLength)
    this.#pending = rest
    this.#givenLength = this.#decodeBytes(rest, partialFlag).length
    return fresh
  }

  #follow(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const state = (this.#state ??= new Iso2022JpState())
    state.feed(bytes)
    return state.prefix
  }

  #restOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const rest = new Uint8Array(bytes.subarray(completeLength(bytes, this.#encoding)))
    return shortenRest(rest, (part, moreFollow) => textFromHost(part, this.#encoding, moreFollow ? partialFlag : 0) ?? '')
  }

  #reset(): void {
    this.#pending = none
    this.#state = undefined
    this.#givenLength = 0
  }

  #decodeBytes(bytes: Uint8Array, flags = 0): string {
    if (bytes.length === 0) return ''
    const keepBom = this.#ignoreBom || this.#bomSeen
    this.#bomSeen = true
    if (this.#encoding === 'utf-8') {
      const ascii = decodeShortAscii(bytes)
      if (ascii !== undefined) return ascii
    }
    const text = textFromHost(bytes, this.#encoding, flags + (this.#fatal ? fatalFlag : 0) + (keepBom ? keepBomFlag : 0))
    if (text !== undefined) return text
    this.#reset()
    this.#streaming = false
    throw new TypeError(`The encoded data was not valid for encoding ${this.#encoding}`)
  }
}
