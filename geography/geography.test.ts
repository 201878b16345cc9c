import { describe, expect, test } from 'vitest'
import {
  countryCodes, distanceKm, findCountry, findRegion, isValidCoordinates, parseCoordinates, rankNodes, regionCodes, type RoutableNode,
} from './index.ts'

const node = (region: string, name = `${region}-1`, changes: Partial<RoutableNode> = {}): RoutableNode => {
  const place = findRegion(region)
  if (place === undefined) throw new Error(`no region ${region}`)
  return {
    name, region, latitude: place.latitude, longitude: place.longitude, draining: false, healthy: true, ...changes,
  }
}
const names = (nodes: readonly RoutableNode[]): string[] => nodes.map((each) => each.name)
const berlin = { latitude: 52.52, longitude: 13.4 }

describe('tables', () => {
  test('every region and country is well-formed', () => {
    expect(regionCodes().length).toBeGreaterThan(250)
    for (const code of regionCodes()) {
      const region = findRegion(code)
      expect(code).toMatch(/^[a-z]{3}$/)
      expect(region !== undefined && isValidCoordinates(region) && region.city.length > 1).toBe(true)
      // An airport lies in its country: no further from the population centre than the largest country is wide.
      const country = findCountry(region?.country ?? '')
      expect(country, code).toBeDefined()
      if (region !== undefined && country !== undefined) expect(distanceKm(region, country), code).toBeLessThan(7_300)
    }
    expect(countryCodes()).toHaveLength(249)
    for (const code of countryCodes()) expect(isValidCoordinates(findCountry(code) ?? { latitude: 99, longitude: 0 }), code).toBe(true)
  })

  test('look-ups ignore case and inherited names', () => {
    expect(findRegion('FRA')).toMatchObject({ code: 'fra', latitude: 50.03, longitude: 8.57, city: 'Frankfurt', country: 'DE' })
    expect(findRegion('constructor')).toBeUndefined()
    expect(findCountry('us')).toEqual(findCountry('US'))
    expect(findCountry('toString')).toBeUndefined()
    expect(findCountry('XX')).toBeUndefined()
  })
})

describe('distance', () => {
  test.each([
    ['fra', 'iad', 6_550], ['fra', 'sin', 10_270], ['jfk', 'iad', 366], ['syd', 'scl', 11_360], ['hnl', 'nrt', 6_135],
  ])('%s to %s is about %i km', (from, to, km) => {
    const distance = distanceKm(node(from), node(to))
    expect(Math.abs(distance - km) / km).toBeLessThan(0.01)
    expect(distanceKm(node(to), node(from))).toBeCloseTo(distance, 6)
  })

  test('zero for the same place, half the globe for antipodes, and across the date line', () => {
    expect(distanceKm(berlin, berlin)).toBe(0)
    expect(distanceKm({ latitude: 90, longitude: 0 }, { latitude: -90, longitude: 0 })).toBeCloseTo(20_015, 0)
    expect(distanceKm({ latitude: 0, longitude: 179 }, { latitude: 0, longitude: -179 })).toBeCloseTo(222.4, 0)
  })

  test('parses LAT,LON strictly', () => {
    expect(parseCoordinates('52.52,13.40')).toEqual({ latitude: 52.52, longitude: 13.4 })
    expect(parseCoordinates(' -33.9 , 151 ')).toEqual({ latitude: -33.9, longitude: 151 })
    for (const bad of ['', '1', '1,2,3', '91,0', '0,181', 'NaN,0', '1e1,2', '0x10,1', '1,', 'Infinity,1', '١,2']) {
      expect(parseCoordinates(bad), bad).toBeUndefined()
    }
  })
})

describe('rankNodes', () => {
  const cluster = [node('fra'), node('iad'), node('sin')]

  test.each([
    ['Berlin', 52.52, 13.4, ['fra-1', 'iad-1', 'sin-1']],
    ['New York', 40.71, -74.01, ['iad-1', 'fra-1', 'sin-1']],
    ['Singapore', 1.35, 103.82, ['sin-1', 'fra-1', 'iad-1']],
    ['Tokyo', 35.68, 139.69, ['sin-1', 'fra-1', 'iad-1']],
    ['São Paulo', -23.55, -46.63, ['iad-1', 'fra-1', 'sin-1']],
    ['Sydney', -33.87, 151.21, ['sin-1', 'iad-1', 'fra-1']],
    ['Lagos', 6.45, 3.4, ['fra-1', 'iad-1', 'sin-1']],
  ])('%s', (_city, latitude, longitude, order) => {
    expect(names(rankNodes({ latitude, longitude }, cluster))).toEqual(order)
    expect(names(rankNodes({ latitude, longitude }, cluster.toReversed()))).toEqual(order)
  })

  test('draining comes after what serves, unhealthy after draining, and both can be left out', () => {
    const nodes = [node('fra', 'fra-1', { healthy: false }), node('ams', 'ams-1', { draining: true }), node('sin')]
    expect(names(rankNodes(berlin, nodes))).toEqual(['sin-1', 'ams-1', 'fra-1'])
    expect(names(rankNodes(berlin, nodes, { unavailable: 'omit' }))).toEqual(['sin-1'])
  })

  test('pressure moves clients to a near neighbour, and to another continent only where it is worth the way', () => {
    const cases: readonly (readonly [pressureMs: number, order: readonly string[]])[] = [
      [0, ['fra-1', 'ams-1', 'iad-1']], [20, ['ams-1', 'fra-1', 'iad-1']], [200, ['ams-1', 'iad-1', 'fra-1']],
    ]
    for (const [pressureMs, order] of cases) {
      expect(names(rankNodes(berlin, [node('fra', 'fra-1', { pressureMs }), node('ams'), node('iad')])), String(pressureMs)).toEqual(order)
    }
  })

  test('region rules exclude, and so do names', () => {
    expect(names(rankNodes(berlin, cluster, { regions: ['sin', 'iad'] }))).toEqual(['iad-1', 'sin-1'])
    expect(names(rankNodes(berlin, cluster, { regions: ['*'] }))).toHaveLength(3)
    expect(rankNodes(berlin, cluster, { regions: ['syd'] })).toEqual([])
    expect(names(rankNodes(berlin, cluster, { exclude: new Set(['fra-1']) }))).toEqual(['iad-1', 'sin-1'])
  })

  test('a measured latency outweighs the map, also without a place', () => {
    const nodes = [node('fra', 'fra-1', { latencyMs: 80 }), node('iad', 'iad-1', { latencyMs: 20 })]
    expect(names(rankNodes(berlin, nodes))).toEqual(['iad-1', 'fra-1'])
    expect(names(rankNodes(undefined, nodes))).toEqual(['iad-1', 'fra-1'])
  })

  test('ties fall by name, or spread by key: evenly, and without moving keys of other nodes', () => {
    const twins = ['fra-1', 'fra-2', 'fra-3', 'fra-4'].map((name) => node('fra', name))
    expect(names(rankNodes(berlin, twins.toReversed()))).toEqual(['fra-1', 'fra-2', 'fra-3', 'fra-4'])
    const firsts = new Map<string, number>()
    for (let index = 0; index < 4_000; index++) {
      const tieKey = `function-${index}.localhost`
      const first = rankNodes(berlin, twins, { tieKey })[0]?.name ?? ''
      firsts.set(first, (firsts.get(first) ?? 0) + 1)
      const fewer = rankNodes(berlin, twins.slice(0, 3), { tieKey })[0]?.name
      if (first !== 'fra-4') expect(fewer).toBe(first)
    }
    for (const count of firsts.values()) expect(count).toBeGreaterThan(800)
    expect(firsts.size).toBe(4)
  })

  test('neither changes its input nor copies nodes; no nodes is no answer', () => {
    const frozen = Object.freeze(cluster.map((each) => Object.freeze(each)))
    expect(rankNodes(berlin, frozen)[0]).toBe(frozen[0])
    expect(rankNodes(berlin, [])).toEqual([])
  })
})
