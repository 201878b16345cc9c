import { HeadTimes } from './head-times.ts'
import { hopLimits } from './hop-limits.ts'
import { NodeConnections } from './node-connections.ts'

/** An attempt that waits for its answer's head. */
export interface Pending {
  /** The node is down. */
  onNodeDown(): void
  /** Nothing will come from the node. */
  giveUpOnNode(): void
}

/** A WebSocket that passes through. */
export interface OpenSocket {
  /** This end goes away. */
  goAway(): void
}

/** The connections to one node, and what is on its way over them. */
export interface Upstream {
  readonly origin: string
  /** PEM of the authorities to trust instead of the usual, where the node speaks TLS. */
  readonly ca: string | undefined
  readonly connections: NodeConnections
  readonly headTimes: HeadTimes
  readonly pending: Set<Pending>
  /** WebSockets that are open, to other nodes as well. */
  readonly sockets: Set<OpenSocket>
  /** Requests at a time. */
  readonly inFlightMax: number
  inFlight: number
  /** Answers' heads that came from it: while this grows it lives. */
  heads: number
}

export interface UpstreamsOptions {
  readonly connectTimeoutMs?: number
  readonly ca?: string | undefined
  /** Requests at a time to one node, each of which holds a connection. */
  readonly inFlightMax?: number | undefined
}

/** Connections to nodes, made when first needed and kept alive. */
export class Upstreams {
  readonly #byOrigin = new Map<string, Upstream>()
  /** They may outlast their node's place in the list. */
  readonly #sockets = new Set<OpenSocket>()
  readonly #options: UpstreamsOptions

  constructor(options: UpstreamsOptions = {}) {
    this.#options = options
  }

  get(origin: string): Upstream {
    const known = this.#byOrigin.get(origin)
    if (known !== undefined) return known
    const { ca, connectTimeoutMs = hopLimits.connectTimeoutMs, inFlightMax = hopLimits.inFlightMax } = this.#options
    const upstream: Upstream = {
      origin, ca, connections: new NodeConnections({ origin, ca, connectTimeoutMs, connectionsMax: inFlightMax }), headTimes: new HeadTimes(),
      pending: new Set(), sockets: this.#sockets, inFlightMax, inFlight: 0, heads: 0,
    }
    this.#byOrigin.set(origin, upstream)
    return upstream
  }

  /** Closes the connections to nodes that are no more; what is in flight there ends in peace. */
  retain(origins: ReadonlySet<string>): void {
    for (const [origin, { connections }] of this.#byOrigin) {
      if (origins.has(origin)) continue
      this.#byOrigin.delete(origin)
      connections.close()
    }
  }

  /** The node is down: whoever waits for a head from it may go elsewhere where that does nothing twice. */
  moveOn(origin: string): void {
    const upstream = this.#byOrigin.get(origin)
    if (upstream !== undefined) for (const attempt of [...upstream.pending]) attempt.onNodeDown()
  }

  /** The node was silent for so long that nothing will come: whoever waits for a head from it is told. */
  giveUp(origin: string): void {
    const upstream = this.#byOrigin.get(origin)
    if (upstream !== undefined) for (const attempt of [...upstream.pending]) attempt.giveUpOnNode()
  }

  /** WebSockets that are open. */
  get openSockets(): number {
    return this.#sockets.size
  }

  /** Ends all WebSockets. */
  endSockets(): void {
    for (const socket of [...this.#sockets]) socket.goAway()
  }

  /** Breaks off everything. */
  close(): void {
    for (const { connections } of this.#byOrigin.values()) connections.destroy()
    this.#byOrigin.clear()
  }
}
