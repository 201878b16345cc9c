import { lookup as systemLookup, type LookupAddress, Resolver } from 'node:dns'
import type { ResolveHost } from './guarded-agent.ts'

type Done = (error: Error | null, addresses: readonly LookupAddress[]) => void

/** How many of the system's lookups run and wait: each takes a thread of the pool for as long as a name server likes. */
const systemLookupsMax = 2
const systemLookupsWaiting = 64
/** For so long what `resolv.conf` said is believed. */
const freshMs = 60_000
/** For so long the system's own lookup, or the other kind of address, is waited for. */
const soonMs = 250

export interface ResolveHostOptions {
  /** `ADDRESS:PORT` in place of those of `resolv.conf`. */
  readonly servers?: readonly string[]
  /** In place of the system's own lookup. */
  readonly lookup?: (hostName: string, options: { readonly all: true }, done: (error: Error | null, addresses: LookupAddress[]) => void) => void
}

/**
 * Resolves names by asking the machine's name servers, without a thread of the pool: name servers that answer late, as somebody's own can be made
 * to, hold nobody else up. Names that the machine knows (of `/etc/hosts`, say) lead to what is not public: where the operator opened something,
 * the system's own lookup comes first, and what it does not answer soon is asked of name servers too.
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
    const ask = (answered: Done): void => resolveBoth(resolver, hostName, answered)
    if (mayBeLocal) inTurn((answered) => system.lookup(hostName, answered), ask, done)
    else ask(done)
  }
}

/** Begins with the first, and with the second where that fails or takes long. The answer is the first that is one. */
function inTurn(first: (done: Done) => void, second: (done: Done) => void, done: Done): void {
  let isSecondBegun = false
  let left = 2
  const beginSecond = (): void => {
    if (isSecondBegun) return
    isSecondBegun = true
    second(settle)
  }
  const timer = setTimeout(beginSecond, soonMs)
  const settle: Done = (error, addresses) => {
    left -= 1
    if (left < 0 || (error !== null && left > 0)) {
      beginSecond()
      return
    }
    clearTimeout(timer)
    isSecondBegun = true
    left = -1
    done(error, addresses)
  }
  first(settle)
}

function makeResolver(servers: readonly string[] | undefined): Resolver {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  return resolver
}

/** IPv4 comes first, and where one kind is there the other is not waited for long: where IPv6 leads nowhere nobody waits for it. */
function resolveBoth(resolver: Resolver, hostName: string, done: Done): void {
  const found: LookupAddress[] = []
  let failure: Error | null = null
  let left = 2
  let late: NodeJS.Timeout | undefined
  const finish = (): void => {
    clearTimeout(late)
    if (left < 0) return
    left = -1
    done(found.length > 0 ? null : (failure ?? new Error('no address')), found)
  }
  const settle = (error: Error | null, addresses: readonly string[] | undefined, family: 4 | 6): void => {
    if (left < 0) return
    const answers = (addresses ?? []).map((address) => ({ address, family }))
    if (family === 4) found.unshift(...answers)
    else found.push(...answers)
    failure ??= error
    left -= 1
    if (left === 0) finish()
    else if (found.length > 0) late = setTimeout(finish, soonMs)
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
