import { expect, test } from 'vitest'
import { PoolMeter } from './pool-meter.ts'

test('operations share what the pool used while they were under way', () => {
  let micros = 1_000
  const meter = new PoolMeter(() => micros)
  const first = meter.begin()
  micros += 300
  const second = meter.begin()
  micros += 100
  expect(first()).toBe(350)
  micros += 70
  expect(second()).toBe(120)
  micros += 5_000
  expect(meter.begin()()).toBe(0)
})
