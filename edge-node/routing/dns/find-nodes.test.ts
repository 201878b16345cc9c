import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { findRegion } from '../../../geography/index.ts'
import { NodeIndex } from '../nearest/index.ts'
import type { KnownNode } from '../nodes/index.ts'
import type { LocatedNetwork } from '../place/index.ts'
import { clientNetworkOf } from './client-network.ts'
import { createNodeFinder } from './find-nodes.ts'
import { readRecords } from './records/index.ts'

const berlin = { latitude: 52.5, longitude: 13.4 }
const records = readRecords('fra.nodes A 192.0.2.20\nfra.nodes AAAA 2001:db8::20', { domain: 'edge.example', ttlSeconds: 20, defaults: [] })

const node = (name: string, url: string, changes: Partial<KnownNode> = {}): KnownNode => {
  const region = name.slice(0, 3)
  const place = findRegion(region)
  if (place === undefined) throw new Error(`no region ${region}`)
  return { name, region, latitude: place.latitude, longitude: place.longitude, url, internalOrigin: url, draining: false, healthy: true, ...changes }
}

/** Addresses for a client in Berlin, and for how many bits they hold. */
function find(nodes: readonly KnownNode[], options: { readonly family?: 4 | 6; readonly client?: string; readonly name?: string; readonly located?: LocatedNetwork } = {}) {
  const { family = 4, client = '203.0.113.9', name = 'hello.edge.example', located = { place: berlin, prefixLength: 13 } } = options
  const index = new NodeIndex(nodes)
  const finder = createNodeFinder({ nodes: { nodes, byPlace: index, byLatency: index }, places: { locateNetwork: () => located, locate: () => located.place }, records })
  const found = finder(clientNetworkOf(client, undefined), name, family)
  return found === undefined ? undefined : { ...found, addresses: found.addresses.map((data) => ipaddr.fromByteArray([...data]).toString()) }
}
const addresses = (...given: Parameters<typeof find>) => find(...given)?.addresses

describe('addresses', () => {
  const town = ['1', '2', '3', '4', '5', '6'].map((end) => node(`fra-${end}`, `http://192.0.2.${end}:8080`))
  const far = node('iad-1', 'http://198.51.100.1:8080')

  test('are of the nearest region’s nodes, at most four, in an order that stays', () => {
    const first = addresses([...town, far])
    expect(first).toHaveLength(4)
    expect(first?.every((address) => address.startsWith('192.0.2.'))).toBe(true)
    expect(addresses([far, ...town.toReversed()])).toEqual(first)
    // Each function prefers another node, for all clients alike.
    expect(addresses([...town, far], { client: '198.18.0.1' })).toEqual(first)
    expect(new Set(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => addresses([...town, far], { name: `${name}.edge.example` })?.[0])).size).toBeGreaterThan(2)
  })

  test('leave out nodes that drain or fail, and are those of all where none is left', () => {
    const down = (nodes: readonly KnownNode[]) => nodes.map((each) => ({ ...each, healthy: false }))
    expect(addresses([...down(town), far])).toEqual(['198.51.100.1'])
    expect(addresses([...town.map((each) => ({ ...each, draining: true })), far])).toEqual(['198.51.100.1'])
    expect(addresses(down([...town, far]))).toEqual(addresses([...town, far]))
    // A node that drains still answers; one that fails may not.
    expect(addresses([...down(town), { ...far, draining: true }])).toEqual(['198.51.100.1'])
    expect(addresses([])).toBeUndefined()
  })

  test('leave out a node that is more pressed than the first, so that resolvers which shuffle do not send it half of the clients', () => {
    const pressed = town.map((each, index) => ({ ...each, pressureMs: index === 0 ? 0 : 30 }))
    expect(addresses([...pressed, far])).toEqual(['192.0.2.1'])
  })

  test('move one network after another to the next region as pressure grows, and one network not to and fro', () => {
    const [fra, ams] = [node('fra-1', 'http://192.0.2.1'), node('ams-1', 'http://192.0.2.2')]
    const moved = (pressureMs: number) => Array.from({ length: 200 }, (_, index) => `10.${index}.0.1`).filter((client) => addresses([{ ...fra, pressureMs }, ams], { client })?.[0] === '192.0.2.2')
    const counts = [0, 4, 8, 16, 32].map((pressureMs) => new Set(moved(pressureMs)))
    for (const [index, clients] of counts.entries()) expect(clients.isSupersetOf(counts[index - 1] ?? new Set())).toBe(true)
    expect(counts[0]?.size).toBe(0)
    expect(counts[4]?.size).toBeGreaterThan(100)
  })

  test('of IPv4 come from further away where the nearest has none, of IPv6 they do not', () => {
    const [six, four] = [node('fra-1', 'http://[2001:db8::1]:8080'), node('iad-1', 'http://198.51.100.1:8080')]
    expect([addresses([six, four]), addresses([six, four], { family: 6 })]).toEqual([['198.51.100.1'], ['2001:db8::1']])
    expect(addresses([node('fra-1', 'http://192.0.2.1'), node('iad-1', 'http://[2001:db8::1]')], { family: 6 })).toEqual([])
    const many = Array.from({ length: 30 }, (_, index) => node('fra-1', `http://[2001:db8::${index}]`, { name: `fra-${index}` }))
    expect(addresses([...many, four])).toEqual(['198.51.100.1'])
  })

  test('of a node that is named in the zone are those of its records, of both families', () => {
    const named = node('fra-1', 'https://fra.nodes.edge.example')
    expect([addresses([named]), addresses([named], { family: 6 })]).toEqual([['192.0.2.20'], ['2001:db8::20']])
    expect(addresses([node('fra-1', 'https://elsewhere.example')])).toBeUndefined()
    expect(addresses([node('fra-1', 'https://elsewhere.example'), far])).toEqual(['198.51.100.1'])
  })
})

test('answers are remembered as long as the list of nodes stands, and no more than so many', () => {
  const table = { nodes: [node('fra-1', 'http://192.0.2.1')] as readonly KnownNode[], byPlace: new NodeIndex<KnownNode>([]), byLatency: new NodeIndex<KnownNode>([]) }
  const take = (nodes: readonly KnownNode[]) => Object.assign(table, { nodes, byPlace: new NodeIndex(nodes) })
  const located = { place: berlin, prefixLength: 13 }
  const finder = createNodeFinder({ nodes: table, places: { locateNetwork: () => located, locate: () => berlin }, records })
  const ask = (name: string, family: 4 | 6 = 4) => finder(clientNetworkOf('203.0.113.9', undefined), name, family)
  expect(ask('a.edge.example')).toBeUndefined()
  take([node('fra-1', 'http://192.0.2.1')])
  const first = ask('a.edge.example')
  expect(first?.addresses).toEqual([Buffer.of(192, 0, 2, 1)])
  expect(ask('a.edge.example')).toBe(first)
  expect(ask('a.edge.example', 6)?.addresses).toEqual([])
  take([node('fra-1', 'http://192.0.2.9')])
  expect(ask('a.edge.example')?.addresses).toEqual([Buffer.of(192, 0, 2, 9)])
  const second = ask('a.edge.example')
  for (let index = 0; index < 10_000; index += 1) ask(`f${index}.edge.example`)
  expect(ask('a.edge.example')).not.toBe(second)
  expect(ask('a.edge.example')).toEqual(second)
})

describe('for how many bits they hold', () => {
  const nodes = [node('fra-1', 'http://192.0.2.1'), node('iad-1', 'http://192.0.2.2')]
  const located = (prefixLength: number) => ({ located: { place: berlin, prefixLength } })

  test('all of what the database takes for one network, but no less than a customer’s', () => {
    expect(find(nodes, located(13))?.scopePrefixLength).toBe(13)
    expect(find(nodes, located(29))?.scopePrefixLength).toBe(24)
    expect(find(nodes, { client: '2001:db8::1', ...located(20) })?.scopePrefixLength).toBe(20)
    expect(find(nodes, { client: '2001:db8::1', ...located(128) })?.scopePrefixLength).toBe(56)
  })

  test('one customer’s network while a node is pressed, for then each is answered for itself', () => {
    const pressed = nodes.map((each) => ({ ...each, pressureMs: 5 }))
    expect(find(pressed, located(13))?.scopePrefixLength).toBe(24)
    expect(find(pressed, { client: '2001:db8::1', ...located(20) })?.scopePrefixLength).toBe(56)
  })
})
