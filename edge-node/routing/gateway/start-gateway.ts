import { SkerryError } from '../../../errors/index.ts'
import type { Coordinates } from '../../../geography/index.ts'
import type { Token } from '../../control-plane/index.ts'
import {
  addCertificateMetrics, createIngressServer, createRedirectHandler, createTrustedProxies, createUlidGenerator, findPublicClient, openServerCertificates,
  type ProblemContext, problemText,
} from '../../ingress/index.ts'
import { createDiscovery } from '../../discovery/index.ts'
import { ConnectionGate, descriptorLimit, Protection, type ProtectionSettings, RetryBudget, shareDescriptors } from '../../protection/index.ts'
import { closeServer, createAdminServer, listen } from '../admin/index.ts'
import { rankNodes } from '../nearest/index.ts'
import { NodeTable } from '../nodes/index.ts'
import { openPlaceFinder } from '../place/index.ts'
import type { CertificateSources } from '../../../tls/index.ts'
import { HedgeBudget, hopLimits, Upstreams } from '../proxy/index.ts'
import { drain } from './drain.ts'
import { createGatewayHandler } from './gateway-handler.ts'
import { GatewayMetrics } from './gateway-metrics.ts'
import { HostPressures } from './host-pressures.ts'
import { KnownRegions } from './known-regions.ts'

export interface GatewayOptions extends ProtectionSettings {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** 0 takes a free one. */
  readonly adminPort: number
  /** Loopback unless set. */
  readonly adminHost?: string | undefined
  readonly controlPlaneUrl: string
  /** A control-plane token with scope `node`, or a gateway's own credential. */
  readonly token: Token
  /** PEM of the authorities to trust instead of the usual, where the control plane is reached by HTTPS. */
  readonly ca?: string | undefined
  /** PEM of the authorities that nodes' internal ports are checked by, where they speak TLS; the usual ones unless set. */
  readonly internalCa?: string | undefined
  /** DOMAIN of the cluster. Not used to refuse: hosts outside it may be routes, which only nodes know. */
  readonly domain: string
  /** Whether clients may say where they are by `x-skerry-location`. */
  readonly allowLocationHeader: boolean
  /** MMDB with cities, instead of the bundled database of countries. */
  readonly geoDatabase?: string | undefined
  /** Whether clients may learn of the nodes at `/.well-known/skerry/`; true unless set. */
  readonly discovery?: boolean | undefined
  /** Addresses and CIDR ranges whose `x-forwarded-for` is believed. */
  readonly trustedProxies: readonly string[]
  /** Addresses and CIDR ranges of proxies that send the header of the PROXY protocol first. */
  readonly proxyProtocol?: readonly string[] | undefined
  /** Certificates, with which HTTP/2 is offered; plain HTTP unless set. They are read anew when they change. */
  readonly tls?: CertificateSources | undefined
  /** A port without TLS that sends clients to the other. */
  readonly redirectPort?: number | undefined
  /** What the operator should know of certificates, and of nodes that fall and come back. */
  readonly onNotice?: ((text: string) => void) | undefined
  /** Where the gateway stands, taken for clients whose address tells nothing; without it they get the node that answers it soonest. */
  readonly place?: Coordinates | undefined
  /** Whether the next node is asked as well where one is slower than usual with what is safe to do twice; false unless set. */
  readonly hedge?: boolean | undefined
  /** While it drains requests are taken for so long, so that load balancers and DNS see that it goes; 0 unless set. */
  readonly drainSettleMs?: number | undefined
  /** Keeps the list of nodes over a restart. */
  readonly nodesFile?: string | undefined
  /** Told once when the control plane can not be read, and once (undefined) when it can again. */
  readonly onOutage?: ((error: SkerryError | undefined) => void) | undefined
  /** Health checks of nodes, how often the list is read, how long WebSockets go on while it drains; for tests. */
  readonly timing?: { readonly socketGraceMs?: number; readonly checkIntervalMs?: number; readonly checkTimeoutMs?: number; readonly refreshMs?: number } | undefined
}

export interface Gateway {
  readonly url: string
  readonly adminUrl: string
  /** Looks at the files of certificates at once, where there are some. */
  readonly reload?: (() => Promise<void>) | undefined
  /**
   * Not ready from now on, and connections close after their answer; takes what comes for `drainSettleMs`, then nothing new. Resolves when nothing
   * is in flight, and WebSockets have been ended by 1001; after 25 s and what the settling took at most.
   */
  drain(): Promise<void>
  /** Breaks off what is left and frees the ports. */
  close(): Promise<void>
}

/** Nodes to which a connection is made before a request needs it. */
const warmMax = 4
/** WebSockets go on for so long while the gateway drains, as on nodes. */
const socketGraceMs = 10_000

/**
 * Starts a gateway: takes HTTP requests for any function and has the nearest healthy node answer each.
 * Rejects with `config_invalid` for a bad database or proxy list, or with the system's error where a port can not be had.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const isTrustedProxy = createTrustedProxies(options.trustedProxies)
  const certificates = options.tls === undefined ? undefined : await openServerCertificates(options.tls, options.onNotice ?? (() => undefined))
  const { locate } = await openPlaceFinder({ geoDatabase: options.geoDatabase, ownPlace: options.place })
  // Each client's request needs a connection to a node besides, of which no node can have all.
  const connections = Math.floor((shareDescriptors(descriptorLimit()).incoming * 3) / 4)
  const upstreams = new Upstreams({ ca: options.internalCa, inFlightMax: Math.min(hopLimits.inFlightMax, Math.ceil(connections * 0.75)) })
  const nodes = new NodeTable({
    heard: (origin) => upstreams.get(origin).heads,
    onCondition: ({ name, origin }, condition) => {
      if (condition === 'down' || condition === 'ejected') {
        metrics.countFall(name, condition)
        if (!isDraining) options.onNotice?.(condition === 'down' ? `${name} is down` : `${name} fails requests, and is left out for a while`)
      } else if (condition === 'trial') options.onNotice?.(`${name} is well again, and gets a few requests at first`)
      if (condition === 'down') upstreams.moveOn(origin)
      else if (isNearest(name)) upstreams.get(origin).connections.warm()
    },
    onLost: (origin) => upstreams.giveUp(origin),
    onOrigins: (origins) => upstreams.retain(origins),
    controlPlaneUrl: options.controlPlaneUrl, token: options.token, ca: options.ca, health: 'active', file: options.nodesFile, onOutage: options.onOutage,
    refreshMs: options.timing?.refreshMs ?? 1_000,
    healthTiming: { intervalMs: options.timing?.checkIntervalMs ?? 500, timeoutMs: options.timing?.checkTimeoutMs ?? 1_000 },
  })
  const isNearest = (name: string): boolean => {
    const ranked = options.place === undefined ? rankNodes(undefined, nodes.byLatency, { limit: warmMax }) : rankNodes(options.place, nodes.byPlace, { limit: warmMax })
    return ranked.some((node) => node.name === name && node.healthy)
  }
  const protection = new Protection(options)
  const retries = new RetryBudget()
  const metrics = new GatewayMetrics({ nodes: () => nodes.nodes, upstreams, protection, retries })
  const newRequestId = createUlidGenerator()
  const problemContext = (): ProblemContext => ({ requestId: newRequestId(), node: 'gateway' })
  let isDraining = false

  const clientRules = { isTrustedProxy, allowLocationHeader: options.allowLocationHeader, locate }
  const discovery = options.discovery === false ? undefined : createDiscovery({
    name: 'gateway', domain: options.domain, place: options.place, nodes: () => nodes.nodes, isDraining: () => isDraining,
    findClient: (request) => findPublicClient(request, clientRules),
  })
  const gate = new ConnectionGate({
    connectionsMax: options.connectionsMax ?? connections,
    perClientMax: options.connectionsPerClientMax,
    refusal: () => {
      protection.count('connections')
      return problemText(new SkerryError('overloaded', 'The gateway has as many connections as it can serve.'), problemContext())
    },
  })
  const front = { problemContext, gate, proxyProtocol: options.proxyProtocol }
  const server = createIngressServer({
    handle: createGatewayHandler({
      nodes, regions: new KnownRegions(), pressures: new HostPressures(), upstreams, metrics, locate, isTrustedProxy, allowLocationHeader: options.allowLocationHeader, isDraining: () => isDraining,
      protection, retries, hedges: options.hedge === true ? new HedgeBudget() : undefined, discovery,
    }),
    ...front, tls: certificates, http2: true,
  })
  let port = options.port
  const redirectServer = createIngressServer({ handle: createRedirectHandler(() => port, problemContext), ...front })
  if (certificates !== undefined) addCertificateMetrics(metrics.registry, certificates)
  const adminServer = createAdminServer({
    registry: metrics.registry,
    notReadyReason: () => {
      if (isDraining) return 'draining'
      return nodes.nodes.some((node) => node.healthy && !node.draining) ? undefined : 'no healthy node is known'
    },
  })

  const close = async (): Promise<void> => {
    isDraining = true
    certificates?.close()
    protection.close()
    nodes.close()
    upstreams.close()
    server.closeAllConnections()
    redirectServer.closeAllConnections()
    await Promise.all([closeServer(server), closeServer(redirectServer), closeServer(adminServer)])
  }
  try {
    // Whoever finds the port open is served: the nodes are known first.
    await nodes.start()
    const address = await listen(server, options.host, options.port)
    const url = `${certificates === undefined ? 'http' : 'https'}://${address}`
    port = Number(address.slice(address.lastIndexOf(':') + 1))
    if (options.redirectPort !== undefined && certificates !== undefined) await listen(redirectServer, options.host, options.redirectPort)
    const adminUrl = `http://${await listen(adminServer, options.adminHost ?? '127.0.0.1', options.adminPort)}`
    return {
      url, adminUrl, close,
      reload: certificates === undefined ? undefined : () => certificates.look(),
      drain: async () => {
        isDraining = true
        await drain({
          servers: [server, redirectServer], settleMs: options.drainSettleMs ?? 0, inFlight: () => metrics.inFlight - upstreams.openSockets,
          openSockets: () => upstreams.openSockets, endSockets: () => upstreams.endSockets(), socketGraceMs: options.timing?.socketGraceMs ?? socketGraceMs,
        })
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}
