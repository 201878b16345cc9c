import { createHash } from 'node:crypto'
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

export type ZoneOptions = Pick<Zone, 'domain' | 'ttlSeconds' | 'records' | 'nodeAddresses'>

/** Secondaries do not exist, so these say nothing to anybody but checkers of zones. */
const soaTimers = { refresh: 3_600, retry: 600, expire: 86_400 } as const

export function makeZone(zone: ZoneOptions): Zone {
  const mname = zone.records.sets.get(zone.domain)?.get(types.NS)?.targets[0] ?? zone.domain
  const soa = { mname, rname: `hostmaster.${zone.domain}`, serial: serialOf(zone.records), ...soaTimers, minimum: zone.ttlSeconds }
  return {
    ...zone,
    soa: rdata({ type: 'SOA', name: '.', data: soa }),
    hinfo: rdata({ type: 'HINFO', name: '.', data: { cpu: 'RFC8482', os: '' } }),
  }
}

/**
 * A number that servers of the same records share, and that changes with them: those who check zones compare it between servers. It does not grow, which only
 * secondaries would want.
 */
function serialOf({ sets }: ZoneRecords): number {
  const hash = createHash('sha256')
  for (const name of [...sets.keys()].toSorted()) {
    for (const [type, { ttlSeconds, data }] of sets.get(name) ?? []) hash.update(JSON.stringify([name, type, ttlSeconds, data.map((each) => each.toString('hex'))]))
  }
  return hash.digest().readUInt32BE(0)
}
