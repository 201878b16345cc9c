import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ShardedMap } from './sharded-map.ts'

test('is what a map is after any edits, and leaves the ones before as they were', () => {
  const edits = fc.array(fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.option(fc.nat(), { nil: undefined })), { maxLength: 8 }), { maxLength: 8 })
  fc.assert(fc.property(edits, (rounds) => {
    const states: Array<readonly [ShardedMap<number>, Map<string, number>]> = [[ShardedMap.empty(), new Map()]]
    for (const round of rounds) {
      const [map, model] = states.at(-1) ?? [ShardedMap.empty<number>(), new Map<string, number>()]
      const next = new Map(model)
      for (const [key, value] of round) {
        if (value === undefined) next.delete(key)
        else next.set(key, value)
      }
      states.push([map.edit(new Map(round)), next])
    }
    for (const [map, model] of states) {
      expect(map.size).toBe(model.size)
      expect([...map.keys()].toSorted()).toEqual([...model.keys()].toSorted())
      for (const [key, value] of model) expect(map.get(key)).toBe(value)
      expect(map.has('never')).toBe(false)
    }
  }), { numRuns: 50 })
})
