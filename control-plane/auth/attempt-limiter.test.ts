import { expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { AttemptLimiter } from './attempt-limiter.ts'

function spend(limiter: AttemptLimiter, address: string, times = 30): void {
  for (let attempt = 0; attempt < times; attempt += 1) expect(limiter.failed(address)).toBe(0)
}

test('bounds each address, has them back by and by, and does not let who goes on push that away', () => {
  const clock = new FakeClock()
  const limiter = new AttemptLimiter(clock)
  spend(limiter, '192.0.2.1')
  expect([limiter.failed('192.0.2.1'), limiter.failed('192.0.2.1'), limiter.failed('192.0.2.2')]).toEqual([2, 2, 0])
  clock.advance(2_000)
  expect([limiter.failed('192.0.2.1'), limiter.failed('192.0.2.1')]).toEqual([0, 2])
  clock.advance(60_000)
  spend(limiter, '192.0.2.1')
})

test('takes a /64 of IPv6 for one address, and an address of IPv4 however it is written', () => {
  const limiter = new AttemptLimiter(new FakeClock())
  spend(limiter, '2001:db8:1:2::1')
  expect([limiter.failed('2001:db8:1:2:ffff::9'), limiter.failed('2001:db8:1:3::1')]).toEqual([2, 0])
  spend(limiter, '::ffff:192.0.2.1')
  expect(limiter.failed('192.0.2.1')).toBe(2)
  expect([limiter.failed(undefined), limiter.failed('not an address')]).toEqual([0, 0])
})
