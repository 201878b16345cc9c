import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type NodeRegistration, provisionedMax, quarantinedMax, type TailEvent } from '../control-plane/protocol/index.ts'
import { SkerryError } from '../errors/index.ts'
import { fixedLimits } from '../runtime/bridge/index.ts'
import type { LogRecord, Runtime, RuntimeOptions } from '../runtime/supervisor/index.ts'
import { createAdminServer, createEdgeMetrics, type Readiness } from './admin/index.ts'
import { ArtifactFiles, ArtifactStore } from './artifacts/index.ts'
import { LogShipper, toTailEvent } from './bindings/logs/index.ts'
import { ControlPlaneClient, createAcknowledger, NodeIdentity, Registration, type Token } from './control-plane/index.ts'
import { closeServer, EdgeCore, listenOn, type RuntimeSettings } from './edge-core.ts'
import { Applier, createStateSeal, FeedFollower, NodeState } from './feed/index.ts'
import { type Forwarder, openServerCertificates } from './ingress/index.ts'
import { Placement } from './placement/index.ts'
import type { ProtectionSettings } from './protection/index.ts'
import { QuotaFile, QuotaReporter, QuotaTable } from './quotas/index.ts'
import { createForwarder, type NodeForwarder } from './routing/forwarding/index.ts'
import { openPlaceFinder } from './routing/place/index.ts'
import type { WriteWholeFile } from './storage/index.ts'
import { pressureStepMs } from '../geography/index.ts'
import type { Certificates, CertificateSources, KeyPairFiles } from '../tls/index.ts'
import { UsageReporter, UsageTable } from './usage/index.ts'

export interface EdgeNodeOptions extends ProtectionSettings {
  /** Unique in the cluster, `[a-z0-9-]`. */
  readonly name: string
  /** IATA airport code. */
  readonly region: string
  /** Degrees. */
  readonly latitude: number
  readonly longitude: number
  readonly host: string
  /** 0 takes a free one, as for the other ports. */
  readonly port: number
  readonly internalPort?: number
  /** Certificates of the public port, which offers HTTP/2 then; plain HTTP unless set. They are read anew when they change. */
  readonly tls?: CertificateSources | undefined
  /** A port without TLS that sends clients to the public one. */
  readonly redirectPort?: number | undefined
  /** Addresses and CIDR ranges of proxies that send the header of the PROXY protocol first, on the public port. */
  readonly proxyProtocol?: readonly string[] | undefined
  /** Files of the certificate of the internal port and of its key, in PEM; plain HTTP unless set. They are read anew when they change. */
  readonly internalTls?: KeyPairFiles | undefined
  /** PEM of the authorities that other nodes' internal ports are checked by, where they speak TLS; the usual ones unless set. */
  readonly internalCa?: string | undefined
  readonly adminPort?: number
  /** Where the admin port listens; loopback unless set. */
  readonly adminHost?: string
  /** Where others reach the public and the internal port, where that is not `host` with the port. */
  readonly publicUrl?: string
  readonly internalUrl?: string
  readonly controlPlaneUrl: string
  /** A control-plane token with scope `node`, or the node's own credential. */
  readonly token: Token
  /** PEM of the authorities to trust instead of the usual, where the control plane is reached by HTTPS. */
  readonly ca?: string | undefined
  /** PEM of the key that signs the feed, where it is known before the first contact. */
  readonly controlPlaneKey?: string | undefined
  /** 32 bytes that the state on disk is sealed with; it is readable JSON unless set. */
  readonly stateKey?: Uint8Array | undefined
  /** Holds state, secrets and artifacts; only the owner may read it. */
  readonly dataDirectory: string
  readonly domain: string
  /** `[SCOPE=]CIDR` or `[SCOPE=]HOST[:PORT]` that functions may call besides public addresses; SCOPE is an account or `ACCOUNT/FUNCTION`. */
  readonly allowOutbound: readonly string[]
  /** What they may not call, in the same forms. */
  readonly denyOutbound?: readonly string[]
  /** What those may call alone that one of these is for. */
  readonly onlyOutbound?: readonly string[]
  readonly allowLocationHeader: boolean
  readonly trustedProxies: readonly string[]
  /** Artifacts kept on disk, in bytes; those in use may go beyond. */
  readonly artifactBytesMax?: number
  readonly runtime?: RuntimeSettings
  readonly createRuntime?: (options: RuntimeOptions) => Promise<Runtime> | Runtime
  /** An MMDB file with cities, instead of the bundled countries. */
  readonly geoDatabase?: string
  /** See `EdgeCoreOptions`; for tests. */
  readonly socketGraceMs?: number | undefined
  /** Whether clients may learn of the nodes at `/.well-known/skerry/`; true unless set. */
  readonly discovery?: boolean | undefined
  /** Another forwarder than the one that asks the control plane for nodes; false for none. */
  readonly forwarder?: Forwarder | false
  /** While the node drains its ports stay open for so long at least, so that gateways and DNS see that it goes; 0 unless set. */
  readonly drainSettleMs?: number | undefined
  /** Writes files; for tests of failing disks. */
  readonly writeFile?: WriteWholeFile
  readonly onLog?: (event: TailEvent) => void
  /** What the operator should know; undefined detail in `recovered` cases is left out. Default: standard error. */
  readonly onNotice?: (notice: string) => void
}

export interface EdgeNode {
  readonly url: string
  readonly internalUrl: string
  readonly adminUrl: string
  readonly runtime: Runtime
  /** Resolves when a cell is ready and a state is loaded, from disk or from the control plane. Rejects with `server_unreachable` after 30 s. */
  ready(): Promise<void>
  /** Looks at the files of certificates at once, where there are some. */
  readonly reload?: (() => Promise<void>) | undefined
  /** Takes no new requests, tells the control plane so, and waits for those in flight, at most 30 s. */
  drain(): Promise<void>
  close(): Promise<void>
}

const artifactBytesDefault = 2 * 1024 * 1024 * 1024
const readyMsMax = 30_000
const logFlushMsMax = 1_000

/**
 * Starts an edge node: serves from its disk at once, follows the control plane's feed, and forwards what it can't run well.
 * Rejects with `config_invalid` for malformed lists, or the system's error where a port or the data directory can not be had.
 */
export async function startEdgeNode(options: EdgeNodeOptions): Promise<EdgeNode> {
  const { name, region, latitude, longitude, controlPlaneUrl, token, ca, dataDirectory: directory } = options
  const notice = options.onNotice ?? ((text: string) => void process.stderr.write(`${name}: ${text}\n`))
  const onError = (error: SkerryError): void => notice(`${error.code}: ${error.message}`)
  const onOutage = (error: SkerryError | undefined): void => (error === undefined ? notice('the control plane is back') : onError(error))
  const stop = new AbortController()
  const closers: (() => Promise<unknown> | void)[] = [() => stop.abort()]
  const closeAll = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close()
  }
  try {
    return await start()
  } catch (error) {
    await closeAll()
    throw error
  }

  function startForwarder(): NodeForwarder {
    const forwarder = createForwarder({
      controlPlaneUrl, token, ca, internalCa: options.internalCa, name, region, place: { latitude, longitude }, nodesFile: join(directory, 'nodes.json'),
    })
    closers.push(() => forwarder.close())
    void forwarder.start()
    return forwarder
  }

  async function start(): Promise<EdgeNode> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const client = new ControlPlaneClient({ url: controlPlaneUrl, token, ca, node: name, region })
    const identity = await NodeIdentity.open(directory, onError, options.controlPlaneKey)
    const write = options.writeFile === undefined ? {} : { write: options.writeFile }
    const state = await NodeState.open({ directory, region, onError, ...write, seal: options.stateKey === undefined ? undefined : createStateSeal(options.stateKey) })
    const files = await ArtifactFiles.open({
      directory: join(directory, 'artifacts'), bytesMax: options.artifactBytesMax ?? artifactBytesDefault,
      isPinned: (hash) => state.usesArtifact(hash), onError, ...write,
    })
    const artifacts = new ArtifactStore({ files, fetch: (hash) => client.fetchArtifact(hash), onError })
    // Whoever removes the directory after close() must find nobody writing there.
    closers.push(() => Promise.all([state.settled(), identity.settled(), artifacts.settled()]))
    closers.push(() => client.close())
    const shipper = new LogShipper({ node: name, region, post: (events) => client.postLogs(events) })
    closers.push(() => Promise.race([shipper.close(), delay(logFlushMsMax, undefined, { ref: false })]))

    const usage = new UsageTable()
    const usageReporter = new UsageReporter({ table: usage, post: (report) => client.postUsage(report) })
    closers.push(() => Promise.race([usageReporter.close(), delay(logFlushMsMax, undefined, { ref: false })]))

    const quotaFile = new QuotaFile({ directory, onError, ...write })
    const quotas = new QuotaTable({ nodeConcurrency: fixedLimits.requestsPerNode, onWanting: () => quotaReporter.hurry() })
    const quotaReporter = new QuotaReporter({ table: quotas, post: (report) => client.postQuotas(report), file: quotaFile })
    closers.push(() => quotaReporter.close())
    quotas.replaceAll(state.accounts)
    quotas.restore((await quotaFile.read()) ?? quotas.keep())

    const ownForwarder = options.forwarder === undefined ? startForwarder() : undefined
    const forwarder = ownForwarder ?? options.forwarder ?? false
    const placement = ownForwarder === undefined ? undefined : new Placement({ name, latitude, longitude, peers: () => ownForwarder.peers })
    const { locate } = await openPlaceFinder({ geoDatabase: options.geoDatabase, ownPlace: { latitude, longitude } })
    let isCaughtUp = false
    const { forwarder: _chosen, discovery: isTold = true, ...coreOptions } = options
    const core = await EdgeCore.start({
      ...coreOptions,
      ...(forwarder === false ? {} : { forwarder }),
      locate,
      discovery: isTold && { latitude, longitude, others: () => ownForwarder?.peers ?? [] },
      isSynchronised: () => isCaughtUp, internalTokens: () => identity.internalTokens, readArtifact: (hash) => artifacts.read(hash),
      residencyOf: (account) => state.residencyOf(account),
      onLog: (record: LogRecord) => {
        shipper.add(record)
        options.onLog?.(toTailEvent(record, { node: name, region }))
      },
      usage, quotas, placement,
    })
    closers.push(() => core.close())
    core.setFunctions(state.functions)

    let isCellReady = false
    const cellReady = core.runtime.ready().then(() => {
      isCellReady = true
    })
    // Whoever calls ready() hears of it; here it must not count as unhandled.
    cellReady.catch(() => undefined)
    const loaded = Promise.withResolvers<void>()
    if (state.position !== undefined) loaded.resolve()

    const open = async (sources: CertificateSources | undefined): Promise<Certificates | undefined> => {
      const certificates = sources === undefined ? undefined : await openServerCertificates(sources, notice)
      closers.push(() => certificates?.close())
      return certificates
    }
    const certificates = await open(options.tls)
    const internalCertificates = await open(options.internalTls === undefined ? undefined : { pairs: [options.internalTls] })
    const publicListener = await core.listen('public', options.host, options.port, certificates)
    if (options.redirectPort !== undefined && certificates !== undefined) await core.listenToRedirect(options.host, options.redirectPort)
    const internalListener = await core.listen('internal', options.host, options.internalPort ?? 0, internalCertificates)
    const readiness = (): Readiness => {
      const reason = core.isDraining ? 'draining' : !isCellReady ? 'no cell is ready' : state.position === undefined ? 'no state is loaded' : ''
      const details = { node: name, region, ...core.runtime.status(), controlPlaneConnected: isCaughtUp, epoch: state.position?.epoch, sequence: state.position?.sequence }
      return { ready: reason === '', reason, pressureMs: core.statistics.pressureMs, details }
    }
    const metrics = createEdgeMetrics({
      node: name, region, runtime: core.runtime, statistics: core.statistics, protection: core.protection, functions: () => core.table.functionCount,
      feedSequence: () => state.position?.sequence ?? 0, isConnected: () => isCaughtUp, logsDropped: () => shipper.dropped, usageReportsRefused: () => usageReporter.refused, quotas, placement, certificates,
    })
    const adminListener = await listenOn(createAdminServer(metrics, readiness), options.adminHost ?? '127.0.0.1', options.adminPort ?? 0)
    closers.push(() => closeServer(adminListener.server))

    const urls = {
      url: options.publicUrl ?? publicListener.url, internalUrl: options.internalUrl ?? internalListener.url, adminUrl: adminListener.url,
    }
    const describe = (): NodeRegistration => ({
      region, latitude, longitude, ...urls, draining: core.isDraining, ...core.statistics.report(),
      epoch: state.position?.epoch ?? '', sequence: state.position?.sequence ?? 0,
      quarantined: core.runtime.status().quarantined.slice(0, quarantinedMax).map(({ account, functionName, version, reason, cellsEnded, refusedMs }) => ({
        account, function: functionName, version, reason, processesEnded: cellsEnded, refusedMs,
      })),
      provisioned: core.runtime.status().provisioned.slice(0, provisionedMax).map(({ functionName, ...of }) => ({ ...of, function: functionName })),
    })
    const pressing = setInterval(() => core.statistics.step(core.runtime.status().eagerMs), pressureStepMs)
    pressing.unref()
    closers.push(() => clearInterval(pressing))
    const registration = new Registration({
      register: (of) => client.register(of), describe, onWelcome: (welcome) => identity.adopt(welcome), onOutage,
    })
    closers.push(() => registration.close())
    const applier = new Applier({
      region, state, readArtifact: (hash) => artifacts.read(hash), hasArtifact: (hash) => artifacts.has(hash),
      artifactWritten: (hash) => artifacts.written(hash), retainArtifacts: (kept) => artifacts.retain(kept),
      testLoad: (version) => core.runtime.testLoad(version), serve: (functions) => core.setFunctions(functions), serveChange: (change) => core.changeFunctions(change), expel: () => core.expel(),
      provisioned: () => core.runtime.provisioned(),
      limitAll: (accounts) => {
        quotas.replaceAll(accounts)
        quotaReporter.hurry()
      },
      limit: (account, of) => {
        quotas.set(account, of)
        quotaReporter.hurry()
      },
      acknowledge: createAcknowledger((of) => client.acknowledge(of), stop.signal, onError), onError,
    })
    const follower = new FeedFollower({
      open: async (position, signal) => {
        // Whoever keeps the node from registering must not feed it what nobody signed.
        if (!identity.knowsSigner) throw new SkerryError('server_unreachable', 'The node has not registered yet.')
        return client.openFeed(position, signal)
      },
      // The control plane may have a new key, which it tells with the welcome.
      onRefusedRecord: () => void registration.now(),
      position: () => state.position, hasLeft: (epoch) => state.hasLeft(epoch), publicKey: () => identity.publicKey, onOutage,
      apply: async (record) => {
        await applier.apply(record)
        loaded.resolve()
      },
      onCaughtUp: () => {
        isCaughtUp = true
      },
      onDisconnected: () => {
        isCaughtUp = false
      },
    })
    closers.push(() => follower.close())
    // The welcome brings the key that the feed is checked with: it comes first, but a control plane that is gone delays nothing.
    void registration.start().then(() => {
      if (stop.signal.aborted) return
      applier.prefetch()
      follower.start()
      usageReporter.start()
      quotaReporter.start()
    })
    closers.push(() => stop.abort())

    return {
      ...urls,
      runtime: core.runtime,
      ready: async () => {
        await cellReady
        const patience = new AbortController()
        const late = delay(readyMsMax, undefined, { signal: patience.signal }).then(() => {
          throw new SkerryError('server_unreachable', `No state came from the control plane at ${controlPlaneUrl} in ${readyMsMax} ms, and there is none on disk.`)
        })
        try {
          await Promise.race([loaded.promise, late])
        } finally {
          patience.abort()
          late.catch(() => undefined)
        }
      },
      reload: certificates === undefined && internalCertificates === undefined ? undefined : async () => {
        await Promise.all([certificates?.look(), internalCertificates?.look()])
      },
      drain: async () => {
        const drained = core.drain(options.drainSettleMs)
        await registration.now()
        await drained
      },
      close: closeAll,
    }
  }
}
