import { type ClientSubnet, readClientSubnet, writeClientSubnet } from './client-subnet.ts'
import { type QueryCookie, readCookie } from './cookies.ts'
import { types } from './numbers.ts'

/** What is read of a query's OPT record. @see https://www.rfc-editor.org/rfc/rfc6891 */
export interface Edns {
  readonly version: number
  /** Bytes that the asker takes over UDP. */
  readonly udpPayloadSize: number
  /** Whether it wants DNSSEC, of which we have none; the bit is to come back (RFC 3225). */
  readonly dnssecOk: boolean
  readonly clientSubnet: ClientSubnet | undefined
  readonly cookie: QueryCookie | undefined
  /** Whether it wants to know how long a connection may idle. @see https://www.rfc-editor.org/rfc/rfc7828 */
  readonly keepalive: boolean
  readonly isMalformed: boolean
}

/** An option of an OPT record. */
export interface EdnsOption {
  readonly code: number
  readonly data: Buffer
}

/** An OPT record as it stands in a message. */
export interface OptRecord {
  readonly version: number
  readonly udpPayloadSize: number
  readonly flags: number
  readonly options: readonly EdnsOption[]
}

/** What the reply's OPT record says besides. */
export interface EdnsReply {
  readonly rcode: number
  /** For how many bits of the client's address the answer holds. */
  readonly scopePrefixLength: number
  /** Data of the COOKIE option. */
  readonly cookie: Buffer | undefined
  /** Seconds that a connection may idle, where it is one. */
  readonly idleSeconds: number | undefined
}

const optionCodes = { clientSubnet: 8, cookie: 10, keepalive: 11 } as const
const dnssecOkBit = 0x8000
const optHeadBytes = 11

/** What fits through nearly every path without fragments. @see https://www.dnsflagday.net/2020/ */
export const udpBytesMax = 1_232
/** Without EDNS. */
const plainUdpBytesMax = 512

/** What the options say. An option that comes twice counts the first time; those that are not known are passed over. */
export function readEdns(opt: OptRecord): Edns {
  const find = (code: number): Buffer | undefined => opt.options.find((option) => option.code === code)?.data
  const [subnetData, cookieData] = [find(optionCodes.clientSubnet), find(optionCodes.cookie)]
  const clientSubnet = subnetData === undefined ? undefined : readClientSubnet(subnetData)
  const cookie = cookieData === undefined ? undefined : readCookie(cookieData)
  return {
    version: opt.version, udpPayloadSize: opt.udpPayloadSize, dnssecOk: (opt.flags & dnssecOkBit) !== 0, clientSubnet, cookie,
    keepalive: find(optionCodes.keepalive) !== undefined,
    isMalformed: (subnetData !== undefined && clientSubnet === undefined) || (cookieData !== undefined && cookie === undefined),
  }
}

/** Bytes that an answer over UDP may have. */
export function udpLimit(edns: Edns | undefined): number {
  return Math.min(udpBytesMax, Math.max(plainUdpBytesMax, edns?.udpPayloadSize ?? plainUdpBytesMax))
}

/** The reply's OPT record. The upper bits of a long response code stand here. */
export function writeOpt(edns: Edns, { rcode, scopePrefixLength, cookie, idleSeconds }: EdnsReply): Buffer {
  const options: EdnsOption[] = []
  if (edns.clientSubnet !== undefined) {
    options.push({ code: optionCodes.clientSubnet, data: writeClientSubnet(edns.clientSubnet, edns.clientSubnet.prefixLength === 0 ? 0 : scopePrefixLength) })
  }
  if (cookie !== undefined) options.push({ code: optionCodes.cookie, data: cookie })
  if (edns.keepalive && idleSeconds !== undefined) {
    const tenths = Buffer.alloc(2)
    tenths.writeUInt16BE(idleSeconds * 10)
    options.push({ code: optionCodes.keepalive, data: tenths })
  }
  const optionBytes = options.reduce((sum, { data }) => sum + 4 + data.length, 0)
  const bytes = Buffer.alloc(optHeadBytes + optionBytes)
  bytes.writeUInt16BE(types.OPT, 1)
  bytes.writeUInt16BE(udpBytesMax, 3)
  bytes.writeUInt8(rcode >> 4, 5)
  bytes.writeUInt16BE(edns.dnssecOk ? dnssecOkBit : 0, 7)
  bytes.writeUInt16BE(optionBytes, 9)
  let offset = optHeadBytes
  for (const { code, data } of options) {
    bytes.writeUInt16BE(code, offset)
    bytes.writeUInt16BE(data.length, offset + 2)
    data.copy(bytes, offset + 4)
    offset += 4 + data.length
  }
  return bytes
}
