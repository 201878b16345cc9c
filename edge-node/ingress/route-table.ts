import type { FunctionState } from '../../control-plane/protocol/index.ts'
import { Destination } from './destination.ts'
import { ShardedMap } from './sharded-map.ts'
import { type Here, type RoutedVersion, toRoutedVersion } from './runnable-version.ts'

/** What one function has on a host. */
interface Claim {
  readonly functionKey: string
  readonly account: string
  /** Undefined for the function's own host name. */
  readonly path: string | undefined
  readonly destination: Destination
}

interface HostEntry {
  readonly claims: readonly Claim[]
  /** The function whose own host name this is. */
  readonly ownerKey: string | undefined
  /** Answers where no route does. */
  readonly fallback: Destination | undefined
  readonly exact: ReadonlyMap<string, Destination>
  /** Longest first. */
  readonly prefixes: readonly { readonly prefix: string; readonly destination: Destination }[]
}

interface Served {
  readonly state: FunctionState
  readonly whole: Destination
  /** Those of single versions, by their ids. */
  readonly pinned: ReadonlyMap<string, Destination>
}

export interface RouteTableOptions extends Here {
  readonly functions: Iterable<FunctionState>
  /** Host name under which functions have theirs, such as `localhost`. */
  readonly domain: string
  /** The table before this one: what did not change is taken over, so that objects stay the same. */
  readonly previous?: RouteTable
}

/** What one revision changes. */
export interface TableChange {
  readonly put: readonly FunctionState[]
  readonly removed: ReadonlyArray<{ readonly account: string; readonly function: string }>
}

/**
 * Which function answers which host and path: immutable, followed by another one at each revision and swapped as a whole, so that a
 * group release is seen whole or not at all.
 *
 * Invariants: objects of unchanged functions are those of the table before; the next table costs as much as what changes, not as much
 * as what there is.
 */
export class RouteTable {
  readonly domain: string
  readonly #here: Here & Pick<RouteTableOptions, 'domain'>
  readonly #suffix: string
  readonly #functions: ShardedMap<Served>
  readonly #hosts: ShardedMap<HostEntry>
  readonly #versions: ShardedMap<RoutedVersion>

  constructor(options: RouteTableOptions | { readonly before: RouteTable; readonly change: TableChange }) {
    const isNext = 'before' in options
    const before = isNext ? options.before : options.previous
    this.#here = isNext ? options.before.#here : options
    this.domain = this.#here.domain
    this.#suffix = `.${this.domain}`
    // Another region makes other versions of everything.
    const base = before !== undefined && before.#here.region === this.#here.region ? before : undefined
    const change = isNext ? options.change : changeTo(options.functions, base === undefined ? [] : base.#functions.values())
    const functions = new Map<string, Served | undefined>()
    for (const removed of change.removed) functions.set(keyOf(removed), undefined)
    for (const state of change.put) functions.set(keyOf(state), { state, ...makeDestinations(state, this.#here) })
    const oldFunctions = base === undefined ? ShardedMap.empty<Served>() : base.#functions
    const oldHosts = base === undefined ? ShardedMap.empty<HostEntry>() : base.#hosts
    const oldVersions = base === undefined ? ShardedMap.empty<RoutedVersion>() : base.#versions
    const claims = new Map<string, Claim[]>()
    const claimsAt = (host: string): Claim[] => {
      const found = claims.get(host) ?? []
      claims.set(host, found)
      return found
    }
    const versions = new Map<string, RoutedVersion | undefined>()
    for (const [key, served] of functions) {
      const old = oldFunctions.get(key)
      for (const [host] of old === undefined ? [] : this.#claimsOf(old)) claimsAt(host)
      for (const { first } of old?.pinned.values() ?? []) versions.set(first.runnable.key, undefined)
      for (const [host, claim] of served === undefined ? [] : this.#claimsOf(served)) claimsAt(host).push(claim)
    }
    for (const served of functions.values()) for (const { first } of served?.pinned.values() ?? []) versions.set(first.runnable.key, first)
    const hosts = new Map<string, HostEntry | undefined>()
    for (const [host, added] of claims) {
      const kept = oldHosts.get(host)?.claims.filter(({ functionKey }) => !functions.has(functionKey)) ?? []
      hosts.set(host, makeEntry([...kept, ...added]))
    }
    this.#functions = oldFunctions.edit(functions)
    this.#hosts = oldHosts.edit(hosts)
    this.#versions = oldVersions.edit(versions)
  }

  /** The table after a revision. */
  with(change: TableChange): RouteTable {
    return new RouteTable({ before: this, change })
  }

  /** The function that answers, by lower-case host name without port, and path without query. */
  find(host: string, path: string): Destination | undefined {
    if (isPreviewHost(host) && this.isUnderDomain(host)) return this.#findPreview(host)
    const entry = this.#hosts.get(host)
    if (entry === undefined) return undefined
    if (entry.exact.size === 0 && entry.prefixes.length === 0) return entry.fallback
    const plain = isPlainPath(path) ? path : normalisePath(path)
    const exact = entry.exact.get(plain)
    if (exact !== undefined) return exact
    for (const { prefix, destination } of entry.prefixes) if (plain.startsWith(prefix)) return destination
    return entry.fallback
  }

  /**
   * Where all that a host leads to may run, where that is one and the same, and not everywhere: whoever goes by it needs no other node to be
   * sent on by.
   */
  regionsAt(host: string): readonly string[] | undefined {
    const entry = this.#hosts.get(host)
    const all = entry === undefined ? [this.#findPreview(host)] : [entry.fallback, ...entry.exact.values(), ...entry.prefixes.map(({ destination }) => destination)]
    const [first, ...others] = all.flatMap((destination) => destination?.versions ?? []).map(({ regions }) => regions)
    if (first === undefined || first.length === 0 || first.includes('*')) return undefined
    return others.every((regions) => String(regions) === String(first)) ? first : undefined
  }

  /** Whether no function of the account may run here, by what holds now: also of versions that no table has any more. */
  isHeldElsewhere(account: string): boolean {
    return this.#here.residencyOf?.(account)?.includes(this.#here.region) === false
  }

  /** Whether the name is one of ours even where no function has it: below DOMAIN. */
  isUnderDomain(host: string): boolean {
    return host.endsWith(this.#suffix)
  }

  /** Every version that answers, by the runtime's key. */
  get versions(): Pick<ShardedMap<RoutedVersion>, 'has' | 'keys' | 'get' | 'values' | 'size'> {
    return this.#versions
  }

  get functionCount(): number {
    return this.#functions.size
  }

  /** The versions of a function that answer, by its account and name. */
  versionsOf(of: { readonly account: string; readonly function: string }): readonly RoutedVersion[] {
    return [...(this.#functions.get(keyOf(of))?.pinned.values() ?? [])].map(({ first }) => first)
  }

  /** Versions that functions give some of their traffic to. */
  *active(): Generator<RoutedVersion> {
    for (const { whole } of this.#functions.values()) yield* whole.versions
  }

  /** `VERSION--FUNCTION.DOMAIN` is found by the function's own host name: of these there are ten times as many. */
  #findPreview(host: string): Destination | undefined {
    const ownerKey = this.#hosts.get(host.slice(versionLength + previewMark.length))?.ownerKey
    return ownerKey === undefined ? undefined : this.#functions.get(ownerKey)?.pinned.get(host.slice(0, versionLength).toUpperCase())
  }

  /** Host by host what a function has. */
  *#claimsOf({ state, whole }: Served): Generator<readonly [host: string, claim: Claim]> {
    const { account } = state
    const claim = (path: string | undefined, destination: Destination): Claim => ({ functionKey: keyOf(state), account, path, destination })
    const accountPart = account === 'default' ? '' : `.${account}`
    yield [`${state.function}${accountPart}${this.#suffix}`, claim(undefined, whole)]
    if (whole.isEmpty) return
    for (const route of state.routes) {
      const slash = route.indexOf('/')
      yield [route.slice(0, slash), claim(route.slice(slash), whole)]
    }
  }
}

/** A ULID. */
const versionLength = 26
/** No name of a function or an account has it within. */
const previewMark = '--'

function isPreviewHost(host: string): boolean {
  return host.startsWith(previewMark, versionLength)
}

const keyOf = (of: { readonly account: string; readonly function: string }): string => `${of.account}/${of.function}`

/** What leads from the functions that are served to these; a state is told from another one by its identity. */
function changeTo(functions: Iterable<FunctionState>, served: Iterable<Served>): TableChange {
  const before = new Map([...served].map(({ state }) => [keyOf(state), state]))
  const put: FunctionState[] = []
  for (const state of functions) {
    if (before.get(keyOf(state)) !== state) put.push(state)
    before.delete(keyOf(state))
  }
  return { put, removed: [...before.values()] }
}

/** Undefined where nobody has anything on the host. */
function makeEntry(claims: readonly Claim[]): HostEntry | undefined {
  if (claims.length === 0) return undefined
  const own = claims.findLast(({ path }) => path === undefined)
  const exact = new Map<string, Destination>()
  const prefixes: { readonly prefix: string; readonly destination: Destination }[] = []
  for (const { path, account, destination } of claims) {
    // Other accounts' routes on a function's own host name do not count.
    if (path === undefined || (own !== undefined && own.account !== account)) continue
    if (path.endsWith('*')) prefixes.push({ prefix: path.slice(0, -1), destination })
    else exact.set(path, destination)
  }
  prefixes.sort((a, b) => b.prefix.length - a.prefix.length)
  return { claims, ownerKey: own?.functionKey, fallback: own === undefined || own.destination.isEmpty ? undefined : own.destination, exact, prefixes }
}

function makeDestinations(state: FunctionState, here: Here) {
  const versions = new Map<string, RoutedVersion>()
  for (const record of state.versions) versions.set(record.version, toRoutedVersion(record, state.secrets, here))
  const shares = state.shares.flatMap(({ version, percent }) => {
    const routed = versions.get(version)
    return routed === undefined || percent === 0 ? [] : [{ version: routed, percent }]
  })
  return {
    whole: new Destination(shares),
    pinned: new Map([...versions].map(([id, version]) => [id, new Destination([{ version, percent: 100 }], true)])),
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
