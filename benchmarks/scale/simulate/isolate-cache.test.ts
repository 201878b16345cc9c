import { expect, it } from 'vitest'
import { IsolateCache } from './isolate-cache.ts'

it('is warm for what was there, and cold for what was not', () => {
  const cache = new IsolateCache(10, { capacity: 2, idleSeconds: 100 })
  expect([cache.request(1, 0), cache.request(1, 1), cache.request(2, 2)]).toEqual([false, true, false])
})

it('gives up the one used longest ago where it is full', () => {
  const cache = new IsolateCache(10, { capacity: 2, idleSeconds: 100 })
  for (const [second, id] of [1, 2, 1, 3].entries()) cache.request(id, second)
  expect(cache.size).toBe(2)
  expect(cache.request(1, 5)).toBe(true)
  expect(cache.request(2, 6)).toBe(false)
})

it('gives up what idled too long, though there is room', () => {
  const cache = new IsolateCache(10, { capacity: 10, idleSeconds: 5 })
  cache.request(1, 0)
  cache.request(2, 4)
  cache.request(3, 6)
  expect(cache.size).toBe(2)
  expect(cache.request(2, 8)).toBe(true)
  expect(cache.request(1, 8)).toBe(false)
})
