import type { DiscoveredNode } from '../../control-plane/protocol/discovery.ts'
import { errorRegistry, SkerryError } from '../../errors/index.ts'
import { type Coordinates, isValidCoordinates } from '../../geography/index.ts'
import type { InvokerEvent } from './events.ts'

/** A node as callers give it. */
export type InvokerNode = Pick<DiscoveredNode, 'name' | 'region' | 'url' | 'latitude' | 'longitude'> & Partial<Pick<DiscoveredNode, 'status' | 'pressureMs'>>

/** Where nodes are learned of: one of `baseUrl`, `nodes` and `controlPlaneUrl`, or several. */
export interface InvokerOptions {
  /**
   * Where the cluster is met: a gateway, a node, or a name that DNS leads to them, such as `https://example.com`; several in the order of
   * preference. They tell of the nodes without a token, and answer calls themselves where no node can be reached.
   */
  readonly baseUrl?: string | URL | readonly (string | URL)[]
  /** The nodes, where they are known already. */
  readonly nodes?: readonly InvokerNode[]
  /** A control plane that lists the nodes, or its replicas, separated by commas. Not in browsers. */
  readonly controlPlaneUrl?: string
  /** A token of the control plane that may list nodes. */
  readonly token?: string
  /**
   * DOMAIN of the cluster, where `baseUrl` does not tell it; `localhost` unless either does. A `baseUrl` with a name outside of DOMAIN tells it for
   * functions that are named: URLs below DOMAIN are taken for the cluster's only where it is given here.
   */
  readonly domain?: string
  /** Further hosts that functions answer at by their routes, such as `api.example.com` or `*.example.org`. */
  readonly hosts?: readonly string[]
  /** Where the caller is, in degrees. Without it, where `baseUrl` sees it, and what is measured. */
  readonly location?: Coordinates
  /** What may be sent twice; see `InvokeInit.retry`. `safe` unless set. */
  readonly retry?: RetryRule
  /** Bound on the time until an answer's head, over all attempts and waits, in ms; none unless set. */
  readonly timeoutMs?: number
  /** How long a node that refuses for load (`Retry-After`) is waited for at most, in ms; unless set, as long as any does: 3,000. */
  readonly retryAfterMsMax?: number
  /** How old the list of nodes may get before it is asked for anew, behind the calls, in ms; 10,000 unless set. */
  readonly refreshMs?: number
  /** Used instead of connections of our own. As in browsers, nodes are then called by host names of their own (docs/invoke.md). */
  readonly fetch?: typeof fetch
  /** Told what happens, for logs and metrics. What it throws is dropped. */
  readonly onEvent?: (event: InvokerEvent) => void
}

/**
 * `safe`: to another node where nothing of the call was sent, or where it does no harm twice (idempotent methods, or an idempotency key).
 * `never`: to no other node. `always`: as if every call did no harm twice. What was streamed is sent once by any.
 */
export type RetryRule = 'safe' | 'never' | 'always'

/** What `fetch` takes, and three things more. */
export interface InvokeInit extends RequestInit {
  readonly retry?: RetryRule
  /** Sent as `idempotency-key`: the function promises that the same key has its effect once, so the call may be repeated. */
  readonly idempotencyKey?: string
  /** In ms until the answer's head; rejects with a `TimeoutError` as `AbortSignal.timeout` does. */
  readonly timeoutMs?: number
}

const { retryAfterSeconds: overloadSeconds = 0, retrySpreadSeconds: overloadSpreadSeconds = 0 } = errorRegistry.overloaded
/** What busy nodes ask to wait at most. Who waits for less gives up by chance. */
const overloadMsMax = 1_000 * (overloadSeconds + overloadSpreadSeconds)

/** The options as they are used. */
export interface Settings extends InvokerOptions {
  readonly doors: readonly URL[]
  /** Whether a list of nodes may come from who has not proved by TLS who he is. */
  readonly hasPlainDoor: boolean
  readonly isOurHost: (host: string, domain: string) => boolean
  readonly refreshMs: number
  readonly retryAfterMsMax: number
  readonly emit: (event: InvokerEvent) => void
}

/** Throws `invalid_request`, which names the option. */
export function readOptions(options: InvokerOptions): Settings {
  const { baseUrl, controlPlaneUrl, nodes, location, onEvent } = options
  const bases = baseUrl === undefined ? [] : typeof baseUrl === 'string' || baseUrl instanceof URL ? [baseUrl] : baseUrl
  if (bases.length === 0 && controlPlaneUrl === undefined && nodes === undefined) {
    throw new SkerryError('invalid_request', 'createInvoker needs `baseUrl`, such as https://example.com.', { field: 'baseUrl' })
  }
  if (location !== undefined && !isValidCoordinates(location)) {
    throw new SkerryError('invalid_request', '`location` is not a place in degrees.', { field: 'location' })
  }
  for (const node of nodes ?? []) readUrl(node.url, 'nodes')
  const doors = bases.map((base) => new URL('/', readUrl(String(base), 'baseUrl')))
  const hosts = (options.hosts ?? []).map((host) => host.toLowerCase())
  return {
    ...options,
    doors, hasPlainDoor: doors.some(({ protocol }) => protocol === 'http:'),
    isOurHost: (host, domain) => host === domain || host.endsWith(`.${domain}`) ||
      hosts.some((of) => (of.startsWith('*.') ? host.endsWith(of.slice(1)) : host === of)),
    refreshMs: options.refreshMs ?? 10_000,
    retryAfterMsMax: options.retryAfterMsMax ?? overloadMsMax,
    emit: (event) => {
      try {
        onEvent?.(event)
      } catch {
        // A call does not fail for whoever looks on.
      }
    },
  }
}

/**
 * Whether who is met at a door may say that URLs below a domain are the cluster's: where the door is of that domain itself, or has an address or
 * a local name, which lead to whoever the caller means by them. Otherwise calls to anybody could be drawn away with what they carry.
 */
export function maySpeakFor({ hostname }: URL, domain: string): boolean {
  const isLocal = !hostname.includes('.') || isAddress(hostname)
  const isBelow = hostname.endsWith(`.${domain}`) && (domain.includes('.') || domain === 'localhost')
  return isLocal || hostname === domain || isBelow
}

/** Of a URL, where nothing else ends with a digit, and IPv6 is in brackets. */
export function isAddress(hostname: string): boolean {
  return /^[\d.]+$|^\[/.test(hostname)
}

function readUrl(text: string, field: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !(url.protocol === 'http:' || url.protocol === 'https:')) {
    throw new SkerryError('invalid_request', `${JSON.stringify(text.slice(0, 200))} is no http URL.`, { field })
  }
  return url
}
