/**
 * Where a chunk of encoded text can be cut, so that what stands before is decoded for itself and the rest waits for more.
 * The host's decoder keeps no state between calls; this keeps it here.
 */

/** How many of the first bytes of `bytes` can be decoded now. */
export function completeLength(bytes: Uint8Array, encoding: string): number {
  if (encoding === 'utf-8') return completeUtf8(bytes)
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return completeUtf16(bytes, encoding === 'utf-16le')
  // ISO-2022-JP switches its state by escape sequences anywhere before: it is decoded when it is whole.
  if (encoding === 'iso-2022-jp') return 0
  if (multiByteEncodings.has(encoding)) return bytes.findLastIndex((byte) => byte < lowestTrailByte) + 1
  return bytes.length
}

const multiByteEncodings = new Set(['big5', 'euc-jp', 'euc-kr', 'gb18030', 'gbk', 'shift_jis'])
/** In none of them does a lower byte continue a character, so after one each decoder is in its initial state. */
const lowestTrailByte = 0x30

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
