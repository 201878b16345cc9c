import { SkerryError } from '../../errors/index.ts'
import { overlap } from '../domains/index.ts'
import type { Store } from '../store/index.ts'

export const defaultAccount = 'default'

/** Host name at which a function answers without any route. */
export function defaultHost(account: string, name: string, domain: string): string {
  return account === defaultAccount ? `${name}.${domain}` : `${name}.${account}.${domain}`
}

export interface RouteClaim {
  readonly account: string
  readonly name: string
  readonly routes: readonly string[]
  /** Those that the function has already: to go on with them is always allowed, or nobody could roll back. */
  readonly had?: readonly string[]
}

/** The account and name of the function whose default host this is, where there is such a function; undefined for hosts of other kinds. */
function ofDefaultHost(host: string, domain: string): { readonly account: string; readonly name: string } | undefined {
  if (!host.endsWith(`.${domain}`)) return undefined
  const [name = '', account = defaultAccount, ...more] = host.slice(0, -domain.length - 1).split('.')
  return more.length === 0 && defaultHost(account, name, domain) === host ? { account, name } : undefined
}

/** What stands in the store that the claims could collide with: routes on their hosts, and functions whose default hosts they take. */
export async function readOthers(store: Store, claims: readonly RouteClaim[], domain: string): Promise<readonly RouteClaim[]> {
  const hosts = new Set(claims.flatMap((claim) => [
    defaultHost(claim.account, claim.name, domain), ...claim.routes.map((route) => route.slice(0, route.indexOf('/'))),
  ]))
  const others = new Map<string, { readonly account: string; readonly name: string; readonly routes: string[] }>()
  for (const { account, name, route } of await store.readRoutes([...hosts])) {
    const key = `${account}/${name}`
    others.set(key, { account, name, routes: [...(others.get(key)?.routes ?? []), route] })
  }
  for (const host of hosts) {
    const owner = ofDefaultHost(host, domain)
    if (owner === undefined || others.has(`${owner.account}/${owner.name}`)) continue
    if ((await store.readFunction(owner.account, owner.name)) !== undefined) others.set(`${owner.account}/${owner.name}`, { ...owner, routes: [] })
  }
  return [...others.values()].filter((other) => !claims.some((claim) => claim.account === other.account && claim.name === other.name))
}

/**
 * Checks that nobody else has the routes: exactly the same host and path, or the default host of another function; in another account
 * also any route that would answer some of the same requests. Throws
 * `route_conflict`, which names the other function only to its own account. @param others what `readOthers` found
 */
export function checkRoutes(claims: readonly RouteClaim[], others: readonly RouteClaim[], domain: string): void {
  const owners = new Map<string, RouteClaim>()
  const hosts = new Map<string, RouteClaim>()
  for (const claim of [...others, ...claims]) {
    for (const route of claim.routes) if (!owners.has(route)) owners.set(route, claim)
    hosts.set(defaultHost(claim.account, claim.name, domain), claim)
  }

  for (const [index, claim] of claims.entries()) {
    for (const [position, route] of claim.routes.entries()) {
      const host = route.slice(0, route.indexOf('/'))
      const stranger = claim.had?.includes(route) === true ? undefined : others.find((other) => other.account !== claim.account && other.routes.some((theirs) => overlap(route, theirs)))
      const owner = [owners.get(route), hosts.get(host), stranger].find((one) => one !== undefined && one !== claim)
      if (owner !== undefined) throw conflict(claim, owner, `The route ${route}`, `functions.${index}.routes.${position}`)
    }
    const ownHost = defaultHost(claim.account, claim.name, domain)
    const taker = others.find((other) => other.routes.some((route) => route.startsWith(`${ownHost}/`)))
    if (taker !== undefined) throw conflict(claim, taker, `The host name ${ownHost}`, `functions.${index}.name`)
  }
}

function conflict(claim: RouteClaim, owner: RouteClaim, what: string, field: string): SkerryError {
  const whose = owner.account === claim.account ? `the function ${owner.name}` : 'another function'
  return new SkerryError('route_conflict', `${what} of ${claim.name} already belongs to ${whose}.`, { field })
}
