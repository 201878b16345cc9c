import { typedArrayName } from '../primordials.ts'
import { requireArguments, toDomString } from '../webidl.ts'
import { encodeUtf8 } from './utf8.ts'

/** From here on the host's encoder is faster than a loop in the isolate. */
const longLength = 512

/** https://encoding.spec.whatwg.org/#interface-textencoder */
export class TextEncoder {
  /** A receiver without it is no TextEncoder. */
  readonly #encoding = 'utf-8'

  get encoding(): string {
    return this.#encoding
  }

  encode(input: unknown = ''): Uint8Array<ArrayBuffer> {
    void this.#encoding
    return encodeUtf8(toDomString(input))
  }

  /** https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto */
  encodeInto(source: unknown, destination: Uint8Array): { read: number; written: number } {
    void this.#encoding
    requireArguments(arguments.length, 2, 'encodeInto')
    const text = toDomString(source)
    if (typedArrayName(destination) !== 'Uint8Array') throw new TypeError('encodeInto takes a Uint8Array')
    const room = destination.length
    if (text.length >= longLength && room >= text.length) {
      const bytes = encodeUtf8(text)
      if (bytes.length <= room) {
        destination.set(bytes)
        return { read: text.length, written: bytes.length }
      }
    }
    return encodeWhatFits(text.toWellFormed(), destination)
  }
}

function encodeWhatFits(text: string, destination: Uint8Array): { read: number; written: number } {
  const room = destination.length
  let read = 0
  let written = 0
  while (read < text.length) {
    const point = text.codePointAt(read) as number
    const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    if (written + size > room) break
    writePoint(destination, written, point, size)
    written += size
    read += size === 4 ? 2 : 1
  }
  return { read, written }
}

function writePoint(bytes: Uint8Array, offset: number, point: number, size: number): void {
  if (size === 1) {
    bytes[offset] = point
    return
  }
  const firstByteMark = [0, 0, 0xc0, 0xe0, 0xf0][size] as number
  bytes[offset] = firstByteMark | (point >> (6 * (size - 1)))
  for (let rest = size - 2; rest >= 0; rest--) bytes[offset + size - 1 - rest] = 0x80 | ((point >> (6 * rest)) & 0x3f)
}
