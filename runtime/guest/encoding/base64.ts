import { decodeLatin1 } from '../bytes.ts'
import { DOMException } from '../dom-exception.ts'
import { requireArguments, toDomString } from '../webidl.ts'

/** https://html.spec.whatwg.org/#atob, on the base64 of ECMAScript's Uint8Array. */

/** https://html.spec.whatwg.org/#dom-btoa */
export function btoa(data: unknown): string {
  requireArguments(arguments.length, 1, 'btoa')
  const text = toDomString(data)
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 0xff) throw new DOMException('The string contains characters outside of Latin-1', 'InvalidCharacterError')
    bytes[index] = unit
  }
  return bytes.toBase64()
}

/** https://infra.spec.whatwg.org/#forgiving-base64-decode */
export function atob(data: unknown): string {
  requireArguments(arguments.length, 1, 'atob')
  let bytes: Uint8Array
  try {
    // "loose" is the forgiving decode: white space goes, padding may lack, overhanging bits are dropped.
    bytes = Uint8Array.fromBase64(toDomString(data))
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    throw new DOMException('The string to be decoded is not correctly encoded', 'InvalidCharacterError')
  }
  return decodeLatin1(bytes)
}
