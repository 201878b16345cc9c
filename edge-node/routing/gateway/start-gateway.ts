import { SkerryError } from '../../../errors/index.ts'
import type { Coordinates } from '../../../geography/index.ts'
import type { Token } from '../../control-plane/index.ts'
import { createIngressServer, createTrustedProxies, createUlidGenerator, findPublicClient, type ProblemContext, problemText } from '../../ingress/index.ts'
import { createDiscovery } from '../../discovery/index.ts'
import { ConnectionGate, descriptorLimit, Protection, type ProtectionSettings, RetryBudget, shareDescriptors } from '../../protection/index.ts'
import { closeServer, createAdminServer, listen } from '../admin/index.ts'
import { NodeTable } from '../nodes/index.ts'
import { openPlaceFinder } from '../place/index.ts'
import { Upstreams } from '../proxy/index.ts'
import { createGatewayHandler } from './gateway-handler.ts'
import { GatewayMetrics } from './gateway-metrics.ts'

export interface GatewayOptions extends ProtectionSettings {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Loopback only. 0 takes a free one. */
  readonly adminPort: number
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
  /** Where the gateway stands, taken for clients whose address tells nothing; without it they get the node that answers it soonest. */
  readonly place?: Coordinates | undefined
  /** Keeps the list of nodes over a restart. */
  readonly nodesFile?: string | undefined
  /** Told once when the control plane can not be read, and once (undefined) when it can again. */
  readonly onOutage?: ((error: SkerryError | undefined) => void) | undefined
  /** Health checks of nodes, and how often the list is read; for tests. */
  readonly timing?: { readonly checkIntervalMs?: number; readonly checkTimeoutMs?: number; readonly refreshMs?: number } | undefined
}

export interface Gateway {
  readonly url: string
  readonly adminUrl: string
  /** Not ready from now on, connections close after their answer; resolves when nothing is in flight, after 30 s at most. */
  drain(): Promise<void>
  /** Breaks off what is left and frees the ports. */
  close(): Promise<void>
}

const drainMsMax = 30_000
const drainPollMs = 20

/**
 * Starts a gateway: takes HTTP requests for any function and has the nearest healthy node answer each.
 * Rejects with `config_invalid` for a bad database or proxy list, or with the system's error where a port can not be had.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const isTrustedProxy = createTrustedProxies(options.trustedProxies)
  const { locate } = await openPlaceFinder({ geoDatabase: options.geoDatabase, ownPlace: options.place })
  const upstreams = new Upstreams({ ca: options.internalCa })
  const nodes = new NodeTable({
    onOrigins: (origins) => upstreams.retain(origins),
    controlPlaneUrl: options.controlPlaneUrl, token: options.token, ca: options.ca, health: 'active', file: options.nodesFile, onOutage: options.onOutage,
    refreshMs: options.timing?.refreshMs ?? 1_000,
    healthTiming: { intervalMs: options.timing?.checkIntervalMs ?? 500, timeoutMs: options.timing?.checkTimeoutMs ?? 1_000 },
  })
  const protection = new Protection(options)
  const retries = new RetryBudget()
  const metrics = new GatewayMetrics({ nodes: () => nodes.nodes, protection, retries })
  const newRequestId = createUlidGenerator()
  const problemContext = (): ProblemContext => ({ requestId: newRequestId(), node: 'gateway' })
  let isDraining = false

  const clientRules = { isTrustedProxy, allowLocationHeader: options.allowLocationHeader, locate }
  const discovery = options.discovery === false ? undefined : createDiscovery({
    name: 'gateway', domain: options.domain, place: options.place, nodes: () => nodes.nodes, isDraining: () => isDraining,
    findClient: (request) => findPublicClient(request, clientRules),
  })
  const server = createIngressServer({
    handle: createGatewayHandler({
      nodes, upstreams, metrics, locate, isTrustedProxy, allowLocationHeader: options.allowLocationHeader, isDraining: () => isDraining,
      protection, retries, discovery,
    }),
    problemContext,
  })
  // Each client's request needs a connection to a node besides.
  new ConnectionGate({
    connectionsMax: options.connectionsMax ?? Math.floor((shareDescriptors(descriptorLimit()).incoming * 3) / 4),
    perClientMax: options.connectionsPerClientMax,
    refusal: () => {
      protection.count('connections')
      return problemText(new SkerryError('overloaded', 'The gateway has as many connections as it can serve.'), problemContext())
    },
  }).guard(server)
  const adminServer = createAdminServer({
    registry: metrics.registry,
    notReadyReason: () => {
      if (isDraining) return 'draining'
      return nodes.nodes.some((node) => node.healthy && !node.draining) ? undefined : 'no healthy node is known'
    },
  })

  const close = async (): Promise<void> => {
    isDraining = true
    protection.close()
    nodes.close()
    await Promise.all([closeServer(server), closeServer(adminServer), upstreams.close()])
  }
  try {
    // Whoever finds the port open is served: the nodes are known first.
    await nodes.start()
    const url = `http://${await listen(server, options.host, options.port)}`
    const adminUrl = `http://${await listen(adminServer, '127.0.0.1', options.adminPort)}`
    return {
      url, adminUrl, close,
      drain: async () => {
        isDraining = true
        server.closeIdleConnections()
        const untilMs = performance.now() + drainMsMax
        while (metrics.inFlight > 0 && performance.now() < untilMs) await delay(drainPollMs)
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
