import { describe, expect, it, test } from 'vitest'
import type { RunnableVersion } from '../../../runtime/supervisor/index.ts'
import { OutboundPolicies, type OutboundPolicy } from './outbound-policy.ts'
import type { OperatorRules } from './outbound-rules.ts'
import { createOwnAddresses } from './own-addresses.ts'
import { parseAddress } from './outbound-targets.ts'

const limits = { memoryMb: 128, cpuMs: 50, wallMs: 1_000, idleMs: 1_000, subrequests: 50, requestBodyMb: 1 }

function policy(rules: Partial<OperatorRules>, own: Partial<NonNullable<RunnableVersion['outbound']>> = {}, account = 'acme', functionName = 'shop'): OutboundPolicy {
  return new OutboundPolicies({ allowOutbound: [], ...rules }).of({
    key: 'k', account, functionName, version: 'V', artifactHash: '', readScript: () => new Uint8Array(), environment: {}, limits,
    isolation: 'function', maxConcurrency: 1, outbound: { allow: [], deny: [], ...own },
  })
}

/** Whether a host that resolves to the address may be connected to. */
function passes(of: OutboundPolicy, url: string, address: string): boolean {
  try {
    of.requireHost(new URL(url))
  } catch {
    return false
  }
  const { hostname, protocol, port } = new URL(url)
  return of.refusalOf(hostname.replace(/\.$/, ''), Number(port) || (protocol === 'https:' ? 443 : 80), address) === undefined
}

const publicAddress = '93.184.216.34'

describe('what a function says of itself', () => {
  it('narrows, and opens nothing', () => {
    const own = policy({}, { allow: ['api.example.com', '*.example.org', '93.184.216.0/24', 'internal.test', '10.0.0.0/8'] })
    expect(passes(own, 'https://api.example.com/', publicAddress)).toBe(true)
    expect(passes(own, 'https://api.example.com./', publicAddress)).toBe(true)
    expect(passes(own, 'https://x.example.org/', '8.8.8.8')).toBe(true)
    expect(passes(own, 'https://other.test/', publicAddress)).toBe(true)
    expect(passes(own, 'https://other.test/', '8.8.8.8')).toBe(false)
    expect(passes(own, 'https://internal.test/', '10.0.0.1')).toBe(false)
    expect(passes(own, 'https://10.0.0.1/', '10.0.0.1')).toBe(false)
  })

  it('denies above everything that allows', () => {
    const own = policy({ allowOutbound: ['10.0.0.0/8', 'evil.test'] }, { allow: ['evil.test', 'good.test'], deny: ['evil.test', '10.1.0.0/16'] })
    expect(passes(own, 'https://evil.test/', publicAddress)).toBe(false)
    expect(passes(own, 'https://evil.test./', publicAddress)).toBe(false)
    expect(passes(own, 'https://EVIL.test/', publicAddress)).toBe(false)
    expect(passes(own, 'https://good.test/', '10.2.0.1')).toBe(true)
    expect(passes(own, 'https://good.test/', '10.1.0.1')).toBe(false)
  })

  it('may be that it calls nobody', () => {
    const silent = policy({}, { deny: ['*'] })
    expect(passes(silent, 'https://a.test/', publicAddress)).toBe(false)
    expect(() => silent.requireFunctionHost(new URL('http://hello.localhost/'))).toThrow()
  })
})

describe('what an operator says', () => {
  it('is for an account or a function of it', () => {
    const rules = { allowOutbound: ['acme=10.1.0.0/16', 'acme/shop=10.2.0.0/16', '10.3.0.0/16'] }
    const reaches = (account: string, name: string): string[] =>
      ['10.1.0.1', '10.2.0.1', '10.3.0.1', '10.4.0.1'].filter((address) => passes(policy(rules, {}, account, name), 'http://x.test/', address))
    expect(reaches('acme', 'shop')).toEqual(['10.1.0.1', '10.2.0.1', '10.3.0.1'])
    expect(reaches('acme', 'blog')).toEqual(['10.1.0.1', '10.3.0.1'])
    expect(reaches('other', 'shop')).toEqual(['10.3.0.1'])
  })

  it('denies and narrows likewise', () => {
    const rules = { denyOutbound: ['bad.test', 'acme=93.184.216.0/24'], onlyOutbound: ['other=good.test'] }
    expect(passes(policy(rules), 'http://bad.test/', '8.8.8.8')).toBe(false)
    expect(passes(policy(rules), 'http://x.test/', publicAddress)).toBe(false)
    expect(passes(policy(rules), 'http://x.test/', '8.8.8.8')).toBe(true)
    expect(passes(policy(rules, {}, 'other'), 'http://x.test/', '8.8.8.8')).toBe(false)
    expect(passes(policy(rules, {}, 'other'), 'http://good.test/', '8.8.8.8')).toBe(true)
  })

  it('and what a function says both hold', () => {
    const both = policy({ onlyOutbound: ['a.test', 'b.test'] }, { allow: ['b.test', 'c.test'] })
    expect(['a.test', 'b.test', 'c.test'].filter((host) => passes(both, `http://${host}/`, '8.8.8.8'))).toEqual(['b.test'])
  })

  it.each([{ allowOutbound: ['a b'] }, { denyOutbound: ['acme=a b'] }, { onlyOutbound: ['Acme=a.test'] }, { denyOutbound: ['a/b/c=a.test'] }, { denyOutbound: ['=a.test'] }, { allowOutbound: ['acme=' ] }])(
    'is refused where it makes no sense: %j', (rules) => expect(() => policy(rules)).toThrowError(expect.objectContaining({ code: 'config_invalid' })),
  )
})

describe('for functions of this node', () => {
  it('names alone decide', () => {
    const own = policy({}, { allow: ['hello.localhost', '127.0.0.0/8'] })
    expect(() => own.requireFunctionHost(new URL('http://hello.localhost/'))).not.toThrow()
    expect(() => own.requireFunctionHost(new URL('http://hello.localhost./'))).not.toThrow()
    expect(() => own.requireFunctionHost(new URL('http://127.0.0.1/'))).not.toThrow()
    expect(() => own.requireFunctionHost(new URL('http://secret.localhost/'))).toThrowError(expect.objectContaining({ code: 'address_blocked' }))
  })
})

test('a refusal names the rule and the host, and no address', () => {
  const of = policy({ allowOutbound: ['10.0.0.0/8'], denyOutbound: ['10.1.0.0/16'], onlyOutbound: ['*.test'] }, { deny: ['d.test'], allow: ['*.test', '127.0.0.1'] })
  const why = (host: string, address: string): string => of.refusalOf(host, 80, address)?.message ?? 'passes'
  expect(why('a.test', '10.1.2.3')).toBe('The operator does not let this function call a.test.')
  expect(why('d.test', '10.2.2.3')).toContain('outbound.deny')
  expect(why('a.example', '10.2.2.3')).toContain('The operator lets this function call certain hosts only')
  expect(why('a.test', '192.168.1.2')).toContain('not public')
  expect(policy({}, { allow: ['a.test'] }).refusalOf('b.test', 80, '8.8.8.8')?.message).toContain('outbound.allow')
  expect(why('a.test', '10.2.2.3')).toBe('passes')
})

test('connections are kept apart by function and rules', () => {
  const keys = [policy({}), policy({}, {}, 'acme', 'blog'), policy({}, {}, 'other'), policy({}, { deny: ['a.test'] }), policy({}, { allow: ['a.test'] })].map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
})

test('addresses of this machine are not public, and are asked for anew', () => {
  let listed = ['127.0.0.1', '93.184.216.34', '2606:4700::1111', 'fe80::1%eth0']
  let nowMs = 0
  const isOwn = createOwnAddresses(() => listed, () => nowMs)
  const own = (text: string): boolean => {
    const address = parseAddress(text)
    return address !== undefined && isOwn(address)
  }
  expect(['93.184.216.34', '::ffff:93.184.216.34', '2606:4700:0::1111', '8.8.8.8'].map(own)).toEqual([true, true, true, false])
  const policies = new OutboundPolicies({ allowOutbound: ['93.184.216.34:80'] }, isOwn).of({
    key: 'k', account: 'a', functionName: 'f', version: 'V', artifactHash: '', readScript: () => new Uint8Array(), environment: {}, limits, isolation: 'function', maxConcurrency: 1,
  })
  expect([policies.refusalOf('x.test', 80, '93.184.216.34'), policies.refusalOf('x.test', 7_400, '93.184.216.34')?.code]).toEqual([undefined, 'address_blocked'])
  listed = []
  expect(own('93.184.216.34')).toBe(true)
  nowMs = 10_000
  expect(own('93.184.216.34')).toBe(false)
})
