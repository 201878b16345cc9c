/** Few enough to be parameters of one call. */
const spreadBytes = 8_192

/** All of the parts in one piece, which owns its buffer. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    all.set(part, offset)
    offset += part.length
  }
  return all
}

/** https://infra.spec.whatwg.org/#isomorphic-decode: each byte is a character. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let offset = 0; offset < bytes.length; offset += spreadBytes) text += String.fromCharCode(...bytes.subarray(offset, offset + spreadBytes))
  return text
}
