import { describe, expect, test } from 'vitest'
import type { Store } from '../store/index.ts'
import { checkRoutes, defaultHost, readOthers, type RouteClaim } from './routes.ts'

function state(account: string, name: string, routes: string[]): RouteClaim {
  return { account, name, routes }
}

/** What a store with these functions answers to questions about routes. */
function storeOf(states: readonly RouteClaim[]): Store {
  const answers: Pick<Store, 'readRoutes' | 'readFunction'> = {
    readRoutes: async (hosts) => states.flatMap(({ account, name, routes }) =>
      routes.filter((route) => hosts.includes(route.slice(0, route.indexOf('/')))).map((route) => ({ account, name, route }))),
    readFunction: async (account, name) => {
      const found = states.find((one) => one.account === account && one.name === name)
      return found && { state: { account, function: name, routes: [...found.routes], shares: [], versions: [], secrets: {} }, updatedMs: 0 }
    },
  }
  return answers as Store
}

async function conflictOf(claim: { account?: string; name: string; routes?: string[] }, states: readonly RouteClaim[]): Promise<unknown> {
  const claims = [{ account: 'default', routes: [], ...claim }]
  const others = await readOthers(storeOf(states), claims, 'edge.example')
  try {
    checkRoutes(claims, others, 'edge.example')
    return undefined
  } catch (error) {
    return error
  }
}

test('default hosts name the account where it is not the default one', () => {
  expect(defaultHost('default', 'hello', 'edge.example')).toBe('hello.edge.example')
  expect(defaultHost('acme', 'hello', 'edge.example')).toBe('hello.acme.edge.example')
})

describe('conflicts', () => {
  test('the same pattern of another function, named to its own account only', async () => {
    const states = [state('default', 'one', ['a.com/*']), state('acme', 'secret-project', ['b.com/*'])]
    expect(await conflictOf({ name: 'two', routes: ['a.com/*'] }, states)).toMatchObject({ code: 'route_conflict', message: expect.stringContaining('one') as string })
    const foreign = await conflictOf({ name: 'two', routes: ['x.com/', 'b.com/*'] }, states)
    expect(foreign).toMatchObject({ code: 'route_conflict', field: 'functions.0.routes.1' })
    expect(String(foreign)).not.toContain('secret-project')
  })

  test('default hosts of other functions, both ways', async () => {
    expect(await conflictOf({ name: 'two', routes: ['one.edge.example/x'] }, [state('default', 'one', [])])).toMatchObject({ code: 'route_conflict' })
    expect(await conflictOf({ name: 'two', routes: ['f.acme.edge.example/*'] }, [state('acme', 'f', [])])).toMatchObject({ code: 'route_conflict' })
    expect(await conflictOf({ name: 'two' }, [state('default', 'one', ['two.edge.example/*'])])).toMatchObject({ field: 'functions.0.name' })
  })

  test('own routes, other paths and own hosts are no conflict', async () => {
    const states = [state('default', 'one', ['a.com/*', 'one.edge.example/*'])]
    expect(await conflictOf({ name: 'one', routes: ['a.com/*', 'one.edge.example/*'] }, states)).toBeUndefined()
    expect(await conflictOf({ name: 'two', routes: ['a.com/v1/*', 'a.com/'] }, states)).toBeUndefined()
  })
})
