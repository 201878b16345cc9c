import ipaddr from 'ipaddr.js'

/** Of an IPv6 address, what tells one customer of a network from the next: he has all the addresses below. */
const customerParts = 4

/** Whom an address counts for where clients are bounded: itself, or in IPv6 its /64, of which one client may use any address. */
export function clientNetwork(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, customerParts).join(':') : parsed.toString()
}
