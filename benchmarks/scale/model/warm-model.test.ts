import { describe, expect, it } from 'vitest'
import { IsolateCache } from '../simulate/isolate-cache.ts'
import { simulate } from '../simulate/simulate.ts'
import { zipf, zipfShares } from './popularity.ts'
import { predictWarm } from './warm-model.ts'

const functions = 20_000

describe('predictWarm', () => {
  it('keeps everything warm where there is room and time', () => {
    const { warmShare, resident } = predictWarm(zipf(100, 1), 1_000, { capacity: 100, idleSeconds: 1e9 })
    expect(warmShare).toBeCloseTo(1, 6)
    expect(resident).toBeCloseTo(100, 6)
  })

  it('keeps nothing warm where nothing is held', () => {
    expect(predictWarm(zipf(100, 1), 1_000, { capacity: 100, idleSeconds: 0 }).warmShare).toBeCloseTo(0, 10)
  })

  it('holds as many as there is room for, and says so', () => {
    const { boundBy, resident, heldSeconds } = predictWarm(zipf(functions, 1), 1_000, { capacity: 500, idleSeconds: 600 })
    expect({ boundBy, resident }).toEqual({ boundBy: 'memory', resident: 500 })
    expect(heldSeconds).toBeLessThan(600)
  })

  it('finds the same where idleness never ends anything', () => {
    const [bounded, unbounded] = [600, Number.MAX_SAFE_INTEGER].map((idleSeconds) => predictWarm(zipf(functions, 1), 1_000, { capacity: 500, idleSeconds }))
    expect(unbounded?.heldSeconds).toBeCloseTo(bounded?.heldSeconds ?? 0, 6)
  })

  const cases = [0.8, 1, 1.2].flatMap((exponent) => [
    { exponent, capacity: 500, idleSeconds: 600, boundBy: 'memory' },
    { exponent, capacity: 4_000, idleSeconds: 600, boundBy: 'memory' },
    { exponent, capacity: functions, idleSeconds: 5, boundBy: 'idleness' },
  ])
  it.each(cases)('agrees with a simulated cache within a hundredth: exponent $exponent, room for $capacity, $idleSeconds s', ({ exponent, capacity, idleSeconds, boundBy }) => {
    const requestsPerSecond = 200
    const predicted = predictWarm(zipf(functions, exponent), requestsPerSecond, { capacity, idleSeconds })
    const { warmShare, resident } = simulate(new IsolateCache(functions, { capacity, idleSeconds }), {
      shares: zipfShares(functions, exponent), requestsPerSecond, requests: 400_000, warmUp: 150_000, seed: 1,
    })
    expect(predicted.boundBy).toBe(boundBy)
    expect(Math.abs(predicted.warmShare - warmShare)).toBeLessThan(0.01)
    expect(Math.abs(predicted.resident / resident - 1)).toBeLessThan(0.05)
  })
})
