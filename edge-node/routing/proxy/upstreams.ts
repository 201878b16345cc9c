import { isIP } from 'node:net'
import { buildConnector, Pool } from 'undici'
import { fixedLimits } from '../../../runtime/bridge/index.ts'

/** Limits of the hop. Time-outs stand just above the longest a function may ask for (`wallMs`, `idleMs`: 900 s). */
export const hopLimits = {
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 905_000,
  bodyTimeoutMs: 905_000,
  /** What a function may answer with, and what nodes add to it. */
  headBytes: fixedLimits.responseHeadBytes + 16 * 1024,
  /** Nothing passed on a WebSocket, though nodes ping. */
  socketIdleMs: 120_000,
  /** Requests at a time to one node; above it the next nearest is tried. Each holds a connection. */
  inFlightMax: 8_192,
} as const

/** The connections to one node, and how many requests are on their way over them. */
export interface Upstream {
  readonly origin: string
  readonly pool: Pool
  /** PEM of the authorities to trust instead of the usual, where the node speaks TLS. */
  readonly ca: string | undefined
  inFlight: number
}

/** Name that undici is told that a connection is for, whatever the function's host: else it would begin another for each host. */
export const hopServerName = 'skerry-internal'

/** Connects to a node, whose certificate is for the node and not for the function's host that the request names. */
function connectorTo(origin: string, timeout: number, ca: string | undefined): buildConnector.connector {
  const host = new URL(origin).hostname.replaceAll(/[[\]]/g, '')
  const connect = buildConnector({ timeout, ...(ca === undefined ? {} : { ca }) })
  const servername = isIP(host) === 0 ? host : ''
  return (options, callback) => connect({ ...options, servername }, callback)
}

/** Keep-alive connections to nodes, one pool for each origin, made when first needed. */
export class Upstreams {
  readonly #byOrigin = new Map<string, Upstream>()
  readonly #connectTimeoutMs: number
  readonly #ca: string | undefined

  constructor(options: { readonly connectTimeoutMs?: number; readonly ca?: string | undefined } = {}) {
    this.#ca = options.ca
    this.#connectTimeoutMs = options.connectTimeoutMs ?? hopLimits.connectTimeoutMs
  }

  get(origin: string): Upstream {
    const known = this.#byOrigin.get(origin)
    if (known !== undefined) return known
    const pool = new Pool(origin, {
      // Each request may stay open for as long as it likes, so none may wait behind another.
      pipelining: 1, connections: null,
      connect: connectorTo(origin, this.#connectTimeoutMs, this.#ca), maxHeaderSize: hopLimits.headBytes,
      headersTimeout: hopLimits.headersTimeoutMs, bodyTimeout: hopLimits.bodyTimeoutMs,
      keepAliveTimeout: 10_000, keepAliveMaxTimeout: 60_000,
    })
    const upstream = { origin, pool, ca: this.#ca, inFlight: 0 }
    this.#byOrigin.set(origin, upstream)
    return upstream
  }

  /** Closes the connections to nodes that are no more; what is in flight there ends in peace. */
  retain(origins: ReadonlySet<string>): void {
    for (const [origin, { pool }] of this.#byOrigin) {
      if (origins.has(origin)) continue
      this.#byOrigin.delete(origin)
      pool.close().catch(() => pool.destroy())
    }
  }

  /** Breaks off everything. */
  async close(): Promise<void> {
    const pools = [...this.#byOrigin.values()]
    this.#byOrigin.clear()
    await Promise.all(pools.map(({ pool }) => pool.destroy()))
  }
}
