import type { NodeInfo, NodeList } from '../../../control-plane/protocol/index.ts'
import type { SkerryError } from '../../../errors/index.ts'
import { NodeIndex, type RoutableNode } from '../nearest/index.ts'
import type { Token } from '../../control-plane/index.ts'
import { NodeHealth } from './node-health.ts'
import { NodeSource } from './node-source.ts'

/** A node as the routing sees it: what it says of itself, and what is seen of it. */
export interface KnownNode extends RoutableNode {
  /** Where clients reach it. */
  readonly url: string
  /** Where gateway and nodes reach it, with the internal token: scheme, host and port. */
  readonly internalOrigin: string
}

export interface NodeTableOptions {
  readonly controlPlaneUrl: string
  readonly token: Token
  /** PEM of the authorities to trust instead of the usual, where the control plane is reached by HTTPS. */
  readonly ca?: string | undefined
  /** How often the list is asked for. */
  readonly refreshMs?: number
  readonly file?: string | undefined
  /**
   * `active` asks each node's `/readyz` all the time, for those who route every request; `passive` trusts the list and the traffic,
   * for nodes, which forward rarely and would otherwise all ask one another.
   */
  readonly health: 'active' | 'passive'
  /** Left out of the table, such as the node that asks. */
  readonly ownName?: string | undefined
  readonly healthTiming?: { readonly intervalMs: number; readonly timeoutMs: number } | undefined
  readonly onOutage?: ((error: SkerryError | undefined) => void) | undefined
  /** Told the nodes' origins whenever the list has come anew, so that connections to nodes that are no more can end. */
  readonly onOrigins?: ((origins: ReadonlySet<string>) => void) | undefined
}

/** How long a node stays avoided after a failed connection where nobody checks it actively. */
const passiveAvoidanceMs = 3_000

/** Measured latency decides only where the client's place is unknown, and noise must not move clients between equal nodes. */
const latencyStepMs = 5

interface Entry {
  info: NodeInfo
  readonly health: NodeHealth | undefined
  avoidUntilMs: number
}

/**
 * The nodes there are and how they do: the control plane's list joined with the health checks.
 *
 * Invariant: the list and its indexes are rebuilt on change, never mutated, so a request ranks a consistent list without copying it.
 */
export class NodeTable {
  readonly #options: NodeTableOptions
  readonly #source: NodeSource
  readonly #entries = new Map<string, Entry>()
  #nodes: readonly KnownNode[] = []
  #byPlace = new NodeIndex<KnownNode>([])
  #byLatency = new NodeIndex<KnownNode>([])
  #internalToken = ''
  #firstChecks: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: NodeTableOptions) {
    this.#options = options
    this.#source = new NodeSource({
      controlPlaneUrl: options.controlPlaneUrl, token: options.token, ca: options.ca, refreshMs: options.refreshMs ?? 1_000, file: options.file,
      onChange: (list) => this.#apply(list), onOutage: options.onOutage,
    })
  }

  /** Resolves when the list was asked for and every node of it was checked once. Never rejects. */
  async start(): Promise<void> {
    await this.#source.start()
    await this.#firstChecks
  }

  /** Asks for the list before its time: a node that is missed may have joined. Never rejects. */
  refreshEarly(): Promise<void> {
    return this.#source.refreshEarly()
  }

  get nodes(): readonly KnownNode[] {
    return this.#nodes
  }

  /** For clients of known place. */
  get byPlace(): NodeIndex<KnownNode> {
    return this.#byPlace
  }

  /** The nodes with their measured latency from here, for clients of unknown place: they are taken to be near this process. */
  get byLatency(): NodeIndex<KnownNode> {
    return this.#byLatency
  }

  /** The cluster's token for hops between its processes; empty while no list has come. */
  get internalToken(): string {
    return this.#internalToken
  }

  /** A connection to the node could not be made: it is out at once. */
  reportUnreachable(name: string): void {
    const entry = this.#entries.get(name)
    if (entry === undefined) return
    if (entry.health !== undefined) return entry.health.reportUnreachable()
    entry.avoidUntilMs = performance.now() + passiveAvoidanceMs
    this.#rebuild()
    setTimeout(() => this.#rebuild(), passiveAvoidanceMs + 1).unref()
  }

  /** A connection broke in the middle: may be the node's end, or the network's. */
  reportSuspicion(name: string): void {
    this.#entries.get(name)?.health?.reportSuspicion()
  }

  close(): void {
    this.#closed = true
    this.#source.close()
    for (const entry of this.#entries.values()) entry.health?.close()
    this.#entries.clear()
  }

  #apply(list: NodeList): void {
    if (this.#closed) return
    if (list.internalToken !== undefined) this.#internalToken = list.internalToken
    const present = new Set<string>()
    const checks: Promise<void>[] = []
    for (const info of list.nodes) {
      if (info.name === this.#options.ownName) continue
      present.add(info.name)
      const before = this.#entries.get(info.name)
      if (before !== undefined && before.info.adminUrl === info.adminUrl) before.info = info
      else checks.push(this.#add(info, before))
    }
    for (const [name, entry] of this.#entries) {
      if (present.has(name)) continue
      entry.health?.close()
      this.#entries.delete(name)
    }
    this.#firstChecks = Promise.all([this.#firstChecks, ...checks]).then(() => undefined)
    this.#rebuild()
    this.#options.onOrigins?.(new Set(this.#nodes.map((node) => node.internalOrigin)))
  }

  #add(info: NodeInfo, before: Entry | undefined): Promise<void> {
    before?.health?.close()
    const health = this.#options.health === 'active'
      ? new NodeHealth({ adminUrl: info.adminUrl, onChange: () => this.#rebuild(), timing: this.#options.healthTiming })
      : undefined
    this.#entries.set(info.name, { info, health, avoidUntilMs: 0 })
    return health?.start() ?? Promise.resolve()
  }

  #rebuild(): void {
    if (this.#closed) return
    const nowMs = performance.now()
    this.#nodes = [...this.#entries.values()].map(({ info, health, avoidUntilMs }): KnownNode => ({
      name: info.name, region: info.region, latitude: info.latitude, longitude: info.longitude, pressureMs: info.pressureMs, url: info.url,
      internalOrigin: new URL(info.internalUrl).origin,
      draining: info.draining || health?.condition === 'draining',
      healthy: health === undefined ? info.connected && avoidUntilMs <= nowMs : health.condition === 'up' || health.condition === 'draining',
    }))
    this.#byPlace = new NodeIndex(this.#nodes)
    this.#byLatency = new NodeIndex(this.#nodes.map((node) => {
      const measuredMs = this.#entries.get(node.name)?.health?.latencyMs
      return measuredMs === undefined ? node : { ...node, latencyMs: Math.ceil(measuredMs / latencyStepMs) * latencyStepMs }
    }))
  }
}
