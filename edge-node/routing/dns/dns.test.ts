import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode, encode } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type ScriptedCluster, startScriptedCluster } from '../testing/scripted-cluster.ts'
import { type DnsServer, type DnsServerOptions, startDnsServer } from './index.ts'
import { serveUdp } from './serve-udp.ts'
import { DnsClient, dataOf, query, rcodeOf, scopeOf, subnet } from './testing/dns-client.ts'

let cluster: ScriptedCluster
let directory: string
let recordsFile: string
let server: DnsServer
let client: DnsClient

const start = (changes: Partial<DnsServerOptions> = {}): Promise<DnsServer> =>
  startDnsServer({
    hosts: ['127.0.0.1'], port: 0, controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, domain: 'edge.example',
    place: { latitude: 52.5, longitude: 13.4 }, timing: { checkIntervalMs: 20, refreshMs: 20, recordsMs: 20 }, ...changes,
  })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skerry-dns-'))
  recordsFile = join(directory, 'records.zone')
  await writeFile(recordsFile, '_acme-challenge.hello TXT first')
  cluster = await startScriptedCluster(['fra', 'iad', 'sin'])
  const addresses = { fra: '127.0.0.11', iad: '127.0.0.12', sin: '127.0.0.13' }
  for (const [region, address] of Object.entries(addresses)) cluster.node(region).info.url = `http://${address}:8080`
  server = await start({ hosts: ['127.0.0.1', '::1', '127.0.0.2'], adminPort: 0, recordsFile, nameServers: undefined })
  client = new DnsClient(server.address)
})

afterAll(async () => {
  await server.close()
  await cluster.close()
  await rm(directory, { recursive: true })
})

test.each([
  ['own place', {}, '127.0.0.11'], ['an American subnet', subnet('8.8.8.0', 24), '127.0.0.12'],
  ['a German subnet', subnet('95.91.200.0', 24), '127.0.0.11'], ['an American IPv6 subnet', subnet('2001:4860::', 32), '127.0.0.12'],
  ['a subnet not told', subnet('8.8.8.0', 0), '127.0.0.11'],
])('the nearest region answers for %s', async (_name, more, address) => {
  const reply = await client.ask('hello.edge.example', 'A', more)
  expect(reply).toMatchObject({ id: 4_711, flag_aa: true, flag_rd: true, flag_ra: false, rcode: 'NOERROR' })
  expect(dataOf(reply)).toEqual([address])
  for (const answer of reply.answers ?? []) expect('ttl' in answer && (answer.ttl ?? 99) <= 60).toBe(true)
})

test('an answer holds for the database’s network, so a resolver may keep it for more than it told', async () => {
  const scope = async (ip: string, bits: number) => scopeOf(await client.ask('hello.edge.example', 'A', subnet(ip, bits)))
  const [narrow, wide] = [await scope('8.8.8.0', 24), await scope('2001:4860::', 48)]
  expect(narrow).toBeGreaterThan(0)
  expect(narrow).toBeLessThanOrEqual(24)
  expect(wide).toBeLessThanOrEqual(48)
  // All of a network that is answered alike: as much is told, however much the resolver told.
  expect(await scope('8.8.8.8', 32)).toBe(narrow)
})

test('every address answers, by UDP and by TCP, from itself', async () => {
  expect(server.addresses.map((address) => address.replace(/:\d+$/, ''))).toEqual(['127.0.0.1', '[::1]', '127.0.0.2'])
  for (const address of server.addresses) {
    const each = new DnsClient(address)
    expect(dataOf(await each.ask('hello.edge.example'))).toEqual(['127.0.0.11'])
    expect(dataOf(await each.askByTcp('hello.edge.example'))).toEqual(['127.0.0.11'])
    const socket = createSocket(address.startsWith('[') ? 'udp6' : 'udp4')
    socket.send(query('hello.edge.example'), each.at.port, each.at.host)
    const [, from] = (await once(socket, 'message')) as [Buffer, { address: string; port: number }]
    expect(from).toMatchObject({ address: each.at.host, port: each.at.port })
    socket.close()
  }
})

test('the name server is this one, at its addresses', async () => {
  expect(dataOf(await client.ask('edge.example', 'NS'))).toEqual(['ns1.edge.example'])
  expect(dataOf(await client.ask('ns1.edge.example'))).toEqual(['127.0.0.1', '127.0.0.2'])
  expect(dataOf(await client.ask('ns1.edge.example', 'AAAA'))).toEqual(['::1'])
})

test('several queries in one connection are answered in their order', async () => {
  const replies = await client.tcp([query('hello.edge.example'), query('example.com'), query('edge.example', 'SOA')])
  expect(replies.map((reply) => rcodeOf(decode(reply)))).toEqual([0, 5, 0])
})

test('records that change are answered anew, wrong ones are not taken and told, and no query is lost meanwhile', async () => {
  const told: (string | undefined)[] = []
  const file = join(directory, 'changing.zone')
  await writeFile(file, 'x TXT one')
  const changing = await start({ recordsFile: file, onRecords: (error) => told.push(error?.message) })
  const asker = new DnsClient(changing.address)
  const text = async () => String((dataOf(await asker.ask('x.edge.example', 'TXT'))[0] as Buffer[] | undefined)?.[0])
  expect(await text()).toBe('one')
  await writeFile(file, 'x TXT two')
  const [, during] = await Promise.all([changing.reload(), text()])
  expect(['one', 'two']).toContain(during)
  expect(await text()).toBe('two')
  await writeFile(file, 'x TXT three\ny MX')
  await changing.reload()
  expect(told.at(-1)).toBe(`${file}, line 2: behind MX there has to be PREFERENCE NAME`)
  expect(await text()).toBe('two')
  await changing.close()
  await expect(start({ recordsFile: file })).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('line 2') as string })
})

describe('hostile input', () => {
  test('what gets no answer leaves the server as it was', async () => {
    const socket = createSocket('udp4')
    let replies = 0
    socket.on('message', () => (replies += 1))
    for (const message of [Buffer.alloc(0), Buffer.from([1]), encode({ type: 'response', id: 1, questions: [{ name: 'edge.example', type: 'A' }] })]) {
      socket.send(message, client.at.port, client.at.host)
    }
    expect(dataOf(await client.ask('hello.edge.example'))).toEqual(['127.0.0.11'])
    expect(replies).toBe(0)
    socket.close()
  })

  test('a query from port 0, where nothing can be sent, ends nothing', async () => {
    const socket = await serveUdp('127.0.0.1', 0, { answer: () => Buffer.of(1) })
    socket.emit('message', query('edge.example'), { address: '127.0.0.1', family: 'IPv4', port: 0, size: 30 })
    // Port 9 of loopback: nobody is there, and that comes back as an error of the socket.
    socket.emit('message', query('edge.example'), { address: '127.0.0.1', family: 'IPv4', port: 9, size: 30 })
    socket.emit('message', query('edge.example'), { address: 'no address', family: 'IPv4', port: 9, size: 30 })
    const closed = once(socket, 'close')
    socket.close()
    await closed
  })

  test('a flood over UDP is not answered as it comes, and its network can still ask by TCP', async () => {
    const limited = await start({ answersPerSecondMax: 1 })
    const asker = new DnsClient(limited.address)
    try {
      const message = query('hello.edge.example')
      const socket = createSocket('udp4')
      const truncated = new Promise<Buffer>((resolve) => {
        socket.on('message', (reply) => {
          if (decode(reply).flag_tc) resolve(reply)
        })
      })
      for (let times = 0; times < 20; times += 1) socket.send(message, asker.at.port, asker.at.host)
      const reply = await truncated
      expect([decode(reply).answers, reply.length]).toEqual([[], message.length])
      socket.close()
      expect(dataOf(await asker.askByTcp('hello.edge.example'))).toEqual(['127.0.0.11'])
    } finally {
      await limited.close()
    }
  })
})

test('what it does is counted', async () => {
  await client.ask('edge.example', 'CAA')
  await client.ask('example.com', 'UNKNOWN_4711')
  // A connection may be about to close.
  await vi.waitFor(async () => {
    const text = await (await fetch(`${server.adminUrl}/metrics`)).text()
    for (const line of [
      'skerry_dns_queries_total{type="CAA",rcode="0",transport="udp"} 1', 'skerry_dns_queries_total{type="other",rcode="5",transport="udp"} 1', 'skerry_dns_queries_total{type="SOA",rcode="0",transport="tcp"} 1',
      'skerry_dns_unanswered_total{reason="unreadable"} 3', 'skerry_dns_unanswered_total{reason="limited"} 0', 'skerry_dns_truncated_total 0', 'skerry_dns_records_read_total{result="taken"} 1', 'skerry_dns_tcp_connections 0',
    ]) expect(text).toContain(line)
    expect(text).toMatch(/skerry_dns_decision_seconds_count [1-9]/)
  })
})

test('a name server within the zone is refused without its address', async () => {
  await expect(start({ nameServers: [{ name: 'NS.edge.example.', addresses: [] }] })).rejects.toMatchObject({ code: 'config_invalid', field: 'nameServers' })
})

test('a port that is taken is told, and nothing stays open', async () => {
  const port = client.at.port
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await expect(start({ hosts: ['127.0.0.3', '127.0.0.1'], port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await vi.waitFor(async () => (await start({ hosts: ['127.0.0.3'], port })).close())
})
