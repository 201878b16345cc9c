import { Registry } from 'prom-client'
import { AnswerRate } from '../answer-rate.ts'
import { Cookies } from '../cookies.ts'
import { DnsMetrics } from '../dns-metrics.ts'
import { type NameServer, nameServerEntries, rdata, readRecords } from '../records/index.ts'
import { Responder } from '../responder.ts'
import { type FindNodeAddresses, makeZone } from '../zone.ts'

export interface TestZone {
  /** Lines of a zone file. */
  readonly records?: string
  readonly nodeAddresses?: FindNodeAddresses
  readonly answersPerSecond?: number
  readonly nameServers?: readonly NameServer[]
}

const twoServers: readonly NameServer[] = [{ name: 'ns1.edge.example', addresses: ['192.0.2.1', '2001:db8::1'] }, { name: 'ns2.other.example', addresses: [] }]

/** Addresses that are the same for everybody. */
export const fixedAddresses = (ipv4: readonly string[], ipv6: readonly string[] = []): FindNodeAddresses => {
  const four = ipv4.map((data) => rdata({ type: 'A', name: '.', data }))
  const six = ipv6.map((data) => rdata({ type: 'AAAA', name: '.', data }))
  return (client, _name, family) => ({ addresses: family === 4 ? four : six, scopePrefixLength: Math.min(16, client.prefixLengthMax) })
}

/** A responder for `edge.example` without sockets and nodes. For tests. */
export function makeResponder({ records = '', nodeAddresses = fixedAddresses(['192.0.2.11']), answersPerSecond = 1e9, nameServers = twoServers }: TestZone = {}): Responder {
  const domain = 'edge.example'
  const defaults = nameServerEntries(nameServers, domain)
  const zone = makeZone({ domain, ttlSeconds: 20, nodeAddresses, records: readRecords(records, { domain, ttlSeconds: 20, defaults }) })
  return new Responder({
    zone: () => zone, cookies: new Cookies(Buffer.alloc(32)), metrics: new DnsMetrics(new Registry()), tcpIdleSeconds: 10, rate: new AnswerRate({ perSecond: answersPerSecond }),
  })
}
