import type { FunctionState } from '../../control-plane/protocol/index.ts'
import { Destination } from './destination.ts'
import { type ReadArtifact, type RoutedVersion, toRoutedVersion } from './runnable-version.ts'

interface HostEntry {
  /** Account whose default host name this is; other accounts' routes on it do not count. */
  owner: string | undefined
  /** Answers where no route does. */
  fallback: Destination | undefined
  readonly exact: Map<string, Destination>
  /** Longest first. */
  readonly prefixes: { readonly prefix: string; readonly destination: Destination }[]
}

export interface RouteTableOptions {
  readonly functions: Iterable<FunctionState>
  /** Host name under which functions have theirs, such as `localhost`. */
  readonly domain: string
  readonly region: string
  readonly readArtifact: ReadArtifact
  /** The table before this one: what did not change is taken over, so that objects stay the same. */
  readonly previous?: RouteTable
}

/**
 * Which function answers which host and path: immutable, made anew for each revision and swapped as a whole, so that a group
 * release is seen whole or not at all.
 *
 * Invariants: looked up by one Map access for the host; objects of unchanged functions are those of the table before.
 */
export class RouteTable {
  readonly domain: string
  readonly #hosts = new Map<string, HostEntry>()
  readonly #versions = new Map<string, RoutedVersion>()
  readonly #destinations = new Map<FunctionState, { readonly whole: Destination; readonly pinned: readonly Destination[] }>()
  readonly #suffix: string
  readonly #region: string

  constructor(options: RouteTableOptions) {
    this.domain = options.domain
    this.#region = options.region
    this.#suffix = `.${options.domain}`
    const states = [...options.functions]
    for (const state of states) this.#adopt(state, options)
    for (const state of states) this.#addRoutes(state)
    for (const entry of this.#hosts.values()) entry.prefixes.sort((a, b) => b.prefix.length - a.prefix.length)
  }

  /** The function that answers, by lower-case host name without port, and path without query. */
  find(host: string, path: string): Destination | undefined {
    const entry = this.#hosts.get(host)
    if (entry === undefined) return undefined
    if (entry.exact.size === 0 && entry.prefixes.length === 0) return entry.fallback
    const plain = isPlainPath(path) ? path : normalisePath(path)
    const exact = entry.exact.get(plain)
    if (exact !== undefined) return exact
    for (const { prefix, destination } of entry.prefixes) if (plain.startsWith(prefix)) return destination
    return entry.fallback
  }

  /** Whether the name is one of ours even where no function has it: below DOMAIN. */
  isUnderDomain(host: string): boolean {
    return host.endsWith(this.#suffix)
  }

  /** Every version that answers, by the runtime's key. */
  get versions(): ReadonlyMap<string, RoutedVersion> {
    return this.#versions
  }

  /** Versions that functions give some of their traffic to. */
  *active(): Generator<RoutedVersion> {
    for (const { whole } of this.#destinations.values()) yield* whole.versions
  }

  get functionCount(): number {
    return this.#destinations.size
  }

  #adopt(state: FunctionState, options: RouteTableOptions): void {
    const { previous } = options
    const before = previous !== undefined && previous.#region === options.region ? previous.#destinations.get(state) : undefined
    const made = before ?? makeDestinations(state, options)
    this.#destinations.set(state, made)
    const accountPart = state.account === 'default' ? '' : `.${state.account}`
    this.#setDefault(`${state.function}${accountPart}${this.#suffix}`, state.account, made.whole)
    for (const destination of made.pinned) {
      const { runnable } = destination.first
      this.#versions.set(runnable.key, destination.first)
      this.#setDefault(`${runnable.version.toLowerCase()}--${state.function}${accountPart}${this.#suffix}`, state.account, destination)
    }
  }

  #setDefault(host: string, account: string, destination: Destination): void {
    const entry = this.#entry(host)
    entry.owner = account
    entry.fallback = destination.isEmpty ? undefined : destination
  }

  #addRoutes(state: FunctionState): void {
    const destination = this.#destinations.get(state)?.whole
    if (destination === undefined || destination.isEmpty) return
    for (const route of state.routes) {
      const slash = route.indexOf('/')
      const host = route.slice(0, slash)
      const path = route.slice(slash)
      const entry = this.#entry(host)
      if (entry.owner !== undefined && entry.owner !== state.account) continue
      if (path.endsWith('*')) entry.prefixes.push({ prefix: path.slice(0, -1), destination })
      else entry.exact.set(path, destination)
    }
  }

  #entry(host: string): HostEntry {
    let entry = this.#hosts.get(host)
    if (entry === undefined) {
      entry = { owner: undefined, fallback: undefined, exact: new Map(), prefixes: [] }
      this.#hosts.set(host, entry)
    }
    return entry
  }
}

function makeDestinations(state: FunctionState, here: { readonly region: string; readonly readArtifact: ReadArtifact }) {
  const versions = new Map<string, RoutedVersion>()
  for (const record of state.versions) versions.set(record.version, toRoutedVersion(record, state.secrets, here))
  const shares = state.shares.flatMap(({ version, percent }) => {
    const routed = versions.get(version)
    return routed === undefined || percent === 0 ? [] : [{ version: routed, percent }]
  })
  return {
    whole: new Destination(shares),
    pinned: [...versions.values()].map((version) => new Destination([{ version, percent: 100 }], true)),
  }
}

/** Nothing in it that URL parsing would change before the function sees it. */
function isPlainPath(path: string): boolean {
  return !path.includes('/.') && !path.includes('%') && !path.includes('\\')
}

/** Routes match what the function's own URL shows, so `/v1/../admin` is `/admin`. */
function normalisePath(path: string): string {
  const url = URL.parse(`http://host${path}`)
  return url === null ? path : url.pathname
}
