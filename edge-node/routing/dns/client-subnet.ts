/** Part of a client's address that a resolver tells. @see https://www.rfc-editor.org/rfc/rfc7871 */
export interface ClientSubnet {
  /** 1 is IPv4, 2 is IPv6; 0 only where nothing is told. */
  readonly family: number
  /** Bits that are told; 0 asks not to be told by. */
  readonly prefixLength: number
  /** As many bytes as the prefix needs. */
  readonly bytes: Buffer
}

const headBytes = 4
const bitsOf: Readonly<Record<number, number>> = { 1: 32, 2: 128 }

/** Reads the option's data. Undefined where it is malformed, which is to be answered by FORMERR (RFC 7871, 7.1.2). */
export function readClientSubnet(data: Buffer): ClientSubnet | undefined {
  if (data.length < headBytes) return undefined
  const family = data.readUInt16BE(0)
  const prefixLength = data.readUInt8(2)
  const bytes = data.subarray(headBytes)
  // Some send family 0 where they tell nothing.
  if (prefixLength > (bitsOf[family] ?? 0) || (bitsOf[family] === undefined && family !== 0)) return undefined
  if (data.readUInt8(3) !== 0 || bytes.length !== Math.ceil(prefixLength / 8)) return undefined
  const spareBits = bytes.length * 8 - prefixLength
  if (((bytes.at(-1) ?? 0) & ((1 << spareBits) - 1)) !== 0) return undefined
  return { family, prefixLength, bytes }
}

/** The option's data for a reply: as it came, and for how many bits the answer holds. */
export function writeClientSubnet({ family, prefixLength, bytes }: ClientSubnet, scopePrefixLength: number): Buffer {
  const data = Buffer.alloc(headBytes + bytes.length)
  data.writeUInt16BE(family, 0)
  data.writeUInt8(prefixLength, 2)
  data.writeUInt8(scopePrefixLength, 3)
  bytes.copy(data, headBytes)
  return data
}
