import { describe, expect, test } from 'vitest'
import { toClampedInteger, toDouble, toIntegerInRange, toLong, toLongLong, toUnsignedLong, toUnsignedShort } from './numbers.ts'
import { toRecord, toSequence } from './sequences.ts'

describe('numbers', () => {
  test.each([
    [toLong, 2 ** 31, -(2 ** 31)], [toLong, '0x10', 16], [toLong, Number.NaN, 0], [toLong, null, 0], [toLong, { valueOf: () => 7.9 }, 7],
    [toUnsignedLong, -1, 2 ** 32 - 1], [toUnsignedShort, 65_537, 1],
    [toLongLong, -0, 0], [toLongLong, 1.9, 1], [toLongLong, 2 ** 63, -(2 ** 63)], [toLongLong, 2 ** 64, 0], [toLongLong, Infinity, 0],
  ])('%o takes %o to %o', (convert, value, expected) => {
    expect(convert(value)).toBe(expected)
  })

  test('what is no number throws', () => {
    expect(() => toLong(Symbol('x'))).toThrow(TypeError)
    expect(() => toLong(1n)).toThrow(TypeError)
    expect(() => toDouble('x', 'it')).toThrow('it is not a finite number')
  })

  test('bounds are enforced or clamp', () => {
    expect([toIntegerInRange(5.9, 0, 10, 'it'), toIntegerInRange(-0.5, 0, 10, 'it')]).toEqual([5, 0])
    for (const value of [11, -1, Number.NaN, Infinity]) expect(() => toIntegerInRange(value, 0, 10, 'it')).toThrow(TypeError)
    expect([-3, 1.5, 2.5, 2.6, 11, Number.NaN].map((value) => toClampedInteger(value, 0, 10))).toEqual([0, 2, 2, 3, 10, 0])
  })
})

test('sequences are read by the iterator, which is looked up once', () => {
  expect(toSequence(new Set([1, 2]), 'it', String)).toEqual(['1', '2'])
  for (const value of ['ab', {}, { [Symbol.iterator]: 1 }, { [Symbol.iterator]: () => 1 }, undefined]) expect(() => toSequence(value, 'it', String)).toThrow(TypeError)
})

test('records have own enumerable properties, the last of a name', () => {
  const value = Object.defineProperty({ a: 1, A: 2, b: 3 }, 'hidden', { value: 4 })
  expect(toRecord(value, (key) => String(key).toLowerCase(), Number)).toEqual([['a', 2], ['b', 3]])
})
