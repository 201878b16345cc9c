import ipaddr from 'ipaddr.js'
import { SkerryError } from '../../errors/index.ts'

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Tells whether an address is one of the operator's own proxies. */
export type IsTrustedProxy = (address: string) => boolean

/** `entries` are addresses or CIDR ranges, of the option `field`. Throws `config_invalid` with the entry that is neither. */
export function createTrustedProxies(entries: readonly string[], field: 'trustedProxies' | 'proxyProtocol' = 'trustedProxies'): IsTrustedProxy {
  const ranges = entries.map((entry) => parseRange(entry, field))
  if (ranges.length === 0) return () => false
  return (address) => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return ranges.some((range) => range[0].kind() === parsed.kind() && parsed.match(range))
  }
}

function parseRange(entry: string, field: string): Range {
  try {
    if (entry.includes('/')) return ipaddr.parseCIDR(entry)
    const address = ipaddr.process(entry)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  } catch (cause) {
    throw new SkerryError('config_invalid', `The proxy ${JSON.stringify(entry)} is neither an address nor a CIDR range.`, { cause, field })
  }
}

/** An IPv4 address that came in through an IPv6 socket is written as IPv4. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/**
 * The client's address: the peer, or where the peer is a trusted proxy the last address of `x-forwarded-for` that is not one.
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, isTrusted: IsTrustedProxy): string {
  if (forwardedFor === undefined || !isTrusted(peer)) return peer
  const chain = forwardedFor.split(',').map((part) => part.trim())
  let client = peer
  for (let index = chain.length - 1; index >= 0; index -= 1) {
    const address = withoutPort(chain[index] ?? '')
    if (!ipaddr.isValid(address)) break
    client = plainAddress(address)
    if (!isTrusted(client)) break
  }
  return client
}

/** Some proxies write the port of the connection too, and IPv6 in brackets then. */
function withoutPort(text: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? []
  return bracketed ?? plain ?? text
}
