import { describe, expect, test } from 'vitest'
import { type Coordinates, distanceKm, fractionOf, NodeIndex, rankNodes, type RoutableNode } from './index.ts'
import { estimateLatencyMs, leastLatencyMs, usualLatencyMs } from './estimate-latency.ts'
import { PlaceTree, Reach } from './place-tree.ts'

/** Numbers from 0 to below 1, the same in each run. */
function createRandom(seed: number): () => number {
  let drawn = 0
  return () => fractionOf(String(seed), String(drawn++))
}

/** Evenly over the globe, the poles and the date line included. */
function placeAtRandom(random: () => number): Coordinates {
  return { latitude: (Math.asin(2 * random() - 1) * 180) / Math.PI, longitude: random() * 360 - 180 }
}

function nodesAtRandom(count: number, random: () => number, change: (index: number) => Partial<RoutableNode> = () => ({})): RoutableNode[] {
  return Array.from({ length: count }, (_, index) => ({
    ...placeAtRandom(random), name: `node-${index}`, region: `r${index % 7}`, draining: false, healthy: true, ...change(index),
  }))
}

const names = (nodes: readonly RoutableNode[]): string[] => nodes.map(({ name }) => name)

describe('PlaceTree', () => {
  test('finds within a reach what a look at everything finds, also at the poles and the date line', () => {
    const random = createRandom(1)
    const items = [...nodesAtRandom(500, random), ...nodesAtRandom(20, random, () => ({ latitude: 10, longitude: 179.9 }))]
    const tree = new PlaceTree(items)
    const places = [...Array.from({ length: 40 }, () => placeAtRandom(random)), { latitude: 90, longitude: 0 }, { latitude: 10, longitude: -179.9 }]
    for (const place of places) {
      for (const reachKm of [0, 100, 2_000, 30_000]) {
        const found: string[] = []
        tree.visit(place, new Reach(reachKm), (item, km) => {
          expect(km).toBeCloseTo(distanceKm(place, item), 3)
          found.push(item.name)
        })
        expect(found.toSorted()).toEqual(names(items.filter((item) => distanceKm(place, item) <= reachKm)).toSorted())
      }
    }
  })

  test('does not look at much of the globe for what is near', () => {
    const random = createRandom(2)
    const tree = new PlaceTree(nodesAtRandom(10_000, random))
    let visited = 0
    for (let times = 0; times < 100; times += 1) {
      let nearestKm = Number.POSITIVE_INFINITY
      const reach = new Reach(nearestKm)
      tree.visit(placeAtRandom(random), reach, (_item, km) => {
        visited += 1
        nearestKm = Math.min(nearestKm, km)
        reach.set(nearestKm, nearestKm, 0)
      })
    }
    expect(visited / 100).toBeLessThan(100)
  })
})

describe('Reach', () => {
  test('beyond the usual reach a search finds what has a low floor, and no more', () => {
    const random = createRandom(5)
    const items = nodesAtRandom(400, random).map((node) => ({ ...node, floor: random() * 100 }))
    const tree = new PlaceTree(items, ({ floor }) => floor)
    for (let times = 0; times < 40; times += 1) {
      const place = placeAtRandom(random)
      const reach = new Reach(1_000)
      reach.set(1_000, 4_000, 20)
      const found = new Set<string>()
      tree.visit(place, reach, ({ name }) => found.add(name))
      const away = new Map(items.map((item) => [item, distanceKm(place, item)]))
      const wanted = items.filter((item) => (away.get(item) ?? 0) <= (item.floor <= 20 ? 4_000 : 1_000))
      expect(wanted.filter(({ name }) => !found.has(name))).toEqual([])
      expect(items.filter((item) => found.has(item.name) && (away.get(item) ?? 0) > 4_000)).toEqual([])
      expect(found.size).toBeLessThan(300)
    }
  })
})

describe('estimateLatencyMs', () => {
  test('a sample counts where it was taken, and less the further away', () => {
    expect(estimateLatencyMs(600, { latencyMs: 30, kmToNode: 600, kmToClient: 0 })).toBe(30)
    expect(estimateLatencyMs(600, { latencyMs: 30, kmToNode: 600, kmToClient: 300 })).toBe(25)
    expect(estimateLatencyMs(600, { latencyMs: 30, kmToNode: 600, kmToClient: 6_000 })).toBe(usualLatencyMs(600))
  })

  test('a sample that is faster than light draws nobody', () => {
    expect(estimateLatencyMs(6_000, { latencyMs: 0, kmToNode: 6_000, kmToClient: 0 })).toBe(leastLatencyMs(6_000))
    expect(estimateLatencyMs(6_000, { latencyMs: 0.1, kmToNode: 100, kmToClient: 6_000 })).toBeGreaterThanOrEqual(leastLatencyMs(6_000))
  })
})

describe('rankNodes', () => {
  test.each([false, true])('an index gives the first of what a look at all nodes gives (measured: %s)', (isMeasured) => {
    const random = createRandom(3)
    const change = (index: number): Partial<RoutableNode> => ({
      healthy: random() > 0.1, draining: random() > 0.9, pressureMs: random() > 0.5 ? random() * 40 : 0, costMs: index % 5 === 0 ? 7 : 0,
      latencyMs: isMeasured && random() > 0.5 ? random() * 300 : undefined,
    })
    for (const count of [0, 1, 5, 300]) {
      const nodes = nodesAtRandom(count, random, change)
      const index = new NodeIndex(nodes)
      for (let times = 0; times < 60; times += 1) {
        const client = placeAtRandom(random)
        const options = {
          tieKey: `f${times}`, clientKey: `c${times}`, observer: isMeasured ? placeAtRandom(random) : undefined,
          exclude: new Set([`node-${times}`]), pressures: times % 4 === 0 ? new Map([[`node-${times % 7}`, 50]]) : undefined, ...(times % 3 === 0 ? { regions: ['r1', 'r2'] } : {}),
        }
        const whole = names(rankNodes(client, nodes, options))
        for (const limit of [1, 4]) expect(names(rankNodes(client, index, { ...options, limit }))).toEqual(whole.slice(0, limit))
      }
    }
  })

  test('many nodes of one town share its functions out, however few are asked for', () => {
    const town = Array.from({ length: 20 }, (_, index): RoutableNode => ({
      name: `fra-${index}`, region: 'fra', latitude: 50.03, longitude: 8.57 + index / 1_000, draining: false, healthy: true,
    }))
    const index = new NodeIndex([...town, ...nodesAtRandom(100, createRandom(4))])
    const counts = new Map<string, number>()
    for (let times = 0; times < 4_000; times += 1) {
      const first = rankNodes({ latitude: 50.1, longitude: 8.7 }, index, { tieKey: `f${times}`, limit: 1 })[0]?.name ?? ''
      counts.set(first, (counts.get(first) ?? 0) + 1)
    }
    expect(counts.size).toBe(20)
    for (const count of counts.values()) expect(count).toBeGreaterThan(120)
  })

  test('a pressed node loses its clients one after another, none comes back while the pressure grows, and pressure far beyond the way moves nearly all', () => {
    const fra = (pressureMs: number): RoutableNode => ({ name: 'fra-1', region: 'fra', latitude: 50, longitude: 8.6, draining: false, healthy: true, pressureMs })
    const ams: RoutableNode = { name: 'ams-1', region: 'ams', latitude: 52.3, longitude: 4.8, draining: false, healthy: true }
    const clients = Array.from({ length: 1_000 }, (_, index) => `c${index}`)
    const stays = (pressureMs: number): Set<string> => new Set(clients.filter((clientKey) =>
      rankNodes({ latitude: 50, longitude: 8.6 }, [fra(pressureMs), ams], { clientKey })[0]?.name === 'fra-1'))
    let before = stays(0)
    expect(before.size).toBe(1_000)
    for (const pressureMs of [2, 3, 4, 6, 9, 13, 20, 100]) {
      const now = stays(pressureMs)
      expect(now.isSubsetOf(before)).toBe(true)
      expect(now.size).toBeGreaterThan(before.size / 2 - 300)
      before = now
    }
    expect(before.size).toBeLessThan(60)
  })

  test('pressure that the asking side has seen itself counts as what the node tells', () => {
    const nodes = ['fra', 'ams'].map((region, index): RoutableNode => ({ name: region, region, latitude: 50 + index, longitude: 8.6, draining: false, healthy: true }))
    expect(names(rankNodes({ latitude: 50, longitude: 8.6 }, nodes, { pressures: new Map([['fra', 20]]) }))).toEqual(['ams', 'fra'])
    expect(names(rankNodes({ latitude: 50, longitude: 8.6 }, nodes, { pressures: new Map([['ams', 20]]) }))).toEqual(['fra', 'ams'])
  })

  test('cost weights move nobody further than they are worth', () => {
    const nodes: RoutableNode[] = [
      { name: 'fra-1', region: 'fra', latitude: 50, longitude: 8.6, draining: false, healthy: true, costMs: 20 },
      { name: 'ams-1', region: 'ams', latitude: 52.3, longitude: 4.8, draining: false, healthy: true },
      { name: 'iad-1', region: 'iad', latitude: 38.9, longitude: -77.5, draining: false, healthy: true },
    ]
    expect(names(rankNodes({ latitude: 50, longitude: 8.6 }, nodes))).toEqual(['ams-1', 'fra-1', 'iad-1'])
  })
})
