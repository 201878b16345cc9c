import { expect, test } from 'vitest'
import { FakeClock } from '../testing/fake-clock.ts'
import { KeyedLocks } from './locks.ts'

test('one holder at a time for each key, in order', async () => {
  const locks = new KeyedLocks(new FakeClock())
  const order: string[] = []
  const release = await locks.acquire(['b', 'a'], 100)
  const second = locks.acquire(['a'], 100).then((done) => (order.push('second'), done))
  const other = await locks.acquire(['c'], 100)
  order.push('other')
  other()
  release()
  const releaseSecond = await second
  expect(order).toEqual(['other', 'second'])
  releaseSecond()
})

test('gives up after the time-out and leaves the line', async () => {
  const clock = new FakeClock()
  const locks = new KeyedLocks(clock)
  const release = await locks.acquire(['a'], 100)
  const late = locks.acquire(['a'], 100)
  clock.advance(100)
  await expect(late).rejects.toMatchObject({ code: 'conflict' })
  release()
  const again = await locks.acquire(['a'], 100)
  again()
  expect(clock.pending).toBe(0)
})

test('keeps the line short', async () => {
  const locks = new KeyedLocks(new FakeClock())
  await locks.acquire(['a'], 100)
  const waiting = Array.from({ length: 33 }, () => locks.acquire(['a'], 100))
  await expect(waiting.at(-1)).rejects.toMatchObject({ code: 'conflict' })
})
