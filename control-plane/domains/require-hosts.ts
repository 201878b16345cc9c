import { SkerryError } from '../../errors/index.ts'
import type { Store } from '../store/index.ts'
import { hostOf, kindOfHost, withParents } from './host-names.ts'
import { readHeld, requiresProof } from './records.ts'

/**
 * Checks that an account may have routes on these hosts: below DOMAIN in its own part only, and elsewhere, where the operator demands it,
 * on domains that it has proven; the nearest domain above a host that somebody holds decides. Within a commit.
 * Throws `route_conflict` or `domain_not_verified`, which tell nothing of other accounts.
 */
export async function requireHosts(
  store: Store, account: string, claims: ReadonlyArray<{ readonly routes: readonly string[]; readonly had?: readonly string[] }>, domain: string,
): Promise<void> {
  const needsProof = await requiresProof(store)
  const holders = new Map<string, Promise<string | undefined>>()
  for (const [index, { routes, had = [] }] of claims.entries()) {
    for (const [position, route] of routes.entries()) {
      // Whoever rolls back must not be kept from it by a rule that came later.
      if (had.includes(route)) continue
      const field = `functions.${index}.routes.${position}`
      const host = hostOf(route)
      const kind = kindOfHost(host, domain)
      if (kind.kind === 'preview') throw new SkerryError('route_conflict', `${host} always leads to one version, and takes no routes.`, { field })
      if (kind.kind === 'below') {
        if (kind.account !== account) throw new SkerryError('route_conflict', `${host} is not in the part of ${domain} that the account ${account} has.`, { field })
        continue
      }
      if (!needsProof) continue
      const holder = holders.get(host) ?? readHolder(store, host)
      holders.set(host, holder)
      if ((await holder) === account) continue
      const [wanted = host] = withParents(host).slice(-1)
      throw new SkerryError('domain_not_verified', `The account ${account} has not proven that ${host} is its own: see \`skerry domain add ${wanted}\`.`, { field })
    }
  }
}

async function readHolder(store: Store, host: string): Promise<string | undefined> {
  for (const domain of withParents(host)) {
    const held = await readHeld(store, domain)
    if (held !== undefined) return held.account
  }
  return undefined
}
