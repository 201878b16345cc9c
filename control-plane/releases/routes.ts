import { SkerryError } from '../../errors/index.ts'
import type { FunctionState } from '../protocol/index.ts'

export const defaultAccount = 'default'

/** Host name at which a function answers without any route. */
export function defaultHost(account: string, name: string, domain: string): string {
  return account === defaultAccount ? `${name}.${domain}` : `${name}.${account}.${domain}`
}

export interface RouteClaim {
  readonly account: string
  readonly name: string
  readonly routes: readonly string[]
}

/**
 * Checks that nobody else has the routes: exactly the same host and path, or the default host of another function. Throws
 * `route_conflict`, which names the other function only to its own account.
 */
export function checkRoutes(claims: readonly RouteClaim[], states: readonly FunctionState[], domain: string): void {
  const isClaimed = (state: FunctionState): boolean =>
    claims.some((claim) => claim.account === state.account && claim.name === state.function)
  const others: RouteClaim[] = states
    .filter((state) => !isClaimed(state))
    .map((state) => ({ account: state.account, name: state.function, routes: state.routes }))

  const owners = new Map<string, RouteClaim>()
  const hosts = new Map<string, RouteClaim>()
  for (const claim of [...others, ...claims]) {
    for (const route of claim.routes) if (!owners.has(route)) owners.set(route, claim)
    hosts.set(defaultHost(claim.account, claim.name, domain), claim)
  }

  for (const [index, claim] of claims.entries()) {
    for (const [position, route] of claim.routes.entries()) {
      const host = route.slice(0, route.indexOf('/'))
      const owner = [owners.get(route), hosts.get(host)].find((one) => one !== undefined && one !== claim)
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
