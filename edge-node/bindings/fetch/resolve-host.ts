import { lookup as systemLookup, type LookupAddress, Resolver } from 'node:dns'
import type { ResolveHost } from './guarded-agent.ts'

type Done = (error: Error | null, addresses: readonly LookupAddress[]) => void

/** How many of the system's lookups run and wait: each takes a thread of the pool for as long as a name server likes. */
const systemLookupsMax = 2
const systemLookupsWaiting = 64
/** For so long what `resolv.conf` said is believed. */
const freshMs = 60_000

export interface ResolveHostOptions {
  /** `ADDRESS:PORT` in place of those of `resolv.conf`. */
  readonly servers?: readonly string[]
  /** In place of the system's own lookup. */
  readonly lookup?: (hostName: string, options: { readonly all: true }, done: (error: Error | null, addresses: LookupAddress[]) => void) => void
}

/**
 * Resolves names by asking the machine's name servers, without a thread of the pool: name servers that answer late, as somebody's own can be made
 * to, hold nobody else up. Names that only the machine knows (of `/etc/hosts`, say) are never public: they are looked for where the
 * operator opened something.
 */
export function createResolveHost({ servers, lookup = systemLookup }: ResolveHostOptions = {}): ResolveHost {
  let resolver = makeResolver(servers)
  let madeMs = performance.now()
  const system = new SystemLookups(lookup)
  return (hostName, done, mayBeLocal) => {
    if (hostName === 'localhost' || hostName.endsWith('.localhost')) {
      done(null, [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }])
      return
    }
    if (performance.now() - madeMs > freshMs) {
      resolver = makeResolver(servers)
      madeMs = performance.now()
    }
    resolveBoth(resolver, hostName, (error, addresses) => {
      if (error !== null && mayBeLocal) system.lookup(hostName, done)
      else done(error, addresses)
    })
  }
}

function makeResolver(servers: readonly string[] | undefined): Resolver {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  return resolver
}

/** IPv4 comes first: where IPv6 leads nowhere nobody waits for it. */
function resolveBoth(resolver: Resolver, hostName: string, done: Done): void {
  const found: LookupAddress[] = []
  let failure: Error | null = null
  let left = 2
  const settle = (error: Error | null, addresses: readonly string[] | undefined, family: 4 | 6): void => {
    const answers = (addresses ?? []).map((address) => ({ address, family }))
    if (family === 4) found.unshift(...answers)
    else found.push(...answers)
    failure ??= error
    left -= 1
    if (left === 0) done(found.length > 0 ? null : (failure ?? new Error('no address')), found)
  }
  resolver.resolve4(hostName, (error, addresses) => settle(error, addresses, 4))
  resolver.resolve6(hostName, (error, addresses) => settle(error, addresses, 6))
}

/** The system's own lookup, a few at a time. */
class SystemLookups {
  readonly #lookup: NonNullable<ResolveHostOptions['lookup']>
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(lookup: NonNullable<ResolveHostOptions['lookup']>) {
    this.#lookup = lookup
  }

  lookup(hostName: string, done: Done): void {
    const run = (): void => {
      this.#running += 1
      this.#lookup(hostName, { all: true }, (error, addresses) => {
        this.#running -= 1
        this.#waiting.shift()?.()
        done(error, addresses ?? [])
      })
    }
    if (this.#running < systemLookupsMax) run()
    else if (this.#waiting.length < systemLookupsWaiting) this.#waiting.push(run)
    else done(Object.assign(new Error('too many lookups'), { code: 'EAI_AGAIN' }), [])
  }
}
