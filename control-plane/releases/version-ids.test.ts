import { expect, it } from 'vitest'
import { versionIdSchema } from '../protocol/index.ts'
import { VersionIds } from './version-ids.ts'

it('makes sorted ids that are never the same, also where time stands still or goes back', () => {
  const ids = new VersionIds()
  const made = [1_700_000_000_000, 1_700_000_000_000, 1_699_999_999_000, 1_700_000_000_001, 0].flatMap((timeMs) => [...ids.next(timeMs, 100)])
  expect(new Set(made).size).toBe(500)
  expect(made.toSorted()).toEqual(made)
  for (const id of made) expect(versionIdSchema.parse(id)).toBe(id)
})
