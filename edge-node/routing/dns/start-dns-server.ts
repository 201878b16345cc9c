import { networkInterfaces } from 'node:os'
import { Registry } from 'prom-client'
import { SkerryError } from '../../../errors/index.ts'
import type { Coordinates } from '../../../geography/index.ts'
import type { Token } from '../../control-plane/index.ts'
import { closeServer, createAdminServer, listen } from '../admin/index.ts'
import { NodeTable } from '../nodes/index.ts'
import { openPlaceFinder } from '../place/index.ts'
import { AnswerRate } from './answer-rate.ts'
import { Cookies } from './cookies.ts'
import { DnsMetrics } from './dns-metrics.ts'
import { createNodeFinder } from './find-nodes.ts'
import { type Listeners, listenAt } from './listen.ts'
import { isWithin, type NameServer, nameServerEntries, readRecords, RecordsFile, type ZoneRecords } from './records/index.ts'
import { Responder } from './responder.ts'
import { tcpLimits, TcpService } from './serve-tcp.ts'
import { makeZone, type Zone } from './zone.ts'

export interface DnsServerOptions {
  /** Addresses of this machine; UDP and TCP listen at each. */
  readonly hosts: readonly string[]
  /** 0 takes one that is free for both. */
  readonly port: number
  readonly controlPlaneUrl: string
  /** A control-plane token with scope `node`, or a DNS server's own credential. */
  readonly token: Token
  /** PEM of the authorities to trust instead of the usual, where the control plane is reached by HTTPS. */
  readonly ca?: string | undefined
  /** The zone: DOMAIN of the cluster. */
  readonly domain: string
  /** MMDB with cities, instead of the bundled database of countries. */
  readonly geoDatabase?: string | undefined
  /** Where resolvers of unknown place are taken to be. */
  readonly place?: Coordinates | undefined
  /** The zone's NS records, where the file of records has none; `ns1.DOMAIN` at `hosts` unless given. */
  readonly nameServers?: readonly NameServer[] | undefined
  /** A zone file with further records; read again when it changes. */
  readonly recordsFile?: string | undefined
  /** Of answers, and of denials; at most 60. */
  readonly ttlSeconds?: number | undefined
  /** Health and metrics, where given; 0 takes a free one. */
  readonly adminPort?: number | undefined
  /** Where they are had; loopback unless set. */
  readonly adminHost?: string | undefined
  readonly nodesFile?: string | undefined
  /** Answers over UDP to one network of askers; see `AnswerRate`. */
  readonly answersPerSecondMax?: number | undefined
  readonly onOutage?: ((error: SkerryError | undefined) => void) | undefined
  /** Told that the file of records was read anew, or what is wrong with it: then the records before it go on. */
  readonly onRecords?: ((error: SkerryError | undefined) => void) | undefined
  readonly timing?: { readonly checkIntervalMs?: number; readonly checkTimeoutMs?: number; readonly refreshMs?: number; readonly recordsMs?: number } | undefined
}

export interface DnsServer {
  /** `host:port` of the first host, the same for UDP and TCP. */
  readonly address: string
  readonly addresses: readonly string[]
  readonly adminUrl: string | undefined
  /** Reads the file of records now. Never rejects. */
  reload(): Promise<void>
  close(): Promise<void>
}

export const ttlSecondsMax = 60
const ttlSecondsDefault = 5
/** A large public resolver asks from few networks, and keeps each answer for the TTL. */
const answersPerSecondDefault = 200
/** Of checks of nodes: one that ends is out with the next, one that falls silent when the next has timed out, and one at once: within 4 s. */
export const checkTiming = { intervalMs: 500, timeoutMs: 1_000 } as const

/**
 * Starts the DNS server that is authoritative for DOMAIN and answers with the addresses of the nearest healthy nodes.
 * Rejects with the system's error where the port can not be had, and with `config_invalid` for a bad database or file of records.
 */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const domain = options.domain.toLowerCase().replace(/\.$/, '')
  const ttlSeconds = Math.min(ttlSecondsMax, options.ttlSeconds ?? ttlSecondsDefault)
  const places = await openPlaceFinder({ geoDatabase: options.geoDatabase, ownPlace: options.place })
  const nodes = new NodeTable({
    controlPlaneUrl: options.controlPlaneUrl, token: options.token, ca: options.ca, health: 'active', file: options.nodesFile, onOutage: options.onOutage,
    refreshMs: options.timing?.refreshMs ?? 1_000,
    healthTiming: {
      intervalMs: options.timing?.checkIntervalMs ?? checkTiming.intervalMs, timeoutMs: options.timing?.checkTimeoutMs ?? checkTiming.timeoutMs,
    },
  })
  const registry = new Registry()
  const metrics = new DnsMetrics(registry)
  let zone: Zone
  const takeRecords = (records: ZoneRecords): void => {
    const nodeAddresses = createNodeFinder({ nodes, places, records })
    zone = makeZone({ domain, ttlSeconds, records, nodeAddresses })
  }
  const file = await openRecords(options, { domain, ttlSeconds, metrics, takeRecords })
  const responder = new Responder({
    zone: () => zone, cookies: new Cookies(), metrics, tcpIdleSeconds: tcpLimits.idleMs / 1_000,
    rate: new AnswerRate({ perSecond: options.answersPerSecondMax ?? answersPerSecondDefault }),
  })
  const tcp = new TcpService(responder)
  metrics.watchConnections(() => tcp.connections)
  await nodes.start()
  const stop = (): void => {
    nodes.close()
    file?.close()
  }
  const admin = createAdminServer({ registry, notReadyReason: () => (nodes.nodes.length > 0 ? undefined : 'no node is known') })
  let adminUrl: string | undefined
  let listeners: Listeners
  try {
    if (options.adminPort !== undefined) adminUrl = `http://${await listen(admin, options.adminHost ?? '127.0.0.1', options.adminPort)}`
    listeners = await listenAt(options.hosts, options.port, responder, tcp)
  } catch (error) {
    stop()
    await closeServer(admin)
    throw error
  }
  return {
    address: listeners.addresses[0] ?? '', addresses: listeners.addresses, adminUrl,
    reload: async () => file?.reload(),
    close: async () => {
      stop()
      await Promise.all([listeners.close(), closeServer(admin)])
    },
  }
}

interface RecordsUse {
  readonly domain: string
  readonly ttlSeconds: number
  readonly metrics: DnsMetrics
  readonly takeRecords: (records: ZoneRecords) => void
}

/** Has the records taken as they are, and again when the file changes. Undefined where there is no file. */
async function openRecords(options: DnsServerOptions, { domain, ttlSeconds, metrics, takeRecords }: RecordsUse): Promise<RecordsFile | undefined> {
  const { recordsFile, onRecords, timing, hosts, nameServers = [ownNameServer(domain, hosts)] } = options
  const unreachable = options.nameServers?.find(({ name, addresses }) => addresses.length === 0 && isWithin(name.toLowerCase().replace(/\.$/, ''), domain))
  if (unreachable !== undefined) throw new SkerryError('config_invalid', `The name server ${unreachable.name} is within the zone: give its address with it.`, { field: 'nameServers' })
  const defaults = nameServerEntries(nameServers, domain)
  if (recordsFile === undefined) {
    takeRecords(readRecords('', { domain, ttlSeconds, defaults }))
    return undefined
  }
  return RecordsFile.open({
    path: recordsFile, domain, ttlSeconds, defaults, watchMs: timing?.recordsMs,
    onChange: (records) => {
      takeRecords(records)
      metrics.countRecordsRead('taken')
      onRecords?.(undefined)
    },
    onFault: (error) => {
      metrics.countRecordsRead('refused')
      onRecords?.(error)
    },
  })
}

/** What the zone's name server is taken to be where nobody says: this one, at the addresses where it listens. */
function ownNameServer(domain: string, hosts: readonly string[]): NameServer {
  return { name: `ns1.${domain}`, addresses: hosts.flatMap((host) => (host === '0.0.0.0' ? ownAddresses('IPv4') : host === '::' ? [...ownAddresses('IPv4'), ...ownAddresses('IPv6')] : [host])) }
}

/** Of this machine, where others may reach it. */
function ownAddresses(family: 'IPv4' | 'IPv6'): string[] {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return found.filter((each) => each.family === family && !each.internal && (each.scopeid ?? 0) === 0).map(({ address }) => address)
}
