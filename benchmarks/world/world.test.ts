import { expect, test } from 'vitest'
import { tableOf } from './report.ts'
import { scenarios } from './scenarios.ts'
import { simulate } from './simulate.ts'
import { createWorld, leastBy } from './world.ts'

const world = createWorld({ seed: 7, sites: 8, networksPerPlace: 2, demand: 1_000, headroom: 2 })
const largest = leastBy(world.sites, ({ capacity }) => -capacity)

test('the same seed makes the same world, and its people are where they are', () => {
  const again = createWorld({ seed: 7, sites: 8, networksPerPlace: 2, demand: 1_000, headroom: 2 })
  expect(again.sites).toEqual(world.sites)
  expect(again.groups).toEqual(world.groups)
  expect(world.groups.reduce((sum, { demand }) => sum + demand, 0)).toBeCloseTo(1_000)
  expect(world.sites.reduce((sum, { capacity }) => sum + capacity, 0)).toBeCloseTo(2_000)
})

test('where nothing happens people are sent right and stay, and where their site ends, all of them elsewhere', () => {
  const moments = simulate(world, { name: 'lost', ranker: 'map', seconds: 8, at: (second, { lose }) => {
    if (second === 4) lose(largest)
  } })
  expect(moments[7]?.optimalShare).toBeGreaterThan(0.85)
  expect(moments[7]?.movedShare).toBe(0)
  expect(moments[7]?.sentTo).toContain(largest)
  expect(moments[8]?.sentTo).not.toContain(largest)
  expect(moments[8]?.movedShare).toBeGreaterThan(0.1)
})

test('people who are sent past the nearest node count as sent wrong', () => {
  const lied = simulate(world, { name: 'lie', ranker: 'measured', seconds: 1, at: (_second, { lie }) => lie(largest, 2_000) })
  expect(lied[0]?.optimalShare).toBeLessThan(0.9)
  expect(lied[0]?.meanExtraMs).toBeGreaterThan(1)
})

test('a crowd beyond what a site can do is seen, and leaves it one after another', () => {
  const moments = simulate(world, { name: 'crowd', ranker: 'map', seconds: 30, at: (second, { crowd }) => {
    if (second === 2) crowd(largest, 3)
  } })
  expect(moments[4]?.worstLoad).toBeGreaterThan(1.2)
  expect(moments[4]?.refusedShare).toBeGreaterThan(0.05)
  expect(moments.at(-1)?.refusedShare).toBeLessThan((moments[4]?.refusedShare ?? 0) * 0.2)
})

test('the table has a row for each scenario', () => {
  const outcomes = scenarios(world).slice(0, 2).map((scenario) => ({ scenario, moments: simulate(world, { ...scenario, seconds: 11 }) }))
  expect(tableOf(outcomes).split('\n')).toHaveLength(4)
})
