import { expect, test } from 'vitest'
import { EdgeStatistics } from './statistics.ts'

test('what is refused counts as asked for: a node that refuses presses its clients to go elsewhere', () => {
  const statistics = new EdgeStatistics()
  statistics.report(0)
  for (let index = 0; index < 1_900; index += 1) statistics.begin()
  expect(statistics.report(0).load).toBeGreaterThanOrEqual(0.95)
  for (let index = 0; index < 100; index += 1) statistics.over('ok', 1)
  const before = statistics.report(0).pressureMs
  for (let index = 0; index < 100; index += 1) statistics.over('ok', 1)
  for (let index = 0; index < 300; index += 1) {
    statistics.begin()
    statistics.over('overloaded', 1)
  }
  const { load, pressureMs } = statistics.report(0)
  expect(load).toBe(1)
  expect(pressureMs).toBeGreaterThan(2 * before)
})
