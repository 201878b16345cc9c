import { expect, test } from 'vitest'
import { randomBytes, randomUuid } from './random.ts'

test('gives as many bytes as asked for, each time others', () => {
  expect(randomBytes(65_536)).toHaveLength(65_536)
  expect(randomBytes(32)).not.toEqual(randomBytes(32))
  expect(randomBytes(16).buffer.byteLength).toBe(16)
})

test.each([-1, 65_537, 1.5, '8', undefined, Number.NaN])('gives none for %s', (count) => {
  expect(randomBytes(count)).toHaveLength(0)
})

test('gives version 4 UUIDs', () => {
  expect(randomUuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
