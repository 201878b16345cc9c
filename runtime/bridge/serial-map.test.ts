import { expect, test } from 'vitest'
import { SerialMap } from './index.ts'

test('it finds what was put in, and no longer what was taken out', () => {
  const map = new SerialMap<string>()
  expect([map.get(2), map.has(2), map.delete(2), map.size]).toEqual([undefined, false, false, 0])
  map.set(2, 'two')
  map.set(4, 'four')
  map.set(2, 'another two')
  expect([map.get(2), map.get(4), map.get(18), map.size]).toEqual(['another two', 'four', undefined, 2])
  expect([map.delete(2), map.has(2), map.delete(2), map.size]).toEqual([true, false, false, 1])
})

test('numbers that are no keys are not there', () => {
  const map = new SerialMap<number>()
  for (let key = 1; key < 40; key += 1) map.set(key, key)
  map.delete(16)
  for (const key of [0, -1, 16, 1.5, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY]) expect([map.get(key), map.has(key), map.delete(key)]).toEqual([undefined, false, false])
  expect(map.size).toBe(38)
})

test('one that stays is found however many come after it, and comes first', () => {
  const map = new SerialMap<number>()
  map.set(6, -1)
  for (let key = 8; key < 20_000; key += 2) {
    map.set(key, key)
    map.delete(key)
  }
  expect([map.get(6), map.has(6), map.size]).toEqual([-1, true, 1])
  map.set(20_000, 20_000)
  map.set(6, -2)
  expect(map.entries()).toEqual([[6, -2], [20_000, 20_000]])
  expect([map.delete(6), map.get(6), map.size]).toEqual([true, undefined, 1])
})

test.each([1, 2])('it does as a Map does, with keys that grow by %i', (step) => {
  const map = new SerialMap<number>()
  const expected = new Map<number, number>()
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  for (let key = step; key < 30_000 * step; key += step) {
    map.set(key, key * 3)
    expected.set(key, key * 3)
    // Up to 5,000 are there at a time, the most of them young.
    for (let times = expected.size > 5_000 ? 2 : random(3); times > 0; times -= 1) {
      const gone = key - step * random(random(2) === 0 ? 50 : 20_000)
      expect(map.delete(gone)).toBe(expected.delete(gone))
    }
    const asked = key - step * random(30_000)
    expect([map.get(asked), map.has(asked), map.size]).toEqual([expected.get(asked), expected.has(asked), expected.size])
  }
  expect(map.entries()).toEqual([...expected])
  expect(map.values()).toEqual([...expected.values()])
})
