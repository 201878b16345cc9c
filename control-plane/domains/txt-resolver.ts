import { Resolver } from 'node:dns/promises'
import { SkerryError } from '../../errors/index.ts'

/** The TXT records of a name; none where there is no such name. Rejects with `resolver_unavailable` where nobody can tell. */
export type ReadTxt = (name: string) => Promise<readonly string[]>

const timeoutMs = 3_000
const tries = 2
const absences: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA'])

/** Asks DNS. @param servers `ADDRESS[:PORT]` of the resolvers; those of the system unless given. Throws `config_invalid` for what is no address. */
export function createTxtResolver(servers: readonly string[] = []): ReadTxt {
  const resolver = new Resolver({ timeout: timeoutMs, tries })
  if (servers.length > 0) {
    try {
      resolver.setServers(servers)
    } catch (cause) {
      throw new SkerryError('config_invalid', `A resolver is an address with or without a port, such as 127.0.0.1:5353; ${servers.join(', ')} is not.`, { cause })
    }
  }
  return async (name) => {
    try {
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && absences.has(cause.code)) return []
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
      throw new SkerryError('resolver_unavailable', `The TXT records of ${name} could not be looked up (${code}).`, { cause })
    }
  }
}
