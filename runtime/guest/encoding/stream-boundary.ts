/**
 * Where a chunk of encoded text can be cut, so that what stands before is done with, and the decoder is in its initial state behind it.
 * The host's decoder keeps no state between calls; this keeps it here.
 */

/** How many of the first bytes of `bytes` can be decoded for themselves. */
export function completeLength(bytes: Uint8Array, encoding: string): number {
  if (encoding === 'utf-8') return completeUtf8(bytes)
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return completeUtf16(bytes, encoding === 'utf-16le')
  if (isMultiByte(encoding)) return bytes.findLastIndex((byte) => byte < lowestTrailByte) + 1
  return bytes.length
}

/** Whether more than one byte may make a character, by rules that only the host's tables know; iso-2022-jp has a state of its own. */
export function isMultiByte(encoding: string): boolean {
  return multiByteEncodings.has(encoding)
}

const multiByteEncodings = new Set(['big5', 'euc-jp', 'euc-kr', 'gb18030', 'gbk', 'shift_jis'])
/** In none of them does a lower byte continue a character, so after one each decoder is in its initial state. */
const lowestTrailByte = 0x30
const lineFeed = 0x0a
/** No character has more bytes. */
const characterBytesMax = 4
/** Looking for a better place costs some decoding: fewer bytes are kept as they are. */
const longRestBytes = 64

/**
 * The end of `rest`, from a place where a decoder of a multi-byte encoding is in its initial state: such text may have no low byte for as long as
 * it likes, and whoever decoded all of it again for each byte would never end.
 *
 * @param decode the text of bytes, or, where more are to follow, without what those may complete
 */
export function shortenRest(rest: Uint8Array<ArrayBuffer>, decode: (bytes: Uint8Array, moreFollow: boolean) => string): Uint8Array<ArrayBuffer> {
  if (rest.length < longRestBytes) return rest
  for (let cut = rest.length; cut > rest.length - characterBytesMax; cut--) {
    const before = rest.subarray(0, cut)
    // Behind part of a character a line feed makes an error.
    const ended = new Uint8Array(cut + 1)
    ended.set(before)
    ended[cut] = lineFeed
    if (decode(ended, false) === `${decode(before, true)}\n`) return rest.slice(cut)
  }
  return rest
}

function completeUtf8(bytes: Uint8Array): number {
  const length = bytes.length
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] as number
    if (byte < 0x80) return length
    if (byte < 0xc0) continue
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
    if (byte < 0xc2 || byte > 0xf4 || size <= back) return length
    return isUtf8Prefix(byte, bytes[length - back + 1]) ? length - back : length
  }
  return length
}

/** Whether a second byte (if it is there) can follow: an impossible one makes an error now, not when more comes. */
function isUtf8Prefix(first: number, second: number | undefined): boolean {
  if (second === undefined) return true
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xed) return second <= 0x9f
  if (first === 0xf0) return second >= 0x90
  if (first === 0xf4) return second <= 0x8f
  return true
}

function completeUtf16(bytes: Uint8Array, littleEndian: boolean): number {
  const even = bytes.length - (bytes.length % 2)
  if (even < 2) return 0
  const high = bytes[littleEndian ? even - 1 : even - 2] as number
  return high >= 0xd8 && high <= 0xdb ? even - 2 : even
}
