import { afterEach, beforeEach, expect, test } from 'vitest'
import { domainSchema, type DomainInfo } from './protocol/index.ts'
import { ApiClient } from './testing/api-client.ts'
import { FakeClock } from './testing/fake-clock.ts'
import { changes, done, useControlPlane } from './testing/harness.ts'
import type { ScriptedNode } from './testing/scripted-node.ts'
import { TxtServer } from './testing/txt-server.ts'

const harness = useControlPlane()
const dayMs = 24 * 3_600_000
let clock: FakeClock
let dns: TxtServer
let node: ScriptedNode
let acme: ApiClient
let other: ApiClient

beforeEach(async () => {
  dns = await TxtServer.start()
  clock = new FakeClock(Date.now())
  await harness.plane.close()
  await harness.start({ clock, verifyDomains: true, resolvers: [dns.address] })
  node = await harness.startNode('fra-1')
  acme = await account('acme')
  other = await account('other')
})
afterEach(() => dns.close())

async function account(name: string): Promise<ApiClient> {
  await harness.client.json('POST', '/v1/accounts', { account: name })
  const response = await harness.client.call('POST', '/v1/tokens', { name: 'admin', scopes: ['admin'] }, { 'x-skerry-account': name })
  return new ApiClient(harness.plane.url, ((await response.json()) as { token: string }).token)
}

async function add(client: ApiClient, domain = 'example.com'): Promise<DomainInfo> {
  return domainSchema.parse(await client.json('POST', '/v1/domains', { domain }))
}

const verify = (client: ApiClient, domain = 'example.com'): Promise<unknown> => client.json('POST', `/v1/domains/${domain}/verification`)

async function hold(client: ApiClient, domain = 'example.com'): Promise<string> {
  const { record, value } = await add(client, domain)
  dns.records.set(record, ['v=spf1 -all', value])
  expect(await verify(client, domain)).toMatchObject({ verified: true })
  return value
}

/** What a deployment with these routes is refused with; undefined where it is not. */
async function refusal(client: ApiClient, name: string, ...routes: string[]): Promise<unknown> {
  const artifactHash = await client.upload('1')
  const response = await client.call('POST', '/v1/deployments', { functions: [{ name, artifactHash, config: {}, routes }] })
  const text = await response.text()
  return response.ok ? undefined : JSON.parse(text)
}

/** Lets days pass one after another, on each of which the domain that is held is looked for. */
async function pass(days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    const before = dns.queries
    clock.advance(dayMs + 3_600_000)
    await expect.poll(() => dns.queries).toBeGreaterThan(before)
  }
}

test('routes need a domain that is proven by its TXT record, with all that is below it', async () => {
  expect(await refusal(acme, 'web', 'example.com/*')).toMatchObject({ code: 'domain_not_verified', field: 'functions.0.routes.0' })
  const { record, value, verified } = await add(acme)
  expect([record, verified]).toEqual(['_skerry.example.com', false])
  expect(await add(acme)).toMatchObject({ value })
  expect(await verify(acme)).toMatchObject({ code: 'domain_not_verified' })
  dns.records.set(record, ['skerry-verification=something-else'])
  expect(await verify(acme)).toMatchObject({ code: 'domain_not_verified' })
  dns.isBroken = true
  expect(await verify(acme)).toMatchObject({ code: 'resolver_unavailable' })
  dns.isBroken = false
  dns.records.set(record, ['v=spf1 -all', value])
  expect(await verify(acme)).toMatchObject({ verified: true })
  expect(await refusal(acme, 'web', 'example.com/*', 'shop.example.com/*', 'a.b.example.com/x')).toBeUndefined()
  expect(await refusal(acme, 'web', 'example.com.evil.test/*')).toMatchObject({ code: 'domain_not_verified' })
  expect(await refusal(acme, 'web', 'notexample.com/*')).toMatchObject({ code: 'domain_not_verified' })
  // Whose it is, a refusal does not tell.
  const foreign = JSON.stringify(await refusal(other, 'web', 'shop.example.com/*'))
  expect(foreign).toContain('domain_not_verified')
  expect(foreign).not.toMatch(/acme/)
})

test('a domain has one holder: another gets neither it nor what is below it, and above it only what is left', async () => {
  await hold(acme, 'shop.example.com')
  const { record, value } = await add(other, 'shop.example.com')
  dns.records.set(record, [...(dns.records.get(record) ?? []), value])
  const taken = await verify(other, 'shop.example.com')
  expect(taken).toMatchObject({ code: 'conflict' })
  expect(JSON.stringify(taken)).not.toMatch(/acme/)
  const below = await add(other, 'a.shop.example.com')
  dns.records.set(below.record, [below.value])
  expect(await verify(other, 'a.shop.example.com')).toMatchObject({ code: 'conflict' })
  await hold(other, 'example.com')
  expect(await refusal(other, 'web', 'example.com/*', 'www.example.com/*')).toBeUndefined()
  expect(await refusal(other, 'web', 'shop.example.com/*')).toMatchObject({ code: 'domain_not_verified' })
  expect(await refusal(acme, 'web', 'shop.example.com/*', 'a.shop.example.com/*')).toBeUndefined()
  await acme.json('DELETE', '/v1/domains/shop.example.com').then((answer) => expect(answer).toMatchObject({ code: 'conflict' }))
  done(await acme.deploy('web', '2'))
  expect(await acme.json('DELETE', '/v1/domains/shop.example.com')).toEqual({})
  expect(await verify(other, 'shop.example.com')).toMatchObject({ verified: true })
})

test('who lost his proof keeps the domain for a week, then loses it with the routes on it', async () => {
  await hold(acme)
  done(await acme.deploy('web', '1', { routes: ['shop.example.com/*', 'web.acme.localhost/x'] }))
  const { record, value } = await add(other)
  dns.records.set(record, [value])
  expect(await verify(other)).toMatchObject({ code: 'conflict' })
  expect(await acme.json('GET', '/v1/domains')).toMatchObject({ domains: [{ verified: true, lostMs: clock.nowMs() + 7 * dayMs }] })
  await pass(5)
  dns.isBroken = true
  await pass(10)
  expect(await acme.json('GET', '/v1/domains')).toMatchObject({ domains: [{ verified: true }] })
  dns.isBroken = false
  await pass(1)
  await expect.poll(() => acme.json('GET', '/v1/domains')).toMatchObject({ domains: [{ verified: false }] })
  expect(changes(node).at(-1)).toMatchObject({ kind: 'activate', functions: [{ function: 'web', routes: ['web.acme.localhost/x'] }] })
  expect(await verify(other)).toMatchObject({ verified: true })
  expect(await refusal(other, 'web', 'shop.example.com/*')).toBeUndefined()
  expect(await refusal(acme, 'web', 'shop.example.com/*')).toMatchObject({ code: 'domain_not_verified' })
})

test('a proof that comes back in time changes nothing', async () => {
  const value = await hold(acme)
  dns.records.set('_skerry.example.com', [])
  await pass(1)
  await expect.poll(() => acme.json('GET', '/v1/domains')).toMatchObject({ domains: [{ missingSinceMs: expect.any(Number) as number }] })
  dns.records.set('_skerry.example.com', [value])
  await pass(1)
  await expect.poll(() => acme.json('GET', '/v1/domains')).toEqual({ domains: [expect.not.objectContaining({ missingSinceMs: expect.anything() as unknown })] })
  expect(await acme.json('GET', '/v1/domains')).toMatchObject({ domains: [{ verified: true }] })
})

test('who holds a name below a domain of his keeps its routes without that', async () => {
  await hold(acme)
  await hold(acme, 'shop.example.com')
  expect(await refusal(acme, 'web', 'a.shop.example.com/*')).toBeUndefined()
  expect(await acme.json('DELETE', '/v1/domains/shop.example.com')).toMatchObject({ code: 'conflict' })
  expect(await acme.json('DELETE', '/v1/domains/example.com')).toEqual({})
  expect(await acme.json('GET', '/v1/functions')).toMatchObject({ functions: [{ name: 'web', routes: ['a.shop.example.com/*'] }] })
})

test('a holder that is no more holds nothing, nor does who comes by his name', async () => {
  await hold(acme)
  expect((await harness.client.call('DELETE', '/v1/accounts/acme?force=true')).status).toBe(200)
  const again = await account('acme')
  expect(await refusal(again, 'web', 'example.com/*')).toMatchObject({ code: 'domain_not_verified' })
  await hold(other)
})

test('below the domain of the cluster each account has its own part, and previews are nobody\'s', async () => {
  expect(await refusal(acme, 'web', 'shop.acme.localhost/*', 'web.acme.localhost/x')).toBeUndefined()
  for (const route of ['shop.localhost/*', 'web.other.localhost/*', 'localhost/*', '01jzzzzzzzzzzzzzzzzzzzzzzz--web.acme.localhost/*']) {
    expect([route, await refusal(acme, 'web', route)]).toMatchObject([route, { code: 'route_conflict', field: 'functions.0.routes.0' }])
  }
  expect(await refusal(harness.client, 'web', 'shop.localhost/*', 'localhost/*')).toBeUndefined()
  expect(await acme.json('POST', '/v1/domains', { domain: 'acme.localhost' })).toMatchObject({ code: 'invalid_request' })
  for (const domain of ['Example.com', 'example.com.', '*.example.com', 'com', 'example.com:53', '127.0.0.1']) {
    expect([domain, await acme.json('POST', '/v1/domains', { domain })]).toMatchObject([domain, { code: 'invalid_request', field: 'domain' }])
  }
})

test('without the demand nothing is proven, and no account gets into routes of another', async () => {
  await harness.plane.close()
  await harness.start({ clock })
  acme = acme.at(harness.plane.url)
  other = other.at(harness.plane.url)
  await harness.nodes[0]?.stop()
  await harness.startNode('fra-1')
  expect(await refusal(acme, 'web', 'example.com/a/*', 'example.com/exact')).toBeUndefined()
  for (const route of ['example.com/a/*', 'example.com/a/b*', 'example.com/a/b', 'example.com/*', 'example.com/e*', 'example.com/exact']) {
    const refused = await refusal(other, 'web', route)
    expect([route, refused]).toMatchObject([route, { code: 'route_conflict' }])
    expect(JSON.stringify(refused)).not.toMatch(/acme/)
  }
  expect(await refusal(other, 'web', 'example.com/b/*', 'www.example.com/*', 'example.com/a')).toBeUndefined()
  // Within one account the longest match wins, as ever.
  expect(await refusal(acme, 'api', 'example.com/a/b/*')).toBeUndefined()
})

test('who had routes before proofs were demanded goes on with them, and gets no others', async () => {
  await harness.plane.close()
  await harness.start({ clock })
  acme = acme.at(harness.plane.url)
  await harness.nodes[0]?.stop()
  const before = await harness.startNode('fra-1')
  const first = done(await acme.deploy('web', '1', { routes: ['example.com/*'] })).functions[0]?.version
  done(await acme.deploy('web', '2', { routes: ['example.com/*'] }))
  await harness.plane.close()
  await before.stop()
  await harness.start({ clock, verifyDomains: true, resolvers: [dns.address] })
  acme = acme.at(harness.plane.url)
  await harness.startNode('fra-1')
  done(await acme.events('/v1/functions/web/releases', { shares: [{ version: first, percent: 100 }] }))
  expect(await refusal(acme, 'web', 'example.com/*')).toBeUndefined()
  expect(await refusal(acme, 'web', 'example.com/*', 'www.example.com/*')).toMatchObject({ code: 'domain_not_verified', field: 'functions.0.routes.1' })
})
