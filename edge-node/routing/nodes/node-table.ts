import type { NodeInfo, NodeList } from '../../../control-plane/protocol/index.ts'
import type { SkerryError } from '../../../errors/index.ts'
import { NodeIndex, type RoutableNode } from '../nearest/index.ts'
import type { Token } from '../../control-plane/index.ts'
import { mayEject, type NodeRecord } from './ejection.ts'
import { checkTiming, HealthChecks } from './health-checks.ts'
import { healthRules, type NodeCondition, NodeHealth } from './node-health.ts'
import { NodeSource } from './node-source.ts'

/** A node as the routing sees it: what it says of itself, and what is seen of it. */
export interface KnownNode extends RoutableNode {
  /** Where clients reach it. */
  readonly url: string
  /** Where gateway and nodes reach it, with the internal token: scheme, host and port. */
  readonly internalOrigin: string
  /** What checks and traffic say; undefined where nobody checks. */
  readonly health?: NodeHealth | undefined
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
  /** Answers that came from an origin by the traffic: while they grow, a check without an answer does not mean that the node is gone. */
  readonly heard?: ((origin: string) => number) | undefined
  /** Told whenever a node's condition changes. */
  readonly onCondition?: ((node: { readonly name: string; readonly origin: string }, condition: NodeCondition) => void) | undefined
  /** Told where a node has been down for `silentMsMax` and nothing came from it: what still waits for it waits in vain. */
  readonly onLost?: ((origin: string) => void) | undefined
}

/** Hosts whose doubtful faults are remembered for each node, so that one function can not make a node seem ill. */
const doubtsMax = 256
const silentMsMax = 30_000

/** How long a node stays avoided after a failed connection where nobody checks it actively. */
const passiveAvoidanceMs = 3_000

/** Under load every check of every node changes its pressure, and with a thousand nodes each new index costs milliseconds. */
const pressureDelayMs = 100

/** Measured latency decides only where the client's place is unknown, and noise must not move clients between equal nodes. */
const latencyStepMs = 5

interface Entry {
  info: NodeInfo
  readonly health: NodeHealth | undefined
  readonly checks: HealthChecks | undefined
  avoidUntilMs: number
  /** When it fell, and what had been heard of it. */
  fellAtMs: number
  heardAtFall: number
  /** When a doubtful fault last counted, by host. */
  readonly doubts: Map<string, number>
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
  #rebuilding: NodeJS.Timeout | undefined
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
    if (entry.health !== undefined) return entry.health.unreachable(performance.now())
    entry.avoidUntilMs = performance.now() + passiveAvoidanceMs
    this.#rebuild()
    setTimeout(() => this.#rebuild(), passiveAvoidanceMs + 1).unref()
  }

  /** Something is wrong that may be the node's end, the network's, or nothing: it is asked at once how it is. */
  reportSuspicion(name: string): void {
    this.#entries.get(name)?.checks?.hurry()
  }

  /** The node failed a request by a fault of its own. */
  reportFault(name: string): void {
    this.#entries.get(name)?.health?.fault(performance.now())
  }

  /** It failed a request for this host by what may be the function's fault as well, so that each host counts once in a while. */
  reportDoubtfulFault(name: string, host: string): void {
    const entry = this.#entries.get(name)
    if (entry?.health === undefined) return
    const nowMs = performance.now()
    const countedMs = entry.doubts.get(host)
    if (countedMs !== undefined && nowMs - countedMs < healthRules.windowMs) return entry.health.answered(nowMs)
    if (entry.doubts.size >= doubtsMax) entry.doubts.clear()
    entry.doubts.set(host, nowMs)
    entry.health.fault(nowMs)
  }

  /** The node answered a request, whatever the function said. */
  reportAnswer(name: string): void {
    this.#entries.get(name)?.health?.answered(performance.now())
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#rebuilding)
    this.#source.close()
    for (const entry of this.#entries.values()) entry.checks?.close()
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
      entry.checks?.close()
      this.#entries.delete(name)
    }
    this.#firstChecks = Promise.all([this.#firstChecks, ...checks]).then(() => undefined)
    this.#rebuild()
    this.#options.onOrigins?.(new Set(this.#nodes.map((node) => node.internalOrigin)))
  }

  #add(info: NodeInfo, before: Entry | undefined): Promise<void> {
    before?.checks?.close()
    const heard = (): number => this.#options.heard?.(originOf(entry)) ?? 0
    const health = this.#options.health === 'active'
      ? new NodeHealth({ onChange: (condition) => this.#onCondition(entry, condition), mayEject: () => this.#mayEject(entry) })
      : undefined
    const checks = health === undefined ? undefined : new HealthChecks({
      adminUrl: info.adminUrl, health, timing: this.#options.healthTiming ?? checkTiming, heard, onPressure: () => this.#rebuildSoon(),
      onChecked: () => {
        const isLost = health.condition === 'down' && heard() === entry.heardAtFall && performance.now() - entry.fellAtMs >= silentMsMax
        if (isLost) this.#options.onLost?.(originOf(entry))
      },
    })
    const entry: Entry = { info, health, checks, avoidUntilMs: 0, fellAtMs: 0, heardAtFall: 0, doubts: new Map() }
    this.#entries.set(info.name, entry)
    return checks?.start() ?? Promise.resolve()
  }

  #onCondition(entry: Entry, condition: NodeCondition): void {
    const origin = originOf(entry)
    if (condition === 'down') {
      entry.fellAtMs = performance.now()
      entry.heardAtFall = this.#options.heard?.(origin) ?? 0
    }
    this.#rebuild()
    this.#options.onCondition?.({ name: entry.info.name, origin }, condition)
  }

  #mayEject(entry: Entry): boolean {
    const nowMs = performance.now()
    const others = [...this.#entries.values()].filter((other) => other !== entry)
    return mayEject(recordOf(entry, nowMs), others.map((other) => recordOf(other, nowMs)))
  }

  #rebuildSoon(): void {
    this.#rebuilding ??= setTimeout(() => this.#rebuild(), pressureDelayMs).unref()
  }

  #rebuild(): void {
    if (this.#closed) return
    clearTimeout(this.#rebuilding)
    this.#rebuilding = undefined
    const nowMs = performance.now()
    this.#nodes = [...this.#entries.values()].map(({ info, health, checks, avoidUntilMs }): KnownNode => ({
      health,
      name: info.name, region: info.region, latitude: info.latitude, longitude: info.longitude, pressureMs: checks?.pressureMs ?? info.pressureMs, url: info.url,
      internalOrigin: new URL(info.internalUrl).origin,
      draining: info.draining || health?.condition === 'draining',
      healthy: health === undefined ? info.connected && avoidUntilMs <= nowMs : health.isHealthy,
    }))
    this.#byPlace = new NodeIndex(this.#nodes)
    this.#byLatency = new NodeIndex(this.#nodes.map((node) => {
      const measuredMs = this.#entries.get(node.name)?.checks?.latencyMs
      return measuredMs === undefined ? node : { ...node, latencyMs: Math.ceil(measuredMs / latencyStepMs) * latencyStepMs }
    }))
  }
}

function recordOf({ health, checks }: Entry, nowMs: number): NodeRecord {
  return { condition: health?.condition ?? 'unknown', isSluggish: checks?.isSluggish ?? false, ...(health?.recent(nowMs) ?? { requests: 0, faults: 0 }) }
}

/** Where it is reached now: a node that starts again may have another port. */
function originOf({ info }: Entry): string {
  return new URL(info.internalUrl).origin
}
