import { describe, expect, it } from 'vitest'
import { versionRecord } from '../../test/helpers/function-states.ts'
import { Destination } from './destination.ts'
import { RequestOrigin } from './request-origin.ts'
import { RouteTable } from './route-table.ts'
import { toRoutedVersion } from './runnable-version.ts'

const here = { region: 'fra', readArtifact: () => new Uint8Array() }
/** A version of the n-th deployment: two functions of it have ids that differ at their end only. */
const versionOf = (name: string, deployment: number) => ({ ...versionRecord(name), version: `01J${String(deployment).padStart(21, '0')}${name === 'a' ? '00' : '01'}` })
const destination = (shares: Readonly<Record<number, number>>, name = 'a'): Destination =>
  new Destination(Object.entries(shares).map(([deployment, percent]) => ({ version: toRoutedVersion(versionOf(name, Number(deployment)), {}, here), percent })))
const keys = Array.from({ length: 20_000 }, (_, index) => `client-${index}`)
const chosen = (of: Destination): readonly string[] => keys.map((key) => of.choose(key).runnable.version)
const share = (of: readonly string[], deployment: number): number => (of.filter((version) => version === versionOf('a', deployment).version).length / keys.length) * 100

describe('a split', () => {
  it.each([[{ 1: 99, 2: 1 }], [{ 1: 90, 2: 10 }], [{ 1: 50, 2: 50 }], [{ 1: 20, 2: 30, 3: 50 }], [{ 1: 0.5, 2: 99.5 }]])('gives each version its share: %j', (shares) => {
    const of = chosen(destination(shares))
    for (const [deployment, percent] of Object.entries(shares)) {
      // Five standard deviations of a binomial share.
      const spread = 5 * Math.sqrt((percent * (100 - percent)) / keys.length)
      expect(Math.abs(share(of, Number(deployment)) - percent)).toBeLessThan(spread)
    }
  })

  it('moves clients from old to new only while the new share grows, from wherever they are', () => {
    const steps = [{ 1: 60, 2: 40 }, { 1: 59.4, 2: 39.6, 3: 1 }, { 1: 54, 2: 36, 3: 10 }, { 1: 30, 2: 20, 3: 50 }, { 3: 100 }]
    let before = chosen(destination(steps[0] ?? {}))
    for (const shares of steps.slice(1)) {
      const after = chosen(destination(shares))
      const strays = keys.filter((_, index) => after[index] !== before[index] && after[index] !== versionOf('a', 3).version)
      expect(strays).toEqual([])
      before = after
    }
  })

  it('takes clients back where they came from', () => {
    const before = chosen(destination({ 1: 60, 2: 40 }))
    expect(chosen(destination({ 1: 60, 2: 40 }))).toEqual(before)
  })

  it('does not depend on the order of the shares', () => {
    const [first, second] = [versionOf('a', 1), versionOf('a', 2)].map((record) => ({ version: toRoutedVersion(record, {}, here), percent: 50 }))
    if (first === undefined || second === undefined) throw new Error('no versions')
    expect(chosen(new Destination([second, first]))).toEqual(chosen(new Destination([first, second])))
  })

  it('takes a client to the same side of functions that were deployed together, and to any of others', () => {
    const side = (of: Destination): readonly string[] => chosen(of).map((version) => version.slice(0, 24))
    expect(side(destination({ 1: 70, 2: 30 }, 'b'))).toEqual(side(destination({ 1: 70, 2: 30 })))
    const [one, other] = [chosen(destination({ 1: 50, 2: 50 })), chosen(destination({ 3: 50, 4: 50 }))]
    const both = keys.filter((_, index) => one[index] === versionOf('a', 1).version && other[index] === versionOf('a', 3).version)
    expect(both.length / keys.length).toBeCloseTo(0.25, 1)
  })

  it('tells versions apart whose ids are no pair of one deployment', () => {
    const shares = [1, 2].map((number) => ({ version: toRoutedVersion(versionRecord('a', number), {}, here), percent: 50 }))
    const counts = Map.groupBy(chosen(new Destination(shares)), (version) => version)
    for (const of of counts.values()) expect(of.length / keys.length).toBeCloseTo(0.5, 1)
    expect(counts.size).toBe(2)
  })
})

describe('calls on the way to an answer', () => {
  const table = (deployments: readonly number[], shares: Readonly<Record<number, number>>): RouteTable => new RouteTable({
    functions: ['a', 'b'].map((name) => ({
      account: 'default', function: name, routes: [], secrets: {}, versions: deployments.map((deployment) => versionOf(name, deployment)),
      shares: Object.entries(shares).map(([deployment, percent]) => ({ version: versionOf(name, Number(deployment)).version, percent })),
    })),
    domain: 'edge.test', ...here,
  })
  const called = (origin: RequestOrigin, current: RouteTable): string | undefined => origin.find(current, 'b.edge.test', '/')?.version.runnable.version

  it('go to what was active when the request began, where the node still has it', () => {
    const [before, after, later] = [table([1], { 1: 100 }), table([1, 2], { 2: 100 }), table([2], { 2: 100 })]
    const origin = new RequestOrigin(before, performance.now(), 'request')
    expect(called(origin, before)).toBe(versionOf('b', 1).version)
    expect(called(origin, after)).toBe(versionOf('b', 1).version)
    expect(called(origin, later)).toBe(versionOf('b', 2).version)
    expect(called(new RequestOrigin(after, performance.now(), 'request'), after)).toBe(versionOf('b', 2).version)
    // A socket that has been open for long.
    expect(called(new RequestOrigin(before, performance.now() - 31_000, 'request'), after)).toBe(versionOf('b', 2).version)
    expect(origin.find(after, 'nothing.edge.test', '/')).toBeUndefined()
  })

  it('go to the side of a split that the client is on, by header, cookie or the request alone', () => {
    const split = table([1, 2], { 1: 50, 2: 50 })
    for (const key of keys.slice(0, 200)) {
      const side = split.find('a.edge.test', '/')?.choose(key).runnable.version.slice(0, 24)
      for (const client of [{ affinity: key }, { cookie: `x=1; skerry-affinity=${key}` }]) {
        expect(called(new RequestOrigin(split, performance.now(), 'request', client), split)?.slice(0, 24)).toBe(side)
      }
      expect(called(new RequestOrigin(split, performance.now(), key), split)?.slice(0, 24)).toBe(side)
    }
  })

  it('know a preview by its host name', () => {
    const current = table([1, 2], { 2: 100 })
    const found = new RequestOrigin(current, performance.now(), 'request').find(current, `${versionOf('b', 1).version.toLowerCase()}--b.edge.test`, '/')
    expect(found).toMatchObject({ isPreview: true, version: { runnable: { version: versionOf('b', 1).version } } })
  })
})
