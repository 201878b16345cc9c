import { expect, test } from 'vitest'
import { RememberedNodes } from './remembered-nodes.ts'

const fra = { name: 'fra-1', url: 'http://a' }
const iad = { name: 'iad-1', url: 'http://b' }

test('a node that lists do not name for a minute is forgotten, and until then known as it was named last', () => {
  const remembered = new RememberedNodes<typeof fra>()
  expect(remembered.merge([fra, iad], 0)).toEqual([fra, iad])
  const moved = { ...iad, url: 'http://c' }
  for (let nowMs = 5_000; nowMs < 60_000; nowMs += 5_000) expect(remembered.merge([moved], nowMs)).toEqual([moved, fra])
  expect(remembered.merge([moved], 60_000)).toEqual([moved])
})

test('a node that is named again is not remembered besides, and its minute begins anew', () => {
  const remembered = new RememberedNodes<typeof fra>()
  remembered.merge([fra, iad], 0)
  for (let nowMs = 5_000; nowMs < 60_000; nowMs += 5_000) remembered.merge([iad], nowMs)
  expect(remembered.merge([fra, iad], 59_000)).toEqual([fra, iad])
  expect(remembered.merge([iad], 64_000)).toEqual([iad, fra])
})

test('a control plane that was away for long, and comes back again and again knowing nobody or few, makes nobody forgotten', () => {
  const remembered = new RememberedNodes<typeof fra>()
  remembered.merge([fra, iad], 0)
  expect(remembered.merge([], 300_000)).toEqual([fra, iad])
  expect(remembered.merge([], 301_000)).toEqual([fra, iad])
  expect(remembered.merge([iad], 900_000)).toEqual([iad, fra])
})
