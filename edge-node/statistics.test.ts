import { expect, test } from 'vitest'
import { EdgeStatistics } from './statistics.ts'

test('what is refused counts as asked for: a node that refuses presses its clients to go elsewhere', () => {
  const statistics = new EdgeStatistics()
  statistics.step(0)
  for (let index = 0; index < 1_900; index += 1) statistics.begin()
  statistics.step(0)
  expect(statistics.report().load).toBeGreaterThanOrEqual(0.95)
  for (let index = 0; index < 100; index += 1) statistics.over('ok', 1)
  statistics.step(0)
  const before = statistics.pressureMs
  expect(before).toBeGreaterThan(0)
  for (let index = 0; index < 100; index += 1) statistics.over('ok', 1)
  for (let index = 0; index < 300; index += 1) {
    statistics.begin()
    statistics.over('overloaded', 1)
  }
  statistics.step(0)
  const { load, pressureMs } = statistics.report()
  expect(load).toBe(1)
  expect(pressureMs).toBeGreaterThan(1.5 * before)
})

test('reports tell the mean load of the steps between them, and change no pressure', () => {
  const statistics = new EdgeStatistics()
  for (let index = 0; index < 2_000; index += 1) statistics.begin()
  statistics.step(0)
  for (let index = 0; index < 2_000; index += 1) statistics.over('ok', 1)
  statistics.step(0)
  const { load, pressureMs } = statistics.report()
  expect(load).toBeGreaterThanOrEqual(0.5)
  expect(load).toBeLessThanOrEqual(1)
  expect(statistics.report()).toEqual({ load, pressureMs })
})
