import { expect, test } from 'vitest'
import { describeHandlers } from './handlers.ts'

test.each<[string, () => unknown, string]>([
  ['an object', () => ({ fetch() {} }), ''],
  ['an instance', () => new (class { fetch() {} })(), ''],
  ['an object without fetch', () => ({ scheduled() {} }), ''],
  ['nothing', () => undefined, 'no default export'],
  ['null', () => null, 'no default export'],
  ['a number', () => 7, 'number'],
  ['a handler that is no function', () => ({ fetch: 7 }), 'not a function'],
  ['no handler', () => ({}), 'no handler'],
  ['a function', () => () => {}, 'function or class'],
  ['a getter that throws', () => ({ get fetch() { throw new Error('boom') } }), 'boom'],
])('adopts or refuses %s', (_title, make, message) => {
  const problem = describeHandlers(make())
  if (message === '') expect(problem).toBe('')
  else expect(problem).toContain(message)
})
