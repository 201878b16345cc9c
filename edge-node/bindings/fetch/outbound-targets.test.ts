import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { outboundTargetSchema } from '../../../control-plane/protocol/index.ts'
import { hostNameOf, OutboundTargets, parseAddress } from './outbound-targets.ts'

const includes = (entry: string, host: string, port = 443): boolean => {
  const targets = new OutboundTargets([entry], 'test')
  const address = parseAddress(host)
  return targets.includesHost(host, port) || (address !== undefined && targets.includesAddress(address, port))
}

describe('a target', () => {
  it.each([
    ['api.example.com', 'api.example.com'], ['API.Example.com', 'api.example.com'], ['api.example.com.', 'api.example.com'], ['bücher.example', 'xn--bcher-kva.example'],
    ['*.example.org', 'a.example.org'], ['*.example.org', 'a.b.example.org'], ['*', 'anything.test'], ['*', '8.8.8.8'], ['*:443', 'a.test'],
    ['api.example.com:443', 'api.example.com'], ['8.8.8.8', '8.8.8.8'], ['8.8.8.0/24', '8.8.8.8'], ['0x8.8.8.8', '8.8.8.8'],
    ['[2606:4700::1111]:443', '2606:4700::1111'], ['2606:4700::/32', '2606:4700::1111'], ['::ffff:8.8.8.0/120', '8.8.8.8'], ['8.8.8.8', '::ffff:8.8.8.8'],
  ])('%s includes %s', (entry, host) => expect(includes(entry, host)).toBe(true))

  it.each([
    ['api.example.com', 'example.com'], ['example.com', 'api.example.com'], ['*.example.org', 'example.org'], ['*.example.org', 'badexample.org'],
    ['example.com', 'example.com.evil.test'], ['*:80', 'a.test'], ['api.example.com:80', 'api.example.com'], ['8.8.8.0/24', '8.8.9.8'], ['8.8.8.8', '8.8.8.8.evil.test'],
    ['10.0.0.0/8', '::a00:1'], ['::/0', '8.8.8.8'],
  ])('%s does not include %s', (entry, host) => expect(includes(entry, host)).toBe(false))

  it.each(['', ' ', 'a b', 'a/b', '10.0.0.0/33', '::/129', 'host:0', 'host:70000', 'a@b', 'a?b', 'a#b', 'a\\b', '*.', '*.10.0.0.1', 'a.*.b', '999.1.1.1', '[::1', '[zz]', 'a%2eb', '*a.b'])(
    '%j is none', (entry) => expect(() => new OutboundTargets([entry], 'field')).toThrowError(expect.objectContaining({ code: 'config_invalid', field: 'field' })),
  )
})

test('what the project file may hold is a target', () => {
  const label = fc.stringMatching(/^[a-z0-9_](?:[a-z0-9_-]{0,5}[a-z0-9_])?$/)
  const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
  const port = fc.oneof(fc.constant(''), fc.integer({ min: 0, max: 99_999 }).map((number) => `:${number}`))
  const range = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 140 })).map(([address, bits]) => `${address.toLowerCase()}/${bits}`)
  const form = fc.tuple(fc.constantFrom('', '*.', '*'), fc.oneof(host, fc.ipV4(), fc.ipV6().map((address) => `[${address.toLowerCase()}]`)), port)
  const any = fc.oneof(form.map((parts) => parts.join('')), range, fc.stringMatching(/^[a-z0-9.:*[\]/-]{0,12}$/))
  fc.assert(fc.property(any, (text) => {
    fc.pre(outboundTargetSchema.safeParse(text).success)
    expect(() => new OutboundTargets([text], 'test')).not.toThrow()
  }), { numRuns: 500 })
})

test.each(['api.example.com', '*.example.org', '*', '*:8443', 'localhost:8080', '10.0.0.0/8', '203.0.113.7', '[2001:db8::1]:443', 'fd00::/8', 'xn--bcher-kva.example'])('the project file may hold %s', (text) => {
  expect(outboundTargetSchema.safeParse(text).success).toBe(true)
})

test.each(['', 'https://a.test', 'a.test/path', 'A.test', 'a.test.', 'a..b', '-a.test', '10.0.0.0/33', '*.10.0.0.1', 'a.test:0', 'a.test:70000', 'user@a.test', '999.1.1.1', '[::1', 'a*.test', '0x7f.1/8', `${'a'.repeat(300)}.test`])(
  'the project file may not hold %j', (text) => expect(outboundTargetSchema.safeParse(text).success).toBe(false),
)

test('a root dot and brackets are no part of a name', () => {
  expect([hostNameOf(new URL('http://a.test./')), hostNameOf(new URL('http://[::1]/'))]).toEqual(['a.test', '::1'])
})
