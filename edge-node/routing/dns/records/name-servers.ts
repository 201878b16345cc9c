import { isIPv4 } from 'node:net'
import { types } from '../numbers.ts'
import type { Entry } from './read-entries.ts'
import { nameBytes } from './names.ts'
import { rdata } from './record-data.ts'
import { isWithin } from './names.ts'

/** A name server of the zone and where it is reached. */
export interface NameServer {
  readonly name: string
  readonly addresses: readonly string[]
}

/** The NS records that name servers make, and their addresses where the zone has to know them. */
export function nameServerEntries(servers: readonly NameServer[], domain: string): Entry[] {
  return servers.flatMap(({ name, addresses }) => {
    const target = name.toLowerCase().replace(/\.$/, '')
    const entry = { ttlSeconds: undefined, line: 0 }
    const ns = { ...entry, name: domain, type: types.NS, data: nameBytes(target), target }
    if (!isWithin(target, domain)) return [ns]
    return [ns, ...addresses.map((address) => {
      const type = isIPv4(address) ? 'A' : 'AAAA'
      return { ...entry, name: target, type: types[type], data: rdata({ type, name: '.', data: address }), target: undefined }
    })]
  })
}
