import { decodeLatin1 } from '../bytes.ts'
import { encodeUtf8 } from '../encoding/index.ts'
import { type MimeType, parseMimeType } from '../mime-type.ts'

export interface DataUrl {
  readonly mimeType: MimeType
  readonly bytes: Uint8Array<ArrayBuffer>
}

const percent = 0x25
const defaultType: MimeType = { essence: 'text/plain', parameters: new Map([['charset', 'US-ASCII']]) }

/** https://fetch.spec.whatwg.org/#data-url-processor, of a serialised URL; undefined where it is malformed. */
export function parseDataUrl(url: string): DataUrl | undefined {
  const fragment = url.indexOf('#')
  const input = url.slice('data:'.length, fragment < 0 ? url.length : fragment)
  const comma = input.indexOf(',')
  if (comma < 0) return undefined
  let type = input.slice(0, comma).replaceAll(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '')
  let bytes: Uint8Array<ArrayBuffer> | undefined = percentDecode(input.slice(comma + 1))
  const marker = /; *base64$/i.exec(type)
  if (marker !== null) {
    bytes = decodeBase64(bytes)
    if (bytes === undefined) return undefined
    type = type.slice(0, marker.index)
  }
  return { mimeType: parseMimeType(type.startsWith(';') ? `text/plain${type}` : type) ?? defaultType, bytes }
}

/** https://url.spec.whatwg.org/#string-percent-decode */
function percentDecode(text: string): Uint8Array<ArrayBuffer> {
  const encoded = encodeUtf8(text)
  const first = encoded.indexOf(percent)
  if (first < 0) return encoded
  let length = first
  for (let index = first; index < encoded.length; index += 1) {
    const byte = encoded[index] ?? 0
    const value = byte === percent ? hexPair(encoded[index + 1], encoded[index + 2]) : -1
    encoded[length] = value < 0 ? byte : value
    length += 1
    if (value >= 0) index += 2
  }
  return encoded.slice(0, length)
}

/** The value of two hexadecimal digits, -1 where they are none. */
function hexPair(high: number | undefined, low: number | undefined): number {
  const [first, second] = [hexDigit(high), hexDigit(low)]
  return first < 0 || second < 0 ? -1 : first * 16 + second
}

function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** https://infra.spec.whatwg.org/#forgiving-base64-decode; undefined where it fails. */
function decodeBase64(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(decodeLatin1(bytes))
  } catch {
    return undefined
  }
}
