import type { FunctionRequest } from '../../runtime/supervisor/index.ts'
import type { Waits } from '../placement/index.ts'
import { readAffinityCookie } from './affinity.ts'
import type { Destination } from './destination.ts'
import type { RouteTable } from './route-table.ts'
import type { RoutedVersion } from './runnable-version.ts'

/** For so long a request's calls see what was active when it began; what goes on longer, a socket say, sees what is active by then. */
const heldMs = 30_000

interface Found {
  readonly version: RoutedVersion
  readonly isPreview: boolean
  /** Whether it was chosen by the key. */
  readonly isSplit: boolean
}

/** What the request of a client has to do with the functions that are called on the way to its answer. */
export class RequestOrigin {
  /** Those that were active when it began. */
  readonly #table: RouteTable
  readonly #startedMs: number
  readonly #affinity: string | undefined
  readonly #cookie: string | undefined
  readonly #requestId: string

  /** Told of its subrequests, where it is measured how it waits for them. */
  waits: Waits | undefined
  /** Of a call from another node: how many calls between functions it may set off. */
  readonly calls: number | undefined

  constructor(
    table: RouteTable, startedMs: number, requestId: string,
    client: { readonly affinity?: string | undefined; readonly cookie?: string | undefined } = {}, calls?: number,
  ) {
    this.calls = calls
    this.#table = table
    this.#startedMs = startedMs
    this.#requestId = requestId
    this.#affinity = client.affinity
    this.#cookie = client.cookie
  }

  /** The origin that a function's request was given. */
  static of(request: FunctionRequest | undefined): RequestOrigin | undefined {
    return request?.origin instanceof RequestOrigin ? request.origin : undefined
  }

  /** By which a split is decided for all that is called. */
  get key(): string {
    return this.#affinity ?? readAffinityCookie(this.#cookie) ?? this.#requestId
  }

  /**
   * What answers a call at a host and path: what was active when the request began, where the node still has it, so that an answer that several
   * functions made is of one release.
   */
  find(current: RouteTable, host: string, path: string): Found | undefined {
    const isHeld = this.#table !== current && performance.now() - this.#startedMs < heldMs
    const before = isHeld ? this.#choose(this.#table.find(host, path)) : undefined
    // Where it may run is what holds now.
    const version = before === undefined ? undefined : current.versions.get(before.version.runnable.key)
    return before === undefined || version === undefined ? this.#choose(current.find(host, path)) : { ...before, version }
  }

  #choose(destination: Destination | undefined): Found | undefined {
    if (destination === undefined || destination.isEmpty) return undefined
    const { isSplit, isPreview } = destination
    return { version: isSplit ? destination.choose(this.key) : destination.first, isPreview, isSplit }
  }
}
