import { isIP } from 'node:net'
import type { DecodedPacket, OptAnswer } from 'dns-packet'

/** Part of a client's address that a resolver tells. @see https://www.rfc-editor.org/rfc/rfc7871 */
export interface ClientSubnet {
  readonly address: string
  readonly family: number
  readonly prefixLength: number
}

/** What we read of a query's OPT record. @see https://www.rfc-editor.org/rfc/rfc6891 */
export interface Edns {
  readonly version: number
  /** Bytes that the asker takes over UDP. */
  readonly udpPayloadSize: number
  readonly clientSubnet: ClientSubnet | undefined
}

/** OPTION-CODE of the client subnet. */
const clientSubnetCode = 8

/** What fits through nearly every path without fragments. @see https://www.dnsflagday.net/2020/ */
export const udpBytesMax = 1_232
/** Without EDNS. */
export const plainUdpBytesMax = 512

/** The query's OPT record; undefined where it has none. */
export function readEdns(query: DecodedPacket): Edns | undefined {
  const opt = query.additionals?.find((record) => record.type === 'OPT')
  if (opt?.type !== 'OPT') return undefined
  return { version: opt.ednsVersion ?? 0, udpPayloadSize: opt.udpPayloadSize ?? plainUdpBytesMax, clientSubnet: readClientSubnet(opt) }
}

/** Bytes that an answer over UDP may have. */
export function udpLimit(edns: Edns | undefined): number {
  return Math.min(udpBytesMax, Math.max(plainUdpBytesMax, edns?.udpPayloadSize ?? plainUdpBytesMax))
}

/** Our OPT record. A version that we do not speak is answered by BADVERS, whose upper bits stand here. */
export function replyOpt(edns: Edns): OptAnswer {
  const { clientSubnet } = edns
  return {
    type: 'OPT', name: '.', udpPayloadSize: udpBytesMax, extendedRcode: edns.version > 0 ? 1 : 0, ednsVersion: 0, flags: 0, flag_do: false,
    options: clientSubnet === undefined
      ? []
      : [{
          code: clientSubnetCode, family: clientSubnet.family, sourcePrefixLength: clientSubnet.prefixLength,
          // The answer holds for the whole subnet that was told.
          scopePrefixLength: clientSubnet.prefixLength, ip: clientSubnet.address,
        }],
  }
}

function readClientSubnet(opt: OptAnswer): ClientSubnet | undefined {
  for (const option of opt.options ?? []) {
    if (!('ip' in option) || option.ip === undefined) continue
    const family = isIP(option.ip) === 6 ? 2 : 1
    const prefixLength = option.sourcePrefixLength ?? 0
    // A prefix of 0 asks not to be told by: then the resolver's own address counts.
    if (isIP(option.ip) === 0 || prefixLength === 0 || prefixLength > (family === 1 ? 32 : 128)) return undefined
    return { address: option.ip, family, prefixLength }
  }
  return undefined
}
