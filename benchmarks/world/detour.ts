import { type Coordinates, distanceKm, findRegion, rankNodes, type RoutableNode, usualLatencyMs } from '../../geography/index.ts'
import { places } from './places.ts'

/**
 * What it costs on average, over people all over the world, that a gateway goes by the node nearest to the client to a function that may run in
 * one region only, instead of there at once. By the model of distance alone: `node benchmarks/world/detour.ts`.
 */
const codes = ['fra', 'lhr', 'cdg', 'mad', 'waw', 'iad', 'ord', 'dfw', 'lax', 'sea', 'gru', 'scl', 'jnb', 'nbo', 'bom', 'sin', 'hkg', 'nrt', 'syd', 'dxb']

const nodes = codes.flatMap((name): RoutableNode[] => {
  const region = findRegion(name)
  return region === undefined ? [] : [{ name, region: name, latitude: region.latitude, longitude: region.longitude, draining: false, healthy: true }]
})

const between = (from: Coordinates, to: Coordinates): number => usualLatencyMs(distanceKm(from, to))

function meanDetourMs(gatewayCode: string | undefined, only: RoutableNode): number {
  let [sum, people] = [0, 0]
  for (const place of places()) {
    const [nearest] = rankNodes(place, nodes, { limit: 1 })
    const gateway = gatewayCode === undefined ? nearest : nodes.find(({ name }) => name === gatewayCode)
    if (nearest === undefined || gateway === undefined) continue
    people += place.population
    if (nearest !== only) sum += place.population * (between(gateway, nearest) + between(nearest, only) - between(gateway, only))
  }
  return sum / people
}

for (const [gateway, code] of [['fra', 'fra'], ['iad', 'fra'], ['sin', 'fra'], [undefined, 'fra']] as const) {
  const only = nodes.find(({ name }) => name === code)
  if (only !== undefined) process.stdout.write(`gateway ${gateway ?? 'beside each client'}, function in ${code}: ${meanDetourMs(gateway, only).toFixed(0)} ms\n`)
}
