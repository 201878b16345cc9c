import { expect, test } from 'vitest'
import { distanceKm, findRegion, regionCodes, usualLatencyMs } from '../../geography/index.ts'
import { nextCandidate } from './next-candidate.ts'

const nodes = regionCodes().flatMap((name) => {
  const place = findRegion(name)
  return place === undefined ? [] : [{ name, latitude: place.latitude, longitude: place.longitude }]
})
const placeOf = (name: string): (typeof nodes)[number] => {
  const found = nodes.find((node) => node.name === name)
  if (found === undefined) throw new Error(name)
  return found
}
const wayMs = (from: string, to: string): number => usualLatencyMs(distanceKm(placeOf(from), placeOf(to)))

/** Tries until nobody promises more, in a world that is as the map says; answers who was tried and who is best. */
function search(door: string, backEnd: string, rounds: number): { readonly order: readonly string[]; readonly best: { readonly name: string; readonly offsetMs: number }; readonly leastMs: number } {
  const tried = new Map<string, number | undefined>()
  const waitedMs = rounds * wayMs(door, backEnd)
  const order: string[] = []
  let best = { name: door, offsetMs: 0 }
  for (let count = 0; count < 6; count += 1) {
    const next = nextCandidate({
      door: placeOf(door), hereMs: waitedMs + 5, waitedMs, rounds, tried, presentMs: best.offsetMs, nodes: nodes.filter(({ name }) => name !== door), placeOf,
    })
    if (next === undefined) break
    order.push(next.name)
    const offsetMs = wayMs(door, next.name) + rounds * wayMs(next.name, backEnd) - waitedMs
    tried.set(next.name, offsetMs)
    if (offsetMs < best.offsetMs) best = { name: next.name, offsetMs }
  }
  return { order, best, leastMs: wayMs(door, backEnd) - waitedMs }
}

test(`finds the back end among the nodes of ${nodes.length} regions in a few tries`, () => {
  for (const [door, backEnd] of [['fra', 'iad'], ['fra', 'sin'], ['sin', 'gru'], ['syd', 'lhr'], ['iad', 'bom'], ['jnb', 'nrt'], ['gru', 'dub']] as const) {
    for (const rounds of [2, 3, 8]) {
      const { best, leastMs } = search(door, backEnd, rounds)
      // Within a tenth of what there is to be saved.
      expect(best.offsetMs, `${door} to ${backEnd} in ${rounds} rounds`).toBeLessThan(0.9 * leastMs)
    }
  }
})

test('tries nobody where the back end is near, or one round is made', () => {
  expect(search('fra', 'fra', 3).order).toEqual([])
  expect(search('fra', 'sin', 1).order).toEqual([])
})
