import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { FunctionState } from '../../control-plane/protocol/index.ts'
import { functionState, versionId, versionRecord } from '../../test/helpers/function-states.ts'
import { RouteTable } from './route-table.ts'

const settings = { domain: 'edge.test', region: 'fra', readArtifact: (): Uint8Array => new Uint8Array() }
const names = ['a', 'b', 'c']
const accounts = ['default', 'acme']
const hosts = ['a.edge.test', 'b.edge.test', 'c.acme.edge.test', 'x.example', 'y.example', `${versionId(1).toLowerCase()}--a.edge.test`, `${versionId(2).toLowerCase()}--b.acme.edge.test`]
const paths = ['/', '/v1/x', '/v2']

const stateArbitrary = fc.record({
  name: fc.constantFrom(...names), account: fc.constantFrom(...accounts), version: fc.integer({ min: 1, max: 2 }), served: fc.boolean(),
  routes: fc.uniqueArray(fc.constantFrom('x.example/*', 'x.example/v1/*', 'y.example/', 'y.example/v2', 'a.edge.test/v1/*'), { maxLength: 3 }),
}).map(({ name, account, version, served, routes }) => functionState(name, {
  account, routes, versions: [versionRecord(name, version, { account })], percents: served ? [100] : [],
}))
const removedArbitrary = fc.record({ account: fc.constantFrom(...accounts), function: fc.constantFrom(...names) })
const changeArbitrary = fc.record({ put: fc.uniqueArray(stateArbitrary, { maxLength: 2, selector: keyOf }), removed: fc.array(removedArbitrary, { maxLength: 1 }) })
  .filter(({ put, removed }) => !removed.some((one) => put.some((state) => keyOf(state) === keyOf(one))))

function keyOf(of: { readonly account: string; readonly function: string }): string {
  return `${of.account}/${of.function}`
}

/** Who answers where, by names that do not depend on objects; where several have one route, who it is does not matter. */
function answersOf(table: RouteTable): unknown {
  return hosts.flatMap((host) => paths.map((path) => [host, path, table.find(host, path)?.first.runnable.key]))
}

it('is after any changes what it is when it is made at once, and stays as it was', () => {
  fc.assert(fc.property(fc.array(changeArbitrary, { maxLength: 6 }), (changes) => {
    let functions = new Map<string, FunctionState>()
    let table = new RouteTable({ ...settings, functions: [] })
    for (const change of changes) {
      const [before, answered] = [table, answersOf(table)]
      functions = new Map(functions)
      for (const removed of change.removed) functions.delete(keyOf(removed))
      for (const state of change.put) {
        functions.delete(keyOf(state))
        functions.set(keyOf(state), state)
      }
      table = table.with(change)
      const whole = new RouteTable({ ...settings, functions: functions.values() })
      expect(answersOf(table)).toEqual(answersOf(whole))
      expect([...table.versions.keys()].toSorted()).toEqual([...whole.versions.keys()].toSorted())
      expect(table.functionCount).toBe(functions.size)
      expect(answersOf(before)).toEqual(answered)
    }
  }), { numRuns: 100 })
})

it('keeps the objects of functions that a change does not name', () => {
  const table = new RouteTable({ ...settings, functions: [functionState('a'), functionState('b')] })
  const next = table.with({ put: [functionState('b')], removed: [] })
  expect(next.find('a.edge.test', '/')).toBe(table.find('a.edge.test', '/'))
  expect(next.find('b.edge.test', '/')).not.toBe(table.find('b.edge.test', '/'))
})

it('tells where all that a host leads to may run, where that is one and the same', () => {
  const record = (name: string, number: number, regions: string[]) => versionRecord(name, number, { config: { regions } })
  const table = new RouteTable({
    ...settings,
    residencyOf: (account) => (account === 'acme' ? ['fra', 'lhr'] : undefined),
    functions: [
      functionState('a', { versions: [record('a', 1, ['fra', 'iad'])], routes: ['x.example/*', 'y.example/*'] }),
      functionState('b', { versions: [record('b', 1, ['sin'])], routes: ['y.example/v1/*'] }),
      functionState('c', { versions: [record('c', 1, ['fra']), record('c', 2, ['iad'])], percents: [50, 50] }),
      functionState('d'),
      functionState('e', { account: 'acme' }),
      functionState('f', { account: 'acme', versions: [versionRecord('f', 1, { account: 'acme', config: { regions: ['iad', 'lhr'] } })] }),
      functionState('g', { account: 'acme', versions: [versionRecord('g', 1, { account: 'acme', config: { regions: ['iad'] } })] }),
    ],
  })
  const at = (host: string) => table.regionsAt(host)
  expect([at('a.edge.test'), at('x.example'), at('y.example'), at('c.edge.test'), at('d.edge.test')]).toEqual([['fra', 'iad'], ['fra', 'iad'], undefined, undefined, undefined])
  expect(at(`${versionId(2).toLowerCase()}--c.edge.test`)).toEqual(['iad'])
  expect([at('e.acme.edge.test'), at('f.acme.edge.test'), at('g.acme.edge.test'), at('nobody.edge.test')]).toEqual([['fra', 'lhr'], ['lhr'], undefined, undefined])
  const allowed = (host: string) => table.find(host, '/')?.first.allowedHere
  expect([allowed('a.edge.test'), allowed('b.edge.test'), allowed('e.acme.edge.test'), allowed('f.acme.edge.test'), allowed('g.acme.edge.test')]).toEqual([true, false, true, false, false])
})
