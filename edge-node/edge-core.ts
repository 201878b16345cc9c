import { once } from 'node:events'
import type { Server } from 'node:http'
import { isIPv6 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type FunctionState, nodeHostOf } from '../control-plane/protocol/index.ts'
import { SkerryError } from '../errors/index.ts'
import type { LogRecord, ProvisionedVersion, Runtime, RuntimeOptions, RunnableVersion } from '../runtime/supervisor/index.ts'
import { createFetchBinding, type ResolveHost } from './bindings/fetch/index.ts'
import { createLogGate } from './bindings/logs/index.ts'
import { OpenSockets } from './bindings/websocket/index.ts'
import { createDiscovery, type DiscoveryAnswer, type PublicNode } from './discovery/index.ts'
import {
  createIngressServer, createRedirectHandler, createTraceparentGenerator, createTrustedProxies, createUlidGenerator, findPublicClient, type Forwarder, Ingress, type IngressServer, type LocateClient,
  type ProblemContext, problemText, type ReadArtifact, type RoutedVersion, RouteTable, type TableChange,
} from './ingress/index.ts'
import type { Placement } from './placement/index.ts'
import { ConnectionGate, descriptorLimit, Protection, type ProtectionSettings, shareDescriptors } from './protection/index.ts'
import { EdgeStatistics } from './statistics.ts'
import { type QuotaTable, reservationsOf } from './quotas/index.ts'
import type { Certificates } from '../tls/index.ts'
import type { RequestOutcome, UsageTable } from './usage/index.ts'

/** Settings of the runtime that an operator may choose. */
export type RuntimeSettings = Omit<RuntimeOptions, 'dispatchSubrequest' | 'onLog' | 'onCpu'>

export interface EdgeCoreOptions extends ProtectionSettings {
  readonly name: string
  readonly region: string
  readonly domain: string
  readonly allowOutbound: readonly string[]
  readonly denyOutbound?: readonly string[]
  readonly onlyOutbound?: readonly string[]
  readonly allowLocationHeader: boolean
  readonly trustedProxies: readonly string[]
  readonly proxyProtocol?: readonly string[] | undefined
  readonly runtime?: RuntimeSettings
  /** Another runtime than the real one, for tests. */
  readonly createRuntime?: (options: RuntimeOptions) => Promise<Runtime> | Runtime
  readonly locate?: LocateClient
  /** What clients are told of the nodes: this one, and those that it knows besides. False for nothing. */
  readonly discovery?: { readonly latitude: number; readonly longitude: number; readonly others?: () => readonly PublicNode[] } | false | undefined
  /** Where clients reach the node, where that is not where it listens. */
  readonly publicUrl?: string
  readonly forwarder?: Forwarder
  readonly resolve?: ResolveHost
  readonly isSynchronised: () => boolean
  /** Where functions run that may be run near their back ends; here unless set. */
  readonly placement?: Placement | undefined
  /** Those that peers may show. */
  readonly internalTokens: () => readonly string[]
  readonly readArtifact: ReadArtifact
  /** WebSockets, and where a version may not run here any more streams as well, go on for so long; 10 s unless set. */
  readonly socketGraceMs?: number | undefined
  /** The regions that an account is held to; undefined for any. */
  readonly residencyOf?: (account: string) => readonly string[] | undefined
  readonly onLog: (record: LogRecord) => void
  /** Counts what functions are asked and use. */
  readonly usage?: UsageTable
  /** What accounts may take; nothing is held without. */
  readonly quotas?: QuotaTable
}

export interface Listening {
  readonly url: string
  readonly port: number
  readonly server: Server
}

const drainMsMax = 30_000
/** How often a node that drains looks whether all is sent. */
const sentPollMs = 20
/** Connections that functions of a node may have open together, where there are descriptors for them. */
const outgoingMax = 4_096
/** WebSockets go on for so long where their node drains or their version is no longer in the table; then they are closed. */
const socketGraceMs = 10_000

/** What every edge has, with a control plane or without: runtime, route table, ingress, fetch and logs, wired. */
export class EdgeCore {
  readonly runtime: Runtime
  readonly statistics = new EdgeStatistics()
  readonly protection: Protection
  readonly #options: EdgeCoreOptions
  readonly #ingress: Ingress
  readonly #closeFetch: () => Promise<void>
  readonly #sockets: OpenSockets
  readonly #servers: IngressServer[] = []
  readonly #newRequestId: () => string
  #table: RouteTable
  #publicPort: number | undefined
  #publicUrl = ''
  #nodeHost: string | undefined
  #isDraining = false

  /** Starts the runtime. Rejects with `config_invalid` for malformed lists, or what the runtime rejects with. */
  static async start(options: EdgeCoreOptions): Promise<EdgeCore> {
    const isTrustedProxy = createTrustedProxies(options.trustedProxies)
    const create = options.createRuntime ?? (await import('../runtime/supervisor/index.ts')).createRuntime
    const newRequestId = createUlidGenerator()
    const gate = createLogGate()
    const log = (record: LogRecord): void => {
      const passed = gate(record)
      if (passed !== undefined) options.onLog(passed)
    }
    // Fetch dispatches into the runtime, which is made with it: both find the core through this.
    const cell: { core?: EdgeCore } = {}
    const core = (): EdgeCore => {
      if (cell.core === undefined) throw new SkerryError('internal_error', 'The edge is still starting.')
      return cell.core
    }
    const sockets = new OpenSockets((account) => core().table.isHeldElsewhere(account))
    const onServed = (version: RunnableVersion, outcome: RequestOutcome): void => options.usage?.count(version, outcome)
    const onCpu = (version: RunnableVersion, cpuMs: number): void => {
      options.usage?.addCpu(version, cpuMs)
      options.quotas?.charge(version.account, cpuMs)
    }
    const fetchBinding = createFetchBinding({
      sockets, onServed, quotas: options.quotas,
      runtime: () => core().runtime, table: () => core().table, publicPort: () => core().#publicPort, newRequestId,
      node: options.name, region: options.region, forwarder: options.forwarder, allowOutbound: options.allowOutbound,
      ...(options.denyOutbound === undefined ? {} : { denyOutbound: options.denyOutbound }),
      ...(options.onlyOutbound === undefined ? {} : { onlyOutbound: options.onlyOutbound }),
      ...(options.resolve === undefined ? {} : { resolve: options.resolve }),
      connectionsMax: Math.min(outgoingMax, shareDescriptors(descriptorLimit()).outgoing),
    })
    const runtime = await create({ ...options.runtime, dispatchSubrequest: fetchBinding.dispatch, onLog: log, onCpu })
    cell.core = new EdgeCore(options, { runtime, newRequestId, log, isTrustedProxy, sockets, onServed, closeFetch: () => fetchBinding.close() })
    return cell.core
  }

  private constructor(options: EdgeCoreOptions, parts: {
    readonly runtime: Runtime
    readonly newRequestId: () => string
    readonly log: (record: LogRecord) => void
    readonly isTrustedProxy: (address: string) => boolean
    readonly sockets: OpenSockets
    readonly onServed: (version: RunnableVersion, outcome: RequestOutcome) => void
    readonly closeFetch: () => Promise<void>
  }) {
    this.#options = options
    this.runtime = parts.runtime
    this.#newRequestId = parts.newRequestId
    this.#closeFetch = parts.closeFetch
    this.#sockets = parts.sockets
    this.protection = new Protection(options)
    this.#table = this.#makeTable([])
    const tell = (version: RunnableVersion, requestId: string, rest: Pick<LogRecord, 'kind' | 'level' | 'text' | 'code'>): void =>
      parts.log({ version, requestId, timeMs: Date.now(), ...rest })
    this.#ingress = new Ingress({
      node: options.name, region: options.region, domain: options.domain, runtime: parts.runtime, table: () => this.#table,
      isSynchronised: options.isSynchronised, isDraining: () => this.#isDraining, internalTokens: options.internalTokens,
      allowLocationHeader: options.allowLocationHeader, isTrustedProxy: parts.isTrustedProxy,
      ...(options.locate === undefined ? {} : { locate: options.locate }),
      ...(options.forwarder === undefined ? {} : { forwarder: options.forwarder }),
      discovery: this.#createDiscovery(parts.isTrustedProxy), nodeHost: () => this.#nodeHost,
      placement: options.placement,
      sockets: parts.sockets, protection: this.protection, isPressed: () => this.statistics.pressureMs > 0 || this.protection.isShedding, quotas: options.quotas, newRequestId: parts.newRequestId, newTraceparent: createTraceparentGenerator(),
      events: {
        onStart: () => this.statistics.begin(),
        onHead: (head) => this.statistics.head(head),
        onFailure: (version, requestId, error) => tell(version, requestId, { kind: 'failure', level: 'error', text: error.message, code: error.code }),
        onWarning: (version, requestId, text) => tell(version, requestId, { kind: 'console', level: 'warn', text }),
        onServed: parts.onServed,
        onOver: (code, totalMs) => this.statistics.over(code, totalMs),
      },
    })
  }

  #createDiscovery(isTrustedProxy: (address: string) => boolean): DiscoveryAnswer | undefined {
    const { name, region, domain, discovery, locate, allowLocationHeader } = this.#options
    if (discovery === undefined || discovery === false) return undefined
    const { latitude, longitude, others } = discovery
    return createDiscovery({
      name, domain, place: { latitude, longitude }, isDraining: () => this.#isDraining,
      nodes: () => [
        { name, region, latitude, longitude, url: this.#publicUrl, healthy: true, draining: this.#isDraining, pressureMs: this.statistics.pressureMs }, ...(others?.() ?? []),
      ],
      findClient: (request) => findPublicClient(request, { isTrustedProxy, allowLocationHeader, ...(locate === undefined ? {} : { locate }) }),
    })
  }

  get table(): RouteTable {
    return this.#table
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Swaps the whole table at once; versions that are in it no longer take no new requests and end with their last. */
  setFunctions(functions: Iterable<FunctionState>): void {
    const before = this.#table
    this.#table = this.#makeTable(functions, before)
    this.#options.quotas?.setReservations(reservationsOf(this.#table.active()))
    this.runtime.provision(provisionedOf(this.#table.active()))
    this.#retire(before.versions.values())
  }

  /** Swaps the table for one in which these functions are changed, and costs no more than they do. */
  changeFunctions(change: TableChange): void {
    const changed = [...change.put, ...change.removed]
    const before = changed.flatMap((of) => this.#table.versionsOf(of))
    this.#table = this.#table.with(change)
    const after = changed.flatMap((of) => this.#table.versionsOf(of))
    // All are looked at only where what is reserved or kept warm may have changed.
    const touched = [...before, ...after]
    if (touched.some(({ reservedConcurrency }) => reservedConcurrency > 0)) this.#options.quotas?.setReservations(reservationsOf(this.#table.active()))
    if (touched.some(({ provisioned }) => provisioned > 0)) this.runtime.provision(provisionedOf(this.#table.active()))
    this.#retire(before)
  }

  /** Ends those that are served no more, or not here any more. */
  #retire(before: Iterable<RoutedVersion>): void {
    for (const { runnable: { key }, allowedHere: wasAllowed } of before) {
      const now = this.#table.versions.get(key)
      if (now !== undefined && (now.allowedHere || !wasAllowed)) continue
      this.runtime.retire(key)
      this.#sockets.retire(key, this.#graceMs)
    }
  }

  /** Accounts came to be held elsewhere, and the table knows: what goes on of theirs ends after a grace. */
  expel(): void {
    this.#sockets.expel(this.#graceMs)
  }

  get #graceMs(): number {
    return this.#options.socketGraceMs ?? socketGraceMs
  }

  /** Listens; rejects with the system's error where the port can not be had. */
  async listen(kind: 'public' | 'internal', host: string, port: number, tls?: Certificates): Promise<Listening> {
    const problemContext = (): ProblemContext => ({ requestId: this.#newRequestId(), node: this.#options.name, region: this.#options.region })
    const server = createIngressServer({
      handle: (request, response, expectsContinue) => {
        if (this.#isDraining) response.shouldKeepAlive = false
        this.#ingress.handle(request, response, kind, expectsContinue)
      },
      problemContext, tellsNotBegun: kind === 'internal',
      gate: this.#gate(kind, problemContext), tls, ...(kind === 'public' ? { http2: true, proxyProtocol: this.#options.proxyProtocol } : {}),
    })
    const listening = await listenOn(server, host, port)
    this.#servers.push(server)
    const url = tls === undefined ? listening.url : listening.url.replace('http:', 'https:')
    if (kind === 'public') {
      this.#publicPort = listening.port
      this.#publicUrl = this.#options.publicUrl ?? url
      this.#nodeHost = nodeHostOf(this.#publicUrl, this.#options.domain)
    }
    return { ...listening, url }
  }

  /** Listens without TLS, and sends everybody to the public port, which has it. */
  async listenToRedirect(host: string, port: number): Promise<Listening> {
    const problemContext = (): ProblemContext => ({ requestId: this.#newRequestId(), node: this.#options.name, region: this.#options.region })
    const server = createIngressServer({
      handle: createRedirectHandler(() => this.#publicPort ?? port, problemContext), problemContext, gate: this.#gate('public', problemContext),
      proxyProtocol: this.#options.proxyProtocol,
    })
    const listening = await listenOn(server, host, port)
    this.#servers.push(server)
    return listening
  }

  /**
   * Refuses or forwards what comes, tells each connection that it ends with its answer, and waits for what is in flight, at most 30 s; for `settleMs`
   * at least, so that gateways and DNS see it before the port is gone. Idle connections stay open meanwhile: what is on its way over one would be lost.
   */
  async drain(settleMs = 0): Promise<void> {
    this.#isDraining = true
    this.#sockets.drain(socketGraceMs)
    if (settleMs > 0) await delay(settleMs)
    const endsMs = performance.now() + drainMsMax
    await this.statistics.idle(drainMsMax)
    // Functions are done; clients that read slowly have yet to take what they said.
    while (this.#servers.some((server) => server.unsentAnswers() > 0) && performance.now() < endsMs) await delay(sentPollMs)
  }

  async close(): Promise<void> {
    this.#isDraining = true
    await Promise.all(this.#servers.map(closeServer))
    this.protection.close()
    await this.#closeFetch()
    await this.runtime.close()
  }

  /** Half of the connections are the gateway's and other nodes', which clients of this node can not take from them. */
  #gate(kind: 'public' | 'internal', problemContext: () => ProblemContext): ConnectionGate {
    const { connectionsMax, connectionsPerClientMax } = this.#options
    const half = Math.floor(shareDescriptors(descriptorLimit()).incoming / 2)
    return new ConnectionGate({
      connectionsMax: kind === 'public' ? (connectionsMax ?? half) : half,
      perClientMax: kind === 'public' ? connectionsPerClientMax : undefined,
      refusal: () => {
        this.protection.count('connections')
        const error = new SkerryError('overloaded', 'The node has as many connections as it can serve.')
        return problemText(error, { ...problemContext(), notBegun: kind === 'internal' ? 'busy' : undefined })
      },
    })
  }

  #makeTable(functions: Iterable<FunctionState>, previous?: RouteTable): RouteTable {
    const { domain, region, readArtifact, residencyOf } = this.#options
    return new RouteTable({ functions, domain, region, readArtifact, residencyOf, ...(previous === undefined ? {} : { previous }) })
  }
}

function provisionedOf(active: Iterable<RoutedVersion>): readonly ProvisionedVersion[] {
  const provisioned: ProvisionedVersion[] = []
  for (const { runnable, provisioned: isolates, allowedHere } of active) if (isolates > 0 && allowedHere) provisioned.push({ version: runnable, isolates })
  return provisioned
}

/** Starts listening and tells the URL. */
export async function listenOn(server: Server, host: string, port: number): Promise<Listening> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new SkerryError('internal_error', `No port was had on ${host}.`)
  return { url: `http://${isIPv6(host) ? `[${host}]` : host}:${address.port}`, port: address.port, server }
}

/** Stops listening and breaks what is open off. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
