import { isUtf8 } from 'node:buffer'

/**
 * Text operations for code inside isolates, by Node's own codecs (https://encoding.spec.whatwg.org/). Pure; they never throw.
 * Bytes that are handed out own their buffer whole: the boundary copies whole buffers, and a pooled one would carry
 * other tenants' data along.
 */

const encoder = new TextEncoder()
const fatalFlag = 1
const ignoreBomFlag = 2
const nameFlag = 4

/** UTF-8 of a string; lone surrogates become U+FFFD. */
function textEncode(text: string): Uint8Array {
  const bytes = encoder.encode(text)
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
}

/** https://encoding.spec.whatwg.org/#concept-encoding-get */
function encodingName(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

/**
 * The text of `bytes`, or undefined where they are malformed and flag 1 (fatal) is set, where the label is unknown, or where
 * the text is longer than a string can be. Flag 2 keeps a byte order mark. Flag 4: the name of the label's encoding instead.
 */
function textDecode(bytes: Uint8Array, label: string, flags = 0): string | undefined {
  if ((flags & nameFlag) !== 0) return encodingName(label)
  const fatal = (flags & fatalFlag) !== 0
  const ignoreBOM = (flags & ignoreBomFlag) !== 0
  try {
    if (label === 'utf-8' && fatal && !isUtf8(bytes)) return undefined
    return new TextDecoder(label, { fatal, ignoreBOM }).decode(bytes)
  } catch {
    return undefined
  }
}

export const textOperations = { textEncode, textDecode } as const
