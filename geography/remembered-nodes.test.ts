import { expect, test } from 'vitest'
import { RememberedNodes } from './remembered-nodes.ts'

const fra = { name: 'fra-1', url: 'http://a' }
const iad = { name: 'iad-1', url: 'http://b' }

test('a node that the list does not name is remembered for a minute, as it was named last', () => {
  const remembered = new RememberedNodes<typeof fra>()
  expect(remembered.merge([fra, iad], 0)).toEqual([fra, iad])
  const moved = { ...iad, url: 'http://c' }
  expect(remembered.merge([moved], 30_000)).toEqual([moved, fra])
  expect(remembered.merge([], 59_999)).toEqual([fra, moved])
  expect(remembered.merge([], 60_000)).toEqual([moved])
  expect(remembered.merge([], 90_000)).toEqual([])
})

test('a node that is named again is not remembered besides', () => {
  const remembered = new RememberedNodes<typeof fra>()
  remembered.merge([fra], 0)
  remembered.merge([], 1)
  expect(remembered.merge([fra], 2)).toEqual([fra])
  expect(remembered.merge([], 60_001)).toEqual([fra])
})
