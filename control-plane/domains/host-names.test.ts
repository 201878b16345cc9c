import { expect, it } from 'vitest'
import { domainNameSchema, routeSchema } from '../protocol/index.ts'
import { kindOfHost, overlap, withParents } from './host-names.ts'

it.each([
  ['a.com/*', 'a.com/*', true], ['a.com/*', 'a.com/x', true], ['a.com/*', 'a.com/', true], ['a.com/v1/*', 'a.com/*', true], ['a.com/a*', 'a.com/a/b*', true],
  ['a.com/a*', 'a.com/ab', true], ['a.com/x', 'a.com/x', true],
  ['a.com/x', 'a.com/y', false], ['a.com/x*', 'a.com/y*', false], ['a.com/v1/*', 'a.com/v1', false], ['a.com/', 'a.com/x', false], ['a.com/x', 'a.com/x/', false],
  ['a.com/*', 'b.a.com/*', false], ['a.com/*', 'a.com.evil/*', false], ['a.co/*', 'a.com/*', false],
])('%s and %s answer the same requests: %s', (one, other, expected) => {
  expect([overlap(one, other), overlap(other, one)]).toEqual([expected, expected])
})

it('knows whose a host below DOMAIN is', () => {
  const version = '01jzzzzzzzzzzzzzzzzzzzzzzz'
  expect(kindOfHost('a.com', 'edge.example')).toEqual({ kind: 'outside' })
  expect(kindOfHost('evil-edge.example', 'edge.example')).toEqual({ kind: 'outside' })
  expect(kindOfHost('example', 'edge.example')).toEqual({ kind: 'outside' })
  for (const host of ['edge.example', 'hello.edge.example']) expect(kindOfHost(host, 'edge.example')).toEqual({ kind: 'below', account: 'default' })
  for (const host of ['hello.acme.edge.example', 'x.y.acme.edge.example']) expect(kindOfHost(host, 'edge.example')).toEqual({ kind: 'below', account: 'acme' })
  for (const host of [`${version}--hello.edge.example`, `${version}--hello.acme.edge.example`]) expect(kindOfHost(host, 'edge.example')).toEqual({ kind: 'preview' })
})

it('goes up to two labels', () => {
  expect(withParents('a.b.example.com')).toEqual(['a.b.example.com', 'b.example.com', 'example.com'])
  expect(withParents('localhost')).toEqual([])
})

it.each(['Example.com/*', 'example.com./*', 'example.com:8080/*', '*.example.com/*', 'exämple.com/*', 'example.com', 'https://example.com/*', 'a..com/*', '-a.com/*', 'a_b.com/*'])(
  'routes have one way to write a host: not %s',
  (route) => {
    expect(routeSchema.safeParse(route).success).toBe(false)
  },
)

it.each(['Example.com', 'example.com.', 'example.com:53', '*.example.com', 'exämple.com', 'localhost', '127.0.0.1', 'a..com', '-a.com', `${'a'.repeat(64)}.com`, ''])(
  'domains have one way to be written: not %s',
  (domain) => {
    expect(domainNameSchema.safeParse(domain).success).toBe(false)
  },
)

it('takes other scripts as DNS has them', () => {
  expect(domainNameSchema.safeParse('xn--exmple-cua.com').success).toBe(true)
  expect(routeSchema.safeParse('xn--exmple-cua.com/*').success).toBe(true)
})
