import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import { createRequire } from 'node:module'
import type * as Codecs from '@exodus/bytes/encoding.js'

/**
 * Text operations for code inside isolates (https://encoding.spec.whatwg.org/). Pure; they never throw.
 * Bytes that are handed out own their buffer whole: the boundary hands over whole buffers, and a pooled one would carry
 * other tenants' data along.
 */

const encoder = new TextEncoder()
const fatalFlag = 1
const ignoreBomFlag = 2
const nameFlag = 4
const partialFlag = 8

/** Node's own decoders of these are fast and exact; its others are ICU's, which knows other tables than the standard. */
const ownEncodings: ReadonlySet<string> = new Set(['utf-8', 'utf-16le', 'utf-16be'])

const require = createRequire(import.meta.url)
const loaded: { codecs?: typeof Codecs } = {}

/** Loaded when a function first asks for an encoding that is not Unicode: few do, and each cell would start later. */
function codecs(): typeof Codecs {
  return (loaded.codecs ??= require('@exodus/bytes/encoding.js') as typeof Codecs)
}

/** UTF-8 of a string; lone surrogates become U+FFFD. */
function textEncode(text: string): Uint8Array {
  const bytes = encoder.encode(text)
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
}

/** https://encoding.spec.whatwg.org/#concept-encoding-get; undefined for `replacement` too, as `TextDecoder` takes it. */
function encodingName(label: string): string | undefined {
  const name = codecs().normalizeEncoding(label)
  return name === null || name === 'replacement' ? undefined : name
}

/**
 * The text of `bytes`, or undefined where they are malformed and flag 1 (fatal) is set, where `encoding` is none, or where the text is
 * longer than a string can be. Flag 2 keeps a byte order mark. Flag 4: the name of the encoding that `encoding` is a label of instead.
 * Flag 8: more bytes follow, so that what may go on at the end is left out; for legacy encodings only.
 */
function textDecode(bytes: Uint8Array, encoding: string, flags = 0): string | undefined {
  const fatal = (flags & fatalFlag) !== 0
  const ignoreBOM = (flags & ignoreBomFlag) !== 0
  try {
    if ((flags & nameFlag) !== 0) return encodingName(encoding)
    if (!ownEncodings.has(encoding)) return new (codecs().TextDecoder)(encoding, { fatal }).decode(bytes, { stream: (flags & partialFlag) !== 0 })
    // Twice as fast as the decoder.
    if (encoding === 'utf-8' && isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
    if (encoding === 'utf-8' && fatal && !isUtf8(bytes)) return undefined
    return new TextDecoder(encoding, { fatal, ignoreBOM }).decode(bytes)
  } catch {
    return undefined
  }
}

export const textOperations = { textEncode, textDecode } as const
