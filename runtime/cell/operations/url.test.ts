import { expect, test } from 'vitest'
import { urlOperations } from './url.ts'

const { urlParse, urlSet } = urlOperations

test('answers with the parts joined, or undefined', () => {
  expect(urlParse('http://u:p@h:81/a?b#c')?.split('\n')).toEqual(['http://u:p@h:81/a?b#c', 'http://h:81', 'http:', 'u', 'p', 'h', '81', '/a', '?b', '#c'])
  expect(urlParse('../x', 'http://h/a/b')?.split('\n')[0]).toBe('http://h/x')
  expect([urlParse('nope'), urlParse('x', 'nope'), urlParse('')]).toEqual([undefined, undefined, undefined])
})

test('sets like the setters and refuses other properties', () => {
  expect(urlSet('http://h/', 'port', '99')?.split('\n')[0]).toBe('http://h:99/')
  expect(urlSet('http://h/', 'href', 'nope')).toBeUndefined()
  expect(urlSet('nope', 'port', '1')).toBeUndefined()
  for (const property of ['origin', 'searchParams', '__proto__', 'constructor', 'toString']) expect(urlSet('http://h/', property, 'x')).toBeUndefined()
})
