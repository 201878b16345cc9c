import { expect, test } from 'vitest'
import { KnownRegions } from './known-regions.ts'

test('knows for a minute what was told, and no longer though it is told again', () => {
  let nowMs = 0
  const known = new KnownRegions(() => nowMs)
  known.learn('a.test', 'fra, iad')
  expect([known.of('a.test'), known.of('b.test')]).toEqual([['fra', 'iad'], undefined])
  nowMs = 40_000
  known.learn('a.test', 'fra, iad')
  expect(known.of('a.test')).toEqual(['fra', 'iad'])
  nowMs = 70_000
  expect(known.of('a.test')).toBeUndefined()
})

test('goes by what is told last, and forgets where nothing is told', () => {
  const known = new KnownRegions()
  known.learn('a.test', 'fra')
  known.learn('a.test', 'iad')
  expect(known.of('a.test')).toEqual(['iad'])
  known.learn('a.test', undefined)
  expect(known.of('a.test')).toBeUndefined()
})

test('learns nothing of what is no list of regions', () => {
  const known = new KnownRegions()
  for (const told of ['', '*', 'fra,iad', 'fra, ', 'frankfurt', 'FRA', 'fra, fra1']) known.learn('a.test', told)
  expect(known.of('a.test')).toBeUndefined()
})
