import { describe, expect, test } from 'vitest'
import type { FunctionState } from '../protocol/index.ts'
import { checkRoutes, defaultHost } from './routes.ts'

function state(account: string, name: string, routes: string[]): FunctionState {
  return { account, function: name, routes, shares: [], versions: [], secrets: {} }
}

function conflictOf(claim: { account?: string; name: string; routes?: string[] }, states: FunctionState[]): unknown {
  try {
    checkRoutes([{ account: 'default', routes: [], ...claim }], states, 'edge.example')
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
  test('the same pattern of another function, named to its own account only', () => {
    const states = [state('default', 'one', ['a.com/*']), state('acme', 'secret-project', ['b.com/*'])]
    expect(conflictOf({ name: 'two', routes: ['a.com/*'] }, states)).toMatchObject({ code: 'route_conflict', message: expect.stringContaining('one') as string })
    const foreign = conflictOf({ name: 'two', routes: ['x.com/', 'b.com/*'] }, states)
    expect(foreign).toMatchObject({ code: 'route_conflict', field: 'functions.0.routes.1' })
    expect(String(foreign)).not.toContain('secret-project')
  })

  test('default hosts of other functions, both ways', () => {
    expect(conflictOf({ name: 'two', routes: ['one.edge.example/x'] }, [state('default', 'one', [])])).toMatchObject({ code: 'route_conflict' })
    expect(conflictOf({ name: 'two', routes: ['f.acme.edge.example/*'] }, [state('acme', 'f', [])])).toMatchObject({ code: 'route_conflict' })
    expect(conflictOf({ name: 'two' }, [state('default', 'one', ['two.edge.example/*'])])).toMatchObject({ field: 'functions.0.name' })
  })

  test('own routes, other paths and own hosts are no conflict', () => {
    const states = [state('default', 'one', ['a.com/*', 'one.edge.example/*'])]
    expect(conflictOf({ name: 'one', routes: ['a.com/*', 'one.edge.example/*'] }, states)).toBeUndefined()
    expect(conflictOf({ name: 'two', routes: ['a.com/v1/*', 'a.com/'] }, states)).toBeUndefined()
  })
})
