import { expect, test } from 'vitest'
import { MachineLoad } from './machine-load.ts'

test('contention is 1 while cores are free, grows with what waits, and falls again slowly', () => {
  let runnable = 1
  const load = new MachineLoad(() => runnable, 2)
  load.look()
  expect(load.contention).toBe(1)
  runnable = 6
  load.look()
  expect(load.contention).toBe(7)
  runnable = 1
  load.look()
  expect(load.contention).toBeGreaterThan(4)
  for (let turn = 0; turn < 100; turn++) load.look()
  expect(load.contention).toBeLessThanOrEqual(2)
  runnable = 10_000
  load.look()
  expect(load.contention).toBe(8)
})
