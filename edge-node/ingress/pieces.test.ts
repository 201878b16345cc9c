import { describe, expect, it } from 'vitest'
import { functionState, versionId } from '../../test/helpers/function-states.ts'
import { readAffinityCookie } from './affinity.ts'
import { clientAddress, createTrustedProxies } from './client-address.ts'
import { createTraceparentGenerator, createUlidGenerator, isTraceparent, isUlid } from './identifiers.ts'
import { isCookieAtOrAbove } from './response-head.ts'
import { RouteTable } from './route-table.ts'

describe('identifiers', () => {
  it('makes ULIDs that grow, within a millisecond and when the clock goes back', () => {
    let ms = 1_000
    const next = createUlidGenerator(() => ms)
    const ids = Array.from({ length: 1_000 }, (_, index) => {
      if (index === 500) ms = 900
      if (index === 700) ms = 2_000
      return next()
    })
    expect(ids.every(isUlid)).toBe(true)
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(ids).size).toBe(1_000)
  })

  it('makes valid trace contexts', () => {
    const next = createTraceparentGenerator()
    const all = Array.from({ length: 300 }, next)
    expect(all.every(isTraceparent)).toBe(true)
    expect(new Set(all).size).toBe(300)
    expect(isTraceparent(`00-${'0'.repeat(32)}-${'1'.repeat(16)}-00`)).toBe(false)
  })
})

describe('clientAddress', () => {
  const isTrusted = createTrustedProxies(['10.0.0.0/8', '::1', '192.0.2.7'])
  it.each([
    ['8.8.8.8', '1.1.1.1', '8.8.8.8'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['10.0.0.1', '1.1.1.1, 10.2.2.2', '1.1.1.1'],
    ['::1', '1.1.1.1, 192.0.2.7', '1.1.1.1'],
    ['10.0.0.1', '1.1.1.1, nonsense', '10.0.0.1'],
    ['10.0.0.1', '::ffff:9.9.9.9', '9.9.9.9'],
    ['10.0.0.1', '1.1.1.1:50123, 10.2.2.2:443', '1.1.1.1'],
    ['10.0.0.1', '6.6.6.6, [2001:db8::7]:50123', '2001:db8::7'],
    ['10.0.0.1', '[2001:db8::7]', '2001:db8::7'],
    ['10.0.0.1', '1.1.1.1:nonsense', '10.0.0.1'],
    ['10.0.0.1', '[1.1.1.1', '10.0.0.1'],
  ])('of peer %s with %s is %s', (peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, isTrusted)).toBe(expected)
  })
  it('refuses what is no address', () => expect(() => createTrustedProxies(['ten'])).toThrowError(/neither an address/))
})

it.each([
  ['a=1', false], ['a=1; Domain=localhost', true], ['a=1; Domain=hello.localhost', false], ['a=1;domain = .edge.example.com', true],
  ['a=1; Domain=example.com.', true], ['a=1; Domain=com', true], ['a=1; Domain=other.com', false], ['a=1; Domain=a.edge.example.com; Domain=example.com', true],
])('cookie %s goes to others: %s', (cookie, expected) => {
  expect(isCookieAtOrAbove(cookie, cookie.includes('localhost') ? 'localhost' : 'edge.example.com')).toBe(expected)
})

it('reads the affinity of a cookie header', () => {
  expect(readAffinityCookie('a=1; skerry-affinity=KEY; b=2')).toBe('KEY')
  expect(readAffinityCookie('xskerry-affinity=KEY')).toBeUndefined()
  expect(readAffinityCookie(`skerry-affinity=${'x'.repeat(200)}`)).toBeUndefined()
})

describe('RouteTable', () => {
  const readArtifact = (): Uint8Array => new Uint8Array()
  const make = (functions: readonly ReturnType<typeof functionState>[], previous?: RouteTable): RouteTable =>
    new RouteTable({ functions, domain: 'edge.test', region: 'fra', readArtifact, ...(previous === undefined ? {} : { previous }) })
  const nameAt = (table: RouteTable, host: string, path = '/'): string | undefined => table.find(host, path)?.first.runnable.functionName

  it('knows default, account and version hosts', () => {
    const table = make([functionState('hello'), functionState('hello', { account: 'acme' })])
    expect(table.find('hello.edge.test', '/')?.first.runnable.account).toBe('default')
    expect(table.find('hello.acme.edge.test', '/')?.first.runnable.account).toBe('acme')
    expect(nameAt(table, `${versionId(1).toLowerCase()}--hello.edge.test`)).toBe('hello')
    expect(nameAt(table, 'edge.test')).toBeUndefined()
    expect(nameAt(table, 'x.hello.edge.test')).toBeUndefined()
  })

  it('lets the longest route win', () => {
    const table = make([
      functionState('root', { routes: ['api.example.com/*'] }), functionState('v1', { routes: ['api.example.com/v1/*'] }),
      functionState('exact', { routes: ['api.example.com/v1/users'] }),
    ])
    expect(nameAt(table, 'api.example.com', '/')).toBe('root')
    expect(nameAt(table, 'api.example.com', '/v1/x')).toBe('v1')
    expect(nameAt(table, 'api.example.com', '/v1')).toBe('root')
    expect(nameAt(table, 'api.example.com', '/v1/users')).toBe('exact')
    expect(nameAt(table, 'api.example.com', '/v1/users/1')).toBe('v1')
    expect(nameAt(table, 'api.example.com', '/x/../v1/y')).toBe('v1')
    expect(nameAt(table, 'api.example.com', '/v1/%2e%2e/y')).toBe('root')
  })

  it('does not let an account take over another account\'s host', () => {
    const table = make([functionState('hello'), functionState('thief', { account: 'evil', routes: ['hello.edge.test/login'] })])
    expect(nameAt(table, 'hello.edge.test', '/login')).toBe('hello')
  })

  it('keeps objects of what did not change, and nothing of what has no share', () => {
    const same = functionState('same')
    const first = make([same])
    const second = make([same, functionState('idle', { percents: [] })], first)
    expect(second.find('same.edge.test', '/')).toBe(first.find('same.edge.test', '/'))
    expect(nameAt(second, 'idle.edge.test')).toBeUndefined()
    expect(nameAt(second, `${versionId(1).toLowerCase()}--idle.edge.test`)).toBe('idle')
  })
})
