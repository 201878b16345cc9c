import type { ClientNetwork } from './client-network.ts'
import { types } from './numbers.ts'
import { rdata, type ZoneRecords } from './records/index.ts'

/** Addresses of nodes for a client, as RDATA. */
export interface NodeAddresses {
  /** The best first; empty where no node has one of this family. */
  readonly addresses: readonly Buffer[]
  /** For how many bits of the client's address they hold. */
  readonly scopePrefixLength: number
}

/** Undefined where no node is known. */
export type FindNodeAddresses = (client: ClientNetwork, name: string, family: 4 | 6) => NodeAddresses | undefined

/** What the server is authoritative for. Replaced whole when the records change. */
export interface Zone {
  /** In lower case, without the final dot. */
  readonly domain: string
  readonly ttlSeconds: number
  readonly records: ZoneRecords
  readonly nodeAddresses: FindNodeAddresses
  /** RDATA of the SOA record. */
  readonly soa: Buffer
  /** RDATA of what ANY is answered with. */
  readonly hinfo: Buffer
}

export interface ZoneOptions extends Pick<Zone, 'domain' | 'ttlSeconds' | 'records' | 'nodeAddresses'> {
  readonly serial: number
}

/** Secondaries do not exist, so these say nothing to anybody but checkers of zones. */
const soaTimers = { refresh: 3_600, retry: 600, expire: 86_400 } as const

export function makeZone({ serial, ...zone }: ZoneOptions): Zone {
  const mname = zone.records.sets.get(zone.domain)?.get(types.NS)?.targets[0] ?? zone.domain
  const soa = { mname, rname: `hostmaster.${zone.domain}`, serial: serial >>> 0, ...soaTimers, minimum: zone.ttlSeconds }
  return {
    ...zone,
    soa: rdata({ type: 'SOA', name: '.', data: soa }),
    hinfo: rdata({ type: 'HINFO', name: '.', data: { cpu: 'RFC8482', os: '' } }),
  }
}
