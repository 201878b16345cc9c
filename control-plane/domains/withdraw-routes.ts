import type { FunctionState } from '../protocol/index.ts'
import type { Store } from '../store/index.ts'
import { auditWrite, systemActor } from '../audit/index.ts'
import { hostOf, withParents } from './host-names.ts'
import { readHeld } from './records.ts'

const functionsPerRead = 500

/** The routes that go by this domain: those on it or below it, but where somebody holds a nearer one. */
async function routesOn(store: Store, routes: readonly string[], domain: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const route of routes) {
    const above = withParents(hostOf(route))
    const nearer = await Promise.all(above.slice(0, Math.max(0, above.indexOf(domain))).map((one) => readHeld(store, one)))
    if (above.includes(domain) && nearer.every((held) => held === undefined)) found.push(route)
  }
  return found
}

/** The account's functions with routes that go by the domain. */
export async function functionsOnDomain(store: Store, account: string, domain: string): Promise<readonly FunctionState[]> {
  const found: FunctionState[] = []
  let after: string | undefined
  do {
    const portion = await store.listFunctions(account, { after, limit: functionsPerRead })
    for (const { name, routes } of portion) {
      if ((await routesOn(store, routes, domain)).length === 0) continue
      const state = (await store.readFunction(account, name))?.state
      if (state !== undefined) found.push(state)
    }
    after = portion.at(-1)?.name
  } while (after !== undefined)
  return found
}

/** Takes the routes on a domain that the account has lost from its functions, one commit each; they go on at their other hosts. */
export async function withdrawRoutes(store: Store, account: string, domain: string, nowMs: () => number): Promise<void> {
  for (const { function: name } of await functionsOnDomain(store, account, domain)) {
    await store.commit(async () => {
      const timeMs = nowMs()
      const state = (await store.readFunction(account, name))?.state
      const lost = await routesOn(store, state?.routes ?? [], domain)
      if (state === undefined || lost.length === 0) return { writes: [], timeMs }
      const without = { ...state, routes: state.routes.filter((route) => !lost.includes(route)) }
      return {
        writes: [{ kind: 'putFunction', state: without }, auditWrite(systemActor(account), 'function.withdraw-routes', name, { routes: lost }, timeMs)],
        change: { kind: 'activate', deployment: `domain-${name}`, functions: [without] },
        timeMs,
      }
    })
  }
}
