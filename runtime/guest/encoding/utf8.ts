import { HostOperation } from '../../bridge/index.ts'
import { callHost, callHostWithBytes } from '../host.ts'

/** Up to here a loop in the isolate beats the call to the host. */
const shortLength = 256
const fromCharCode = String.fromCharCode

/** UTF-8 of a string; lone surrogates become U+FFFD. The answer owns its buffer whole. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const length = text.length
  if (length <= shortLength) {
    const bytes = new Uint8Array(length)
    let index = 0
    for (; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit > 0x7f) break
      bytes[index] = unit
    }
    if (index === length) return bytes
  }
  const encoded = callHost(HostOperation.textEncode, 0, text)
  if (!(encoded instanceof Uint8Array)) throw new RangeError('the string is too long to encode')
  return encoded as Uint8Array<ArrayBuffer>
}

/** The text of short ASCII, or undefined where the bytes are long or anything else. */
export function decodeShortAscii(bytes: Uint8Array): string | undefined {
  const length = bytes.length
  if (length > shortLength) return undefined
  for (let index = 0; index < length; index++) {
    if ((bytes[index] as number) > 0x7f) return undefined
  }
  return fromCharCode(...bytes)
}

/** The text of `bytes` by the host's decoders, see `HostOperation.textDecode`; undefined where there is none. */
export function textFromHost(bytes: Uint8Array, encoding: string, flags: number): string | undefined {
  const text = callHostWithBytes(HostOperation.textDecode, 0, bytes, encoding, flags)
  return typeof text === 'string' ? text : undefined
}

/** https://encoding.spec.whatwg.org/#utf-8-decode: replaces what is malformed, takes a byte order mark away. */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = decodeShortAscii(bytes) ?? textFromHost(bytes, 'utf-8', 0)
  if (text === undefined) throw new RangeError('the text is too long for a string')
  return text
}
