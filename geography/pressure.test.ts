import { expect, test } from 'vitest'
import { nextPressureMs } from './index.ts'

test('a node with room presses nobody, one that is too full more with each step, up to a bound', () => {
  expect(nextPressureMs(0, 0.7)).toBe(0)
  let pressureMs = 0
  for (let step = 0; step < 40; step += 1) {
    const next = nextPressureMs(pressureMs, 1)
    expect(next).toBeGreaterThan(pressureMs === 500 ? 499 : pressureMs)
    pressureMs = next
  }
  expect(pressureMs).toBe(500)
})

test('pressure falls where the node has room again, and ends', () => {
  let pressureMs = 100
  let steps = 0
  while (pressureMs > 0 && steps < 100) {
    pressureMs = nextPressureMs(pressureMs, 0.2)
    steps += 1
  }
  expect(steps).toBeLessThan(60)
  expect(nextPressureMs(100, 0)).toBeGreaterThan(0)
})

test('settles where a share of the clients has somewhere else to go, however far that is', () => {
  for (const wayMs of [5, 25, 120]) {
    const loads: number[] = []
    let [pressureMs, heardMs] = [0, 0]
    for (let step = 0; step < 60; step += 1) {
      // Each client feels between none and twice the pressure, and leaves where that is more than the way.
      const staying = heardMs === 0 ? 1 : Math.min(1, wayMs / (2 * heardMs))
      const load = 3 * staying
      heardMs = pressureMs
      pressureMs = nextPressureMs(pressureMs, load)
      loads.push(load)
    }
    for (const load of loads.slice(-10)) expect(load, `${wayMs} ms`).toBeCloseTo(0.75, 1)
    expect(Math.min(...loads), 'without swinging through').toBeGreaterThan(0.3)
  }
})
