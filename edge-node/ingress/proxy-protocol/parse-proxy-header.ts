import { isIPv4, isIPv6 } from 'node:net'

/** The end of a connection that a header tells of. */
export interface ProxiedClient {
  readonly address: string
  readonly port: number
}

export type ProxyHeader =
  /** It begins like one. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }
  /** `client` is undefined where the proxy speaks for itself, as in its health checks. */
  | { readonly kind: 'complete'; readonly bytes: number; readonly client: ProxiedClient | undefined }

/** With its line end. @see https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt (2.1) */
const textBytesMax = 107
/** What proxies add to the addresses (names, certificates, checksums) is skipped up to this. */
export const proxyHeaderBytesMax = 4_096

const textStart = Buffer.from('PROXY ')
const binaryStart = Buffer.from('\r\n\r\n\0\r\nQUIT\n')
const binaryHeadBytes = 16

const invalid: ProxyHeader = { kind: 'invalid' }
const incomplete: ProxyHeader = { kind: 'incomplete' }

/** Reads the header of the PROXY protocol, version 1 or 2, that stands before a connection's own bytes. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAlike(bytes, textStart)) return parseText(bytes)
  if (startsAlike(bytes, binaryStart)) return parseBinary(bytes)
  return invalid
}

/** Whether what is there of `start` is right. */
function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.subarray(0, length).equals(start.subarray(0, length))
}

function parseText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, textBytesMax).indexOf('\r\n')
  if (end === -1) return bytes.length < textBytesMax ? incomplete : invalid
  const line = bytes.toString('latin1', 0, end)
  const complete = (client: ProxiedClient | undefined): ProxyHeader => ({ kind: 'complete', bytes: end + 2, client })
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return complete(undefined)
  const match = /^PROXY TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/.exec(line)
  if (match === null) return invalid
  const [, family, source = '', destination = '', sourcePort, destinationPort] = match
  const isAddress = family === '4' ? isIPv4 : isIPv6
  const port = Number(sourcePort)
  // A zone would name an interface of the proxy.
  if (!isAddress(source) || !isAddress(destination) || source.includes('%') || Math.max(port, Number(destinationPort)) > 0xff_ff) return invalid
  return complete({ address: source, port })
}

function parseBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < binaryHeadBytes) return incomplete
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 0xf]
  const [family, transport] = [bytes.readUInt8(13) >> 4, bytes.readUInt8(13) & 0xf]
  const length = bytes.readUInt16BE(14)
  const whole = binaryHeadBytes + length
  if (version !== 2 || command > 1 || family > 3 || transport > 2 || whole > proxyHeaderBytesMax) return invalid
  if (bytes.length < whole) return incomplete
  const complete = (client: ProxiedClient | undefined): ProxyHeader => ({ kind: 'complete', bytes: whole, client })
  const isLocal = command === 0
  // Neither unspecified families nor the proxy's own sockets of files have an address that tells of a client.
  if (isLocal || family === 0 || family === 3) return complete(undefined)
  const addressBytes = family === 1 ? 4 : 16
  // Behind both addresses stand both ports. A client of HTTP does not come by datagrams.
  if (transport !== 1 || length < 2 * addressBytes + 4) return invalid
  const source = bytes.subarray(binaryHeadBytes, binaryHeadBytes + addressBytes)
  return complete({ address: family === 1 ? source.join('.') : writeIpv6(source), port: bytes.readUInt16BE(binaryHeadBytes + 2 * addressBytes) })
}

function writeIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
