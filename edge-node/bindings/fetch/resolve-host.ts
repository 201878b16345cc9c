import { lookup as systemLookup, type LookupAddress, Resolver } from 'node:dns'
import type { ResolveHost } from './guarded-agent.ts'

type Done = (error: Error | null, addresses: readonly LookupAddress[]) => void

/** How many of the system's lookups run and wait: each takes a thread of the pool for as long as a name server likes. */
const systemLookupsMax = 2
const systemLookupsWaiting = 64

/**
 * Resolves names by asking the machine's name servers, without a thread of the pool: name servers that answer late, as somebody's own can be made
 * to, hold nobody else up. Names that only the machine knows (of `/etc/hosts`, say) are never public: they are looked for where the
 * operator opened something.
 */
export function createResolveHost(): ResolveHost {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  const system = new SystemLookups()
  return (hostName, done, mayBeLocal) => {
    if (hostName === 'localhost' || hostName.endsWith('.localhost')) {
      done(null, [{ address: '127.0.0.1', family: 4 }, { address: '::1', family: 6 }])
      return
    }
    resolveBoth(resolver, hostName, (error, addresses) => {
      if (error !== null && mayBeLocal) system.lookup(hostName, done)
      else done(error, addresses)
    })
  }
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
  readonly #waiting: (() => void)[] = []
  #running = 0

  lookup(hostName: string, done: Done): void {
    const run = (): void => {
      this.#running += 1
      systemLookup(hostName, { all: true }, (error, addresses) => {
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
