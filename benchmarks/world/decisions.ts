import { type Coordinates, distanceKm, findRegion, fractionOf, NodeIndex, rankNodes, regionCodes, type RoutableNode } from '../../geography/index.ts'

/** What one decision costs, in microseconds of user CPU, and in distances that could be computed instead. */
export interface DecisionCost {
  readonly nodes: number
  readonly what: string
  readonly microseconds: number
  /** The same over what one great-circle distance costs in the same run: independent of how fast the machine is, or how busy. */
  readonly distances: number
}

const decisions = 40_000
/** Distances take so little that fewer are less than the clock of CPU time tells apart. */
const distances = 4_000_000
const rounds = 7
const townKm = 0.2

/** Nodes around the cities of the table of regions, several in a city where there are more nodes than cities. */
function nodesAroundCities(count: number): readonly RoutableNode[] {
  const codes = regionCodes()
  return Array.from({ length: count }, (_, index): RoutableNode => {
    const code = codes[index % codes.length] ?? ''
    const { latitude = 0, longitude = 0 } = findRegion(code) ?? {}
    const name = `${code}-${1 + Math.floor(index / codes.length)}`
    return { name, region: code, latitude: latitude + townKm * (fractionOf(name, 'north') - 0.5), longitude: longitude + townKm * (fractionOf(name, 'east') - 0.5), draining: false, healthy: true }
  })
}

/** Measures the ranking of the nearest four, as gateways do it for each request. */
export function measureDecisions(): readonly DecisionCost[] {
  const codes = regionCodes()
  const clients = Array.from({ length: 1_024 }, (_, index): Coordinates => {
    const { latitude = 0, longitude = 0 } = findRegion(codes[Math.floor(fractionOf('client', String(index)) * codes.length)] ?? '') ?? {}
    return { latitude: latitude + fractionOf('north', String(index)) - 0.5, longitude: longitude + fractionOf('east', String(index)) - 0.5 }
  })
  const keys = clients.map((_, index) => `198.51.${index >> 8}.${index & 255}`)
  const [first = { latitude: 0, longitude: 0 }] = clients
  const observer = { latitude: first.latitude, longitude: first.longitude }
  const baseline = cheapest(() => {
    let sum = 0
    for (let index = 0; index < distances; index += 1) sum += distanceKm(clients[index & 1_023] ?? first, clients[(index + 7) & 1_023] ?? first)
    return sum
  }, distances)
  const costs: DecisionCost[] = []
  for (const count of [40, 1_000, 10_000]) {
    const nodes = nodesAroundCities(count)
    const busy = nodes.map((node, index) => ({ ...node, pressureMs: index % 10 === 0 ? 20 * fractionOf('pressure', node.name) : 0 }))
    const measured = nodes.map((node) => ({ ...node, latencyMs: 1 + (distanceKm(observer, node) / 60) * (0.8 + 0.6 * fractionOf('path', node.name)) }))
    const kinds = [
      { what: 'by place', index: new NodeIndex(nodes), observer: undefined },
      { what: 'by place, one node in ten pressed', index: new NodeIndex(busy), observer: undefined },
      { what: 'by measured latencies of a gateway', index: new NodeIndex(measured), observer },
    ]
    for (const kind of kinds) {
      const microseconds = cheapest(() => {
        let found = 0
        for (let index = 0; index < decisions; index += 1) {
          const options = { tieKey: 'hello.example.com', clientKey: keys[index & 1_023], limit: 4, observer: kind.observer }
          found += rankNodes(clients[index & 1_023], kind.index, options).length
        }
        return found
      }, decisions)
      costs.push({ nodes: count, what: kind.what, microseconds, distances: microseconds / baseline })
    }
  }
  return costs
}

/** Microseconds of user CPU for each of the repetitions: the least of some rounds, since all that comes between only adds. */
function cheapest(run: () => number, repetitions: number): number {
  run()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage()
    if (run() < 0) throw new RangeError('the work must not be left out')
    least = Math.min(least, process.cpuUsage(before).user)
  }
  return least / repetitions
}
