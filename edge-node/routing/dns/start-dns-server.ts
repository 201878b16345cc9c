import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, isIP, isIPv6, type Server, type Socket } from 'node:net'
import { Counter, Registry } from 'prom-client'
import type { SkerryError } from '../../../errors/index.ts'
import type { Coordinates } from '../../../geography/index.ts'
import type { Token } from '../../control-plane/index.ts'
import { clientNetwork } from '../../protection/index.ts'
import { closeServer, createAdminServer, listen } from '../admin/index.ts'
import { rankNodes } from '../nearest/index.ts'
import { NodeTable } from '../nodes/index.ts'
import { openPlaceFinder, type PlaceFinder } from '../place/index.ts'
import { answerMessage } from './answer-message.ts'
import { AnswerRate } from './answer-rate.ts'
import { createTcpService } from './serve-tcp.ts'
import type { NameServer, Zone } from './zone.ts'

export interface DnsServerOptions {
  /** An address of this machine; UDP and TCP listen at it. */
  readonly host: string
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
  /** The zone's NS records; `ns1.DOMAIN` at `host` unless given. */
  readonly nameServers?: readonly NameServer[] | undefined
  /** At most 60. */
  readonly ttlSeconds?: number | undefined
  /** Health and metrics at loopback, where given; 0 takes a free one. */
  readonly adminPort?: number | undefined
  readonly nodesFile?: string | undefined
  /** Answers over UDP to one network of askers; see `AnswerRate`. */
  readonly answersPerSecondMax?: number | undefined
  readonly onOutage?: ((error: SkerryError | undefined) => void) | undefined
  readonly timing?: { readonly checkIntervalMs?: number; readonly refreshMs?: number } | undefined
}

export interface DnsServer {
  /** `host:port`, the same for UDP and TCP. */
  readonly address: string
  readonly adminUrl: string | undefined
  close(): Promise<void>
}

const ttlSecondsMax = 60
const ttlSecondsDefault = 20
const bindTries = 10
/** A large public resolver asks from few networks, and keeps each answer for the TTL. */
const answersPerSecondDefault = 200
const tcpConnectionsMax = 256

/**
 * Starts the DNS server that is authoritative for DOMAIN and answers with the addresses of the nearest healthy nodes.
 * Rejects with the system's error where the port can not be had, and with `config_invalid` for a bad database.
 */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const places = await openPlaceFinder({ geoDatabase: options.geoDatabase, ownPlace: options.place })
  const nodes = new NodeTable({
    controlPlaneUrl: options.controlPlaneUrl, token: options.token, ca: options.ca, health: 'active', file: options.nodesFile, onOutage: options.onOutage,
    refreshMs: options.timing?.refreshMs ?? 1_000,
    healthTiming: { intervalMs: options.timing?.checkIntervalMs ?? 500, timeoutMs: 1_000 },
  })
  const registry = new Registry()
  const queries = new Counter({
    name: 'skerry_dns_queries_total', help: 'Queries by response code.', labelNames: ['rcode', 'transport'], registers: [registry],
  })
  const zone = makeZone(options, nodes, places)
  const answer = (message: Buffer, address: string, transport: 'udp' | 'tcp', isTruncated = false): Buffer | undefined => {
    const reply = answerMessage(message, address, transport, zone, isTruncated)
    queries.inc({ rcode: reply === undefined ? 'dropped' : String((reply[3] ?? 0) & 0x0f), transport })
    return reply
  }

  await nodes.start()
  const { tcp, udp, address } = await bind(options.host, options.port, createTcpService(answer)).catch((error: unknown) => {
    nodes.close()
    throw error
  })
  const rate = new AnswerRate({ perSecond: options.answersPerSecondMax ?? answersPerSecondDefault })
  udp.on('message', (message, peer) => {
    const verdict = rate.judge(peer.address, performance.now())
    if (verdict === 'silence') {
      queries.inc({ rcode: 'limited', transport: 'udp' })
      return
    }
    const reply = answer(message, peer.address, 'udp', verdict === 'truncated')
    if (reply !== undefined) udp.send(reply, peer.port, peer.address, ignoreSendError)
  })
  // An ICMP error of an earlier answer; the socket lives on.
  udp.on('error', ignoreSendError)
  const admin = createAdminServer({ registry, notReadyReason: () => (nodes.nodes.length > 0 ? undefined : 'no node is known') })
  const adminUrl = options.adminPort === undefined ? undefined : `http://${await listen(admin, '127.0.0.1', options.adminPort)}`
  return {
    address, adminUrl,
    close: async () => {
      nodes.close()
      udp.close()
      await Promise.all([once(udp, 'close'), closeServer(tcp), closeServer(admin)])
    },
  }
}

function makeZone(options: DnsServerOptions, nodes: NodeTable, places: PlaceFinder): Zone {
  const domain = options.domain.toLowerCase()
  return {
    domain, serial: Math.floor(Date.now() / 1_000),
    nameServers: options.nameServers ?? [{ name: `ns1.${domain}`, addresses: [options.host] }],
    ttlSeconds: Math.min(ttlSecondsMax, options.ttlSeconds ?? ttlSecondsDefault),
    nearestAddresses: (clientAddress, name) => {
      const place = places.locate(clientAddress)
      const isPlaced = place?.latitude !== undefined && place.longitude !== undefined
      const client = isPlaced ? { latitude: place.latitude, longitude: place.longitude } : undefined
      const keys = { tieKey: name, clientKey: clientNetwork(clientAddress) }
      const known = client === undefined ? nodes.byLatency : nodes.byPlace
      const healthy = rankNodes(client, known, { unavailable: 'omit', ...keys })
      const byRegion = new Map<string, string[]>()
      // With no node healthy any address is better than a failure: the checks may be what is broken.
      for (const node of healthy.length > 0 ? healthy : rankNodes(client, known, keys)) {
        const host = new URL(node.url).hostname.replace(/^\[|\]$/g, '')
        if (isIP(host) === 0) continue
        const addresses = byRegion.get(node.region) ?? []
        if (!addresses.includes(host)) addresses.push(host)
        byRegion.set(node.region, addresses)
      }
      return [...byRegion.values()]
    },
  }
}

/** Both transports at one port. A free TCP port may be taken for UDP, so a few are tried where any will do. */
async function bind(
  host: string, port: number, onConnection: (socket: Socket) => void,
): Promise<{ tcp: Server; udp: UdpSocket; address: string }> {
  for (let tries = 1; ; tries++) {
    const tcp = createServer(onConnection)
    tcp.maxConnections = tcpConnectionsMax
    const address = await listen(tcp, host, port)
    const udp = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
    try {
      udp.bind(Number(address.slice(address.lastIndexOf(':') + 1)), host)
      await once(udp, 'listening')
      return { tcp, udp, address }
    } catch (error) {
      await closeServer(tcp)
      if (port !== 0 || tries === bindTries) throw error
    }
  }
}

function ignoreSendError(): void {
  // The asker will ask again; nothing of ours depends on it.
}
