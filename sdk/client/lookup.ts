import { lookup as systemLookup, type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** Whether a host name is `localhost` or below it, which RFC 6761 keeps for loopback. */
export function isLocalhostName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  return name === 'localhost' || name.endsWith('.localhost')
}

/** Resolves names as the system does, but `*.localhost`, which Node's resolver does not know, to loopback. */
export const lookupWithLocalhost: LookupFunction = (hostname, options, callback) => {
  if (!isLocalhostName(hostname)) {
    systemLookup(hostname, options, callback)
    return
  }
  const addresses: LookupAddress[] = [{ address: '127.0.0.1', family: 4 }]
  if (options.all === true) callback(null, addresses)
  else callback(null, '127.0.0.1', 4)
}
