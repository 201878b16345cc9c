import { expect, it } from 'vitest'
import { byTrial, here, type Scenario, simulate } from './simulate.ts'

const usual: Scenario = { backEnds: ['iad'], rounds: [3], serviceMs: 4, requestsPerSecond: 5, minutes: 20 }

it('takes functions near a back end that is far, and leaves them where one is near', () => {
  for (const door of ['fra', 'sin']) {
    const [before, after] = [simulate(usual, door, here, 7), simulate(usual, door, byTrial, 7)]
    expect(after.meanMs / before.meanMs).toBeLessThan(0.7)
    expect(after.wrongShare).toBe(0)
    expect(after.moves).toBeLessThanOrEqual(4)
  }
  const near: Scenario = { ...usual, backEnds: ['iad', 'fra', 'sin', 'gru', 'syd', 'nrt'] }
  const after = simulate(near, 'fra', byTrial, 7)
  expect([after.moves, after.wrongShare]).toEqual([0, 0])
  expect(after.meanMs).toBeLessThan(simulate(near, 'fra', here, 7).meanMs * 1.1)
})

it('follows a back end that moves, and is not led astray while it is down', () => {
  expect(simulate({ ...usual, movesTo: ['sin'], minutes: 40 }, 'fra', byTrial, 7).wrongShare).toBeLessThan(0.2)
  const down = simulate({ ...usual, outage: 'back end', minutes: 30 }, 'fra', byTrial, 7)
  expect(down.wrongShare).toBe(0)
  expect(down.meanMs).toBeLessThan(simulate(usual, 'fra', here, 7).meanMs * 0.7)
})
