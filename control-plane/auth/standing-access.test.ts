import { expect, test } from 'vitest'
import { SkerryError } from '../../errors/index.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { StandingAccess } from './standing-access.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('looks once for all connections of one token, ends them when access ends, and looks at nothing then', async () => {
  const clock = new FakeClock()
  const access = new StandingAccess(clock)
  let [looks, ended, isRevoked] = [0, 0, false]
  const check = async (): Promise<void> => {
    looks += 1
    if (isRevoked) throw new SkerryError('unauthorized')
  }
  const leave = access.watch('a', check, () => (ended += 1))
  access.watch('a', check, () => (ended += 1))
  access.watch('b', async () => {}, () => (ended += 100))()
  clock.advance(2_000)
  await turn()
  expect([looks, ended]).toEqual([1, 0])
  isRevoked = true
  leave()
  clock.advance(2_000)
  await turn()
  expect([looks, ended, clock.pending]).toEqual([2, 1, 0])
})

test('cuts nobody off while the store does not answer, and goes on looking', async () => {
  const clock = new FakeClock()
  const access = new StandingAccess(clock)
  let ended = 0
  let failure: Error = new SkerryError('internal_error')
  access.watch('a', () => Promise.reject(failure), () => (ended += 1))
  for (const next of [new Error('no connection'), new SkerryError('too_many_attempts'), new SkerryError('forbidden')]) {
    clock.advance(2_000)
    await turn()
    expect([ended, clock.pending]).toEqual([0, 1])
    failure = next
  }
  clock.advance(2_000)
  await turn()
  expect([ended, clock.pending]).toEqual([1, 0])
})
