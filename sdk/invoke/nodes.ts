import { ControlPlaneUrls, type NodeInfo, nodeListSchema } from '../../control-plane/protocol/index.ts'
import { SkerryError } from '../../errors/index.ts'
import { type Coordinates, rankNodes, RememberedNodes, type RoutableNode } from '../../geography/index.ts'

/** A node as callers give it, or as the control plane lists it. */
export type InvokerNode = Pick<NodeInfo, 'name' | 'region' | 'url' | 'latitude' | 'longitude'> & Partial<Pick<NodeInfo, 'draining' | 'pressureMs' | 'connected'>>

export interface NodeDirectoryOptions {
  readonly nodes: readonly InvokerNode[] | undefined
  /** Of one control plane, or of its replicas, separated by commas. */
  readonly controlPlaneUrl: string | undefined
  readonly token: string | undefined
  readonly location: Coordinates | undefined
  readonly fetch: typeof fetch
  /** How long it took a node to answer anything at all, in ms. Rejects where it does not. */
  readonly measure: (node: InvokerNode) => Promise<number>
}

type RankedNode = RoutableNode & { readonly url: string }

const listMsMax = 10_000
const measuredMsMax = 60_000
const avoidedMs = 5_000
const listTimeoutMs = 5_000
/** Between two tries to have the list anew where the last one failed, or a node did not answer. */
const listPauseMs = 1_000

/**
 * The nodes a client knows, nearest first: by the place that was given, otherwise by how soon each answers a probe.
 *
 * Invariant: a list once known is used at once, while a newer one is asked for, and on while the control plane can not be reached, hangs, or
 * has just started and does not know every node yet.
 */
export class NodeDirectory {
  readonly #options: NodeDirectoryOptions
  readonly #urls: ControlPlaneUrls
  /** Its own for each client, so that of many not all leave a pressed node at once. */
  readonly #clientKey = crypto.randomUUID()
  readonly #avoidUntil = new Map<string, number>()
  readonly #remembered = new RememberedNodes<InvokerNode>()
  #listed: readonly InvokerNode[]
  #listedAtMs = Number.NEGATIVE_INFINITY
  #askedAtMs = Number.NEGATIVE_INFINITY
  #listing: Promise<void> | undefined
  #latencies: ReadonlyMap<string, number> = new Map()
  #measuredAtMs = Number.NEGATIVE_INFINITY
  #measuring: Promise<void> | undefined

  constructor(options: NodeDirectoryOptions) {
    this.#options = options
    this.#urls = new ControlPlaneUrls(options.controlPlaneUrl ?? '')
    this.#listed = options.nodes ?? []
  }

  /** Nearest first. Rejects with `server_unreachable` where no list could ever be had. */
  async ranked(tieKey?: string): Promise<RankedNode[]> {
    await this.#list()
    const { location } = this.#options
    if (location === undefined && this.#listed.length > 1) await this.#measure()
    const nowMs = performance.now()
    const nodes = this.#listed.map((node): RankedNode => ({
      name: node.name, region: node.region, latitude: node.latitude, longitude: node.longitude, url: node.url,
      draining: node.draining ?? false, pressureMs: node.pressureMs,
      healthy: (node.connected ?? true) && (this.#avoidUntil.get(node.name) ?? 0) <= nowMs &&
        (location !== undefined || this.#latencies.size === 0 || this.#latencies.has(node.name)),
      latencyMs: location === undefined ? this.#latencies.get(node.name) : undefined,
    }))
    return rankNodes(location, nodes, { tieKey, clientKey: this.#clientKey })
  }

  /** The node did not answer: others come first for a while. */
  avoid(name: string): void {
    this.#avoidUntil.set(name, performance.now() + avoidedMs)
    // It may be a node that is gone for good: the list is asked for anew with the next call.
    this.#listedAtMs = Number.NEGATIVE_INFINITY
  }

  async #list(): Promise<void> {
    const { controlPlaneUrl } = this.#options
    const nowMs = performance.now()
    if (controlPlaneUrl === undefined || nowMs - this.#listedAtMs < listMsMax) return
    const isKnown = this.#listed.length > 0
    if (isKnown && nowMs - this.#askedAtMs < listPauseMs) return
    this.#askedAtMs = nowMs
    this.#listing ??= this.#fetchList().finally(() => {
      this.#listing = undefined
    })
    // It rejects only where no list is known, and then somebody waits for it.
    if (!isKnown) await this.#listing
  }

  async #fetchList(): Promise<void> {
    try {
      const answered = (error: unknown): boolean => error instanceof SkerryError && error.code !== 'server_unreachable'
      const nodes = await this.#urls.call((url) => this.#fetchFrom(url), (error) => !answered(error))
      this.#listedAtMs = performance.now()
      this.#listed = this.#remembered.merge(nodes, this.#listedAtMs)
    } catch (cause) {
      if (this.#listed.length > 0) return
      if (cause instanceof SkerryError) throw cause
      throw new SkerryError('server_unreachable', `The list of nodes could not be read from ${this.#urls.all.join(' or ')}.`, { cause })
    }
  }

  async #fetchFrom(url: string): Promise<readonly NodeInfo[]> {
    const response = await this.#options.fetch(new URL('/v1/nodes', url), {
      headers: this.#options.token === undefined ? {} : { authorization: `Bearer ${this.#options.token}` },
      signal: AbortSignal.timeout(listTimeoutMs),
    })
    if (response.status === 401) throw new SkerryError('unauthorized')
    if (response.status === 403) throw new SkerryError('forbidden', 'The token does not allow to list nodes.')
    if (!response.ok) throw new SkerryError('server_unreachable', `The control plane answered ${response.status} to GET /v1/nodes.`)
    return nodeListSchema.parse(await response.json()).nodes
  }

  async #measure(): Promise<void> {
    if (performance.now() - this.#measuredAtMs < measuredMsMax) return
    this.#measuring ??= this.#measureAll().finally(() => {
      this.#measuring = undefined
    })
    await this.#measuring
  }

  async #measureAll(): Promise<void> {
    const latencies = new Map<string, number>()
    await Promise.all(this.#listed.map(async (node) => {
      try {
        latencies.set(node.name, await this.#options.measure(node))
      } catch {
        // Without a latency it ranks as unhealthy until the next round.
      }
    }))
    this.#latencies = latencies
    this.#measuredAtMs = performance.now()
  }
}
