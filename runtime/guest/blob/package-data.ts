import { decodeLatin1 } from '../bytes.ts'
import { TextDecoder } from '../encoding/index.ts'
import { parseMimeType } from '../mime-type.ts'
import { type Blob, blobBytes, blobType } from './blob.ts'

export type PackageKind = 'array buffer' | 'binary string' | 'data URL' | 'text'

/** https://w3c.github.io/FileAPI/#blob-package-data. Throws a RangeError where the text is too long for a string. */
export function packageData(blob: Blob, kind: PackageKind, encodingName: string | undefined): ArrayBuffer | string {
  const bytes = blobBytes(blob)
  if (kind === 'array buffer') return bytes.slice().buffer
  if (kind === 'binary string') return decodeLatin1(bytes)
  const type = blobType(blob)
  if (kind === 'text') return chooseDecoder(bytes, encodingName, type).decode(bytes)
  return `data:${type === '' ? 'application/octet-stream' : type};base64,${bytes.toBase64()}`
}

/** The byte order mark decides, then the name that was given, then the type's `charset`. */
function chooseDecoder(bytes: Uint8Array, encodingName: string | undefined, type: string): TextDecoder {
  const mark = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
  if (mark === 0xfeff) return new TextDecoder('utf-16be')
  if (mark === 0xfffe) return new TextDecoder('utf-16le')
  if (mark === 0xefbb && bytes[2] === 0xbf) return new TextDecoder()
  return findDecoder(encodingName) ?? findDecoder(parseMimeType(type)?.parameters.get('charset')) ?? new TextDecoder()
}

function findDecoder(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined
  try {
    return new TextDecoder(label)
  } catch {
    return undefined
  }
}
