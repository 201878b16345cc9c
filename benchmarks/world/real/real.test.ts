import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type CityResponse, Reader } from 'maxmind'
import { expect, test } from 'vitest'
import { createWorld, sampleGroups } from '../world.ts'
import { DelayLine } from './delay-line.ts'
import { writeGeoDatabase } from './geo-database.ts'
import { judge, longestWaitMs, reliefSeconds } from './judge.ts'
import { TcpLink } from './tcp-link.ts'
import type { Call } from './traffic.ts'

test('a database of places is read as it was written, and knows no other network', () => {
  const reader = new Reader<CityResponse>(writeGeoDatabase([
    { network: '20.0.0.0', latitude: 1.5, longitude: -2 }, { network: '20.0.1.0', latitude: -33.25, longitude: 151 }, { network: '203.0.113.0', latitude: 0, longitude: 0 },
  ]))
  expect(reader.get('20.0.0.7')).toEqual({ location: { latitude: 1.5, longitude: -2 } })
  expect(reader.get('20.0.1.255')?.location?.latitude).toBe(-33.25)
  expect(reader.get('203.0.113.1')?.location?.latitude).toBe(0)
  expect(reader.get('20.0.2.1')).toBeNull()
})

test('a line delivers in order and no sooner than its delay, and nothing once it is closed', async () => {
  const delays = [30, 1, 10]
  const line = new DelayLine(() => delays.shift() ?? 0)
  const startedMs = performance.now()
  const arrived: { readonly what: string; readonly afterMs: number }[] = []
  await new Promise<void>((resolve) => {
    for (const what of ['a', 'b', 'c']) {
      line.send(1, () => {
        arrived.push({ what, afterMs: performance.now() - startedMs })
        if (what === 'c') resolve()
      })
    }
  })
  expect(arrived.map(({ what }) => what)).toEqual(['a', 'b', 'c'])
  expect(arrived[0]?.afterMs).toBeGreaterThan(29)
  line.send(1, () => arrived.push({ what: 'never', afterMs: 0 }))
  line.close()
  line.send(1, () => arrived.push({ what: 'never', afterMs: 0 }))
  expect(arrived).toHaveLength(3)
})

test('a link carries both ways, resets its connections and refuses new ones when its end is gone', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link = new TcpLink({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, oneWayMs: () => 5, roundTripMs: 10 })
  await link.open()
  try {
    const client = connect(link.port, '127.0.0.1')
    const startedMs = performance.now()
    client.write('hello')
    const [echo] = await once(client, 'data') as [Buffer]
    expect(echo.toString()).toBe('hello')
    // The opening costs a round trip, and the first bytes another.
    expect(performance.now() - startedMs).toBeGreaterThan(18)
    const broken = once(client, 'error')
    link.refuse()
    expect(await broken).toMatchObject([{ code: 'ECONNRESET' }])
    const refused = connect(link.port, '127.0.0.1')
    expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNREFUSED' }])
  } finally {
    link.close()
    server.close()
  }
})

const world = createWorld({ seed: 3, sites: 4, networksPerPlace: 1, demand: 100, headroom: 2 })

test('a sample of groups stands for all of them', () => {
  const drawn = sampleGroups(world, 50)
  expect(drawn.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
  expect(drawn.length).toBeGreaterThan(30)
  expect(drawn.find(({ group }) => group.place.name === 'del')).toBeDefined()
})

test('judges who was answered where, what was lost, and how long people waited', () => {
  const [group] = world.groups
  if (group === undefined) throw new RangeError('nobody is there')
  const sites = world.sites.toSorted((left, right) => world.latencyMs(group, left) - world.latencyMs(group, right))
  const call = (changes: Partial<Call>): Call => ({
    door: 'sdk', group, method: 'GET', startedMs: 1_000, endedMs: 1_050, status: 200, node: sites[0]?.name, failure: undefined, ...changes,
  })
  const calls = [
    call({}), call({ node: sites[1]?.name }), call({ status: 503, node: undefined }), call({ method: 'POST', status: 0, node: undefined, failure: 'ECONNRESET' }),
    call({ door: 'dns' }), call({ startedMs: 3_500, endedMs: 4_700 }),
  ]
  const siteOf = (name: string): typeof sites[number] | undefined => sites.find((site) => site.name === name)
  const verdict = judge(world, 'sdk', calls, siteOf, new Set())
  expect(verdict).toMatchObject({ calls: 5, bestShare: 2 / 3, lostSafe: 1, lostUnsafe: 1, failures: [['GET 503', 1], ['POST ECONNRESET', 1]] })
  const extraMs = world.latencyMs(group, sites[1] ?? sites[0] as never) - world.latencyMs(group, sites[0] as never)
  expect(verdict.meanExtraMs).toBeCloseTo(extraMs / 3)
  expect(judge(world, 'sdk', calls, siteOf, new Set(sites.slice(0, 1))).bestShare).toBe(1)
  expect(longestWaitMs(calls, 'sdk', new Set([group]), 4_000)).toBe(700)
  expect(reliefSeconds(calls, 'sdk', new Set([group]), 1_000, 6_000)).toBe(1)
  expect(reliefSeconds(calls, 'sdk', new Set([group]), 1_000, 2_000)).toBeUndefined()
})
