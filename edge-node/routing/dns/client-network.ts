import ipaddr from 'ipaddr.js'
import type { ClientSubnet } from './client-subnet.ts'

/**
 * The network that a query is answered for: a /24 of IPv4, a /56 of IPv6, or a wider one where a resolver tells no more. Nothing finer is looked
 * at, so that an answer holds for the whole network, and a resolver may keep it for all clients in it.
 */
export interface ClientNetwork {
  /** Its first address. */
  readonly address: string
  /** The finest that answers differ by, in bits. */
  readonly prefixLengthMax: number
}

const networkBits = { ipv4: 24, ipv6: 56 } as const

/** By the subnet that a resolver tells, otherwise by the address that asks, be it a resolver's. */
export function clientNetworkOf(asker: string, subnet: ClientSubnet | undefined): ClientNetwork {
  if (subnet === undefined || subnet.prefixLength === 0) return networkOfAddress(asker)
  const isIPv4 = subnet.family === 1
  const bits = isIPv4 ? networkBits.ipv4 : networkBits.ipv6
  const bytes = Array.from({ length: isIPv4 ? 4 : 16 }, (_, index) => (index < bits / 8 ? (subnet.bytes[index] ?? 0) : 0))
  if (isIPv4) return { address: bytes.join('.'), prefixLengthMax: bits }
  return networkOfAddress(new ipaddr.IPv6(bytes).toString())
}

function networkOfAddress(text: string): ClientNetwork {
  const lastDot = text.lastIndexOf('.')
  if (!text.includes(':') && lastDot > 0) return { address: `${text.slice(0, lastDot)}.0`, prefixLengthMax: networkBits.ipv4 }
  if (!ipaddr.isValid(text)) return { address: text, prefixLengthMax: networkBits.ipv6 }
  const address = ipaddr.process(text)
  if (address instanceof ipaddr.IPv4) return networkOfAddress(address.toString())
  const parts = address.parts.map((part, index) => (index < 3 ? part : index === 3 ? part & 0xff00 : 0))
  return { address: new ipaddr.IPv6(parts).toString(), prefixLengthMax: networkBits.ipv6 }
}
