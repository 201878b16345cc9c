import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { RefusalPace } from './refusal-pace.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

it('lets a connection be refused once a second, however often it asks', () => {
  const pace = new RefusalPace()
  const [hasty, patient] = [{}, {}]
  let refusals = 0
  const again = (): void => {
    refusals += 1
    pace.refuse(hasty, performance.now(), again)
  }
  pace.refuse(hasty, performance.now(), again)
  expect(refusals).toBe(1)
  vi.advanceTimersByTime(10_000)
  expect(refusals).toBe(11)

  let isRefused = false
  pace.refuse(patient, performance.now(), () => {
    isRefused = true
  })
  expect(isRefused).toBe(true)
})

it('holds no more than so many', () => {
  const pace = new RefusalPace()
  let refusals = 0
  for (let index = 0; index < 10_000; index += 1) {
    const connection = {}
    for (let times = 0; times < 2; times += 1) pace.refuse(connection, performance.now(), () => void (refusals += 1))
  }
  expect([pace.waiting, refusals]).toEqual([4_096, 20_000 - 4_096])
  vi.advanceTimersByTime(1_000)
  expect([pace.waiting, refusals]).toEqual([0, 20_000])
})
