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

const pieceBytes = 1024 * 1024

/** Whether the text of `bytes` takes no more memory than so much. Decodes it piece by piece to find out where that is in doubt. */
export function decodesWithin(bytes: Uint8Array, encoding: string, roomBytes: number): boolean {
  if (bytes.length * 2 <= roomBytes) return true
  if (encoding === 'utf-8' && isAscii(bytes)) return bytes.length <= roomBytes
  try {
    const Decoder = ownEncodings.has(encoding) ? TextDecoder : codecs().TextDecoder
    const decoder = new Decoder(encoding)
    let characters = 0
    let size = 1
    for (let at = 0; at < bytes.length && characters * size <= roomBytes; at += pieceBytes) {
      const piece = decoder.decode(bytes.subarray(at, at + pieceBytes), { stream: true })
      characters += piece.length
      // One character that needs two bytes makes the text take two for each.
      if (size === 1 && /[^\0-\xff]/.test(piece)) size = 2
    }
    return characters * size <= roomBytes
  } catch {
    return true
  }
}

export const textOperations = { textEncode, textDecode } as const
