import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Answer, type DecodedPacket, decode, encode, type Packet, type Question, streamEncode } from 'dns-packet'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type ScriptedCluster, startScriptedCluster } from '../testing/scripted-cluster.ts'
import { answerMessage } from './answer-message.ts'
import { type DnsServer, startDnsServer } from './index.ts'
import type { Zone } from './zone.ts'

let cluster: ScriptedCluster
let server: DnsServer
const recursionDesired = 1 << 8

beforeAll(async () => {
  cluster = await startScriptedCluster(['fra', 'iad', 'sin'])
  const addresses = { fra: '127.0.0.11', iad: '127.0.0.12', sin: '127.0.0.13' }
  for (const [region, address] of Object.entries(addresses)) cluster.node(region).info.url = `http://${address}:8080`
  server = await startDnsServer({
    host: '127.0.0.1', port: 0, controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, domain: 'edge.example',
    place: { latitude: 52.5, longitude: 13.4 }, timing: { checkIntervalMs: 20, refreshMs: 20 }, adminPort: 0,
  })
})

afterAll(async () => {
  await server.close()
  await cluster.close()
})

const at = (): { host: string; port: number } => {
  const [host = '', port] = server.address.split(':')
  return { host, port: Number(port) }
}

async function udp(message: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4')
  try {
    socket.send(message, at().port, at().host)
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer]
    return reply
  } finally {
    socket.close()
  }
}

async function tcp(messages: Buffer): Promise<Buffer> {
  const socket = connect(at().port, at().host)
  socket.end(messages)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const question = (name: string, type: string = 'A'): Question => ({ name, type: type as Question['type'] })
const query = (name: string, type = 'A', more: Packet = {}): Buffer =>
  encode({ type: 'query', id: 4_711, flags: recursionDesired, questions: [question(name, type)], ...more })
const subnet = (ip: string, sourcePrefixLength: number): Packet => ({
  additionals: [{
    type: 'OPT', name: '.', udpPayloadSize: 1_232, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false,
    options: [{ code: 8, ip, sourcePrefixLength, family: ip.includes(':') ? 2 : 1 }],
  }],
})
const rcodeOf = (reply: DecodedPacket): number => (reply.flags ?? 0) & 0x0f
const dataOf = (reply: DecodedPacket): unknown[] => (reply.answers ?? []).map((answer: Answer) => ('data' in answer ? answer.data : undefined))
const ask = async (name: string, type = 'A', more: Packet = {}): Promise<DecodedPacket> => decode(await udp(query(name, type, more)))

describe('answers', () => {
  test.each([
    ['own place', {}, '127.0.0.11'], ['an American subnet', subnet('8.8.8.0', 24), '127.0.0.12'],
    ['a German subnet', subnet('95.91.200.0', 24), '127.0.0.11'], ['an American IPv6 subnet', subnet('2001:4860::', 32), '127.0.0.12'],
    ['a subnet not told', subnet('8.8.8.0', 0), '127.0.0.11'],
  ])('the nearest region for %s', async (_name, more, address) => {
    const reply = await ask('hello.edge.example', 'A', more)
    expect(reply).toMatchObject({ id: 4_711, flag_aa: true, flag_rd: true, flag_ra: false, rcode: 'NOERROR' })
    expect(dataOf(reply)).toEqual([address])
    for (const answer of reply.answers ?? []) expect('ttl' in answer && (answer.ttl ?? 99) <= 60).toBe(true)
  })

  test('accounts, versions, the apex, and the case of the question', async () => {
    for (const name of ['hello.acme.edge.example', '01arz3ndektsv4rrffq69g5fav--hello.edge.example', 'edge.example', 'HeLLo.EDGE.example']) {
      const reply = await ask(name)
      expect(dataOf(reply), name).toEqual(['127.0.0.11'])
      expect(reply.answers?.[0]?.name).toBe(name)
    }
  })

  test('moves away from a node that is gone', async () => {
    await cluster.node('iad').kill()
    await vi.waitFor(async () => expect(dataOf(await ask('hello.edge.example', 'A', subnet('8.8.8.0', 24)))).toEqual(['127.0.0.11']))
    await cluster.node('iad').revive()
    await vi.waitFor(async () => expect(dataOf(await ask('hello.edge.example', 'A', subnet('8.8.8.0', 24)))).toEqual(['127.0.0.12']), { timeout: 5_000 })
  })

  test('SOA, NS and the name server’s own address', async () => {
    expect(dataOf(await ask('edge.example', 'SOA'))).toMatchObject([{ mname: 'ns1.edge.example', minimum: 20 }])
    expect(dataOf(await ask('edge.example', 'NS'))).toEqual(['ns1.edge.example'])
    expect(dataOf(await ask('ns1.edge.example'))).toEqual(['127.0.0.1'])
  })

  test.each(['AAAA', 'TXT', 'MX', 'NS'])('no %s is an empty answer with the SOA', async (type) => {
    const reply = await ask('hello.edge.example', type)
    expect([rcodeOf(reply), reply.answers, reply.authorities?.[0]?.type]).toEqual([0, [], 'SOA'])
  })

  test.each(['a.b.c.edge.example', '_acme.edge.example', 'a--b.edge.example', '-.edge.example', `${'x'.repeat(36)}.edge.example`])(
    '%s is no name of ours: NXDOMAIN', async (name) => {
      const reply = await ask(name)
      expect([rcodeOf(reply), reply.authorities?.[0]?.type]).toEqual([3, 'SOA'])
    },
  )

  test.each([
    ['outside', 'example.com', 'A'], ['a name that only ends alike', 'notedge.example', 'A'], ['the root', '.', 'NS'], ['a transfer', 'edge.example', 'AXFR'],
  ])('REFUSED: %s', async (_name, name, type) => {
    const reply = await ask(name, type)
    expect([rcodeOf(reply), reply.flag_aa, reply.answers]).toEqual([5, false, []])
  })

  test('ANY is answered small', async () => {
    expect((await ask('hello.edge.example', 'ANY')).answers).toMatchObject([{ type: 'HINFO' }])
  })

  test('over TCP, several in one connection', async () => {
    const message = (name: string): Buffer => streamEncode({ type: 'query', id: 1, questions: [question(name)] })
    const replies = await tcp(Buffer.concat([message('hello.edge.example'), message('example.com')]))
    const length = replies.readUInt16BE(0)
    expect(dataOf(decode(replies, 2))).toEqual(['127.0.0.11'])
    expect(rcodeOf(decode(replies, 2 + length + 2))).toBe(5)
  })
})

describe('hostile input', () => {
  test('malformed messages get FORMERR, other opcodes NOTIMP, newer EDNS BADVERS, no question FORMERR', async () => {
    const broken = query('hello.edge.example').subarray(0, 20)
    expect([...(await udp(broken)).subarray(0, 4)]).toEqual([0x12, 0x67, 0x81, 1])
    expect(rcodeOf(await ask('edge.example', 'A', { flags: 2 << 11 }))).toBe(4)
    expect(rcodeOf(decode(await udp(encode({ type: 'query', id: 1, questions: [] }))))).toBe(1)
    const opt = { type: 'OPT' as const, name: '.', udpPayloadSize: 512, extendedRcode: 0, ednsVersion: 1, flags: 0, flag_do: false, options: [] }
    const reply = await ask('edge.example', 'A', { additionals: [opt] })
    expect([rcodeOf(reply), reply.additionals]).toMatchObject([0, [{ type: 'OPT', extendedRcode: 1 }]])
  })

  test('responses and fragments of headers are met with silence, and the server goes on', async () => {
    const socket = createSocket('udp4')
    let replies = 0
    socket.on('message', () => (replies += 1))
    for (const message of [Buffer.alloc(0), Buffer.from([1]), encode({ type: 'response', id: 1, questions: [question('edge.example')] })]) {
      socket.send(message, at().port, at().host)
    }
    expect(dataOf(await ask('hello.edge.example'))).toEqual(['127.0.0.11'])
    expect(replies).toBe(0)
    socket.close()
    expect((await tcp(Buffer.from([0xff, 0xff, 1, 2]))).length).toBe(0)
    expect(await (await fetch(`${server.adminUrl}/metrics`)).text()).toContain('skerry_dns_queries_total{rcode="dropped",transport="udp"}')
  })

  test('no bytes whatever make it throw or answer more than fits', () => {
    const zone: Zone = {
      domain: 'edge.example', serial: 1, ttlSeconds: 20, nameServers: [{ name: 'ns1.edge.example', addresses: ['127.0.0.1'] }],
      nearestAddresses: () => [['127.0.0.11', '::1']],
    }
    const valid = query('hello.edge.example', 'A', subnet('8.8.8.0', 24))
    const mutated = fc.tuple(fc.nat(valid.length - 1), fc.nat(255), fc.nat(valid.length)).map(([index, value, end]) => {
      const bytes = Buffer.from(valid)
      bytes[index] = value
      return bytes.subarray(0, Math.max(end, index))
    })
    const garbage = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes))
    fc.assert(fc.property(fc.oneof(mutated, garbage), (message) => {
      const reply = answerMessage(message, '127.0.0.1', 'udp', zone)
      expect(reply === undefined || reply.length <= 1_232).toBe(true)
    }), { numRuns: 2_000 })
  })
})

test('a flood over UDP is not answered as it comes, and its network can still ask by TCP', async () => {
  const limited = await startDnsServer({
    host: '127.0.0.1', port: 0, controlPlaneUrl: cluster.controlPlaneUrl, token: cluster.token, domain: 'edge.example',
    place: { latitude: 52.5, longitude: 13.4 }, timing: { checkIntervalMs: 20, refreshMs: 20 }, answersPerSecondMax: 1,
  })
  const before = server
  server = limited
  try {
    expect(dataOf(await ask('hello.edge.example'))).toEqual(['127.0.0.11'])
    const socket = createSocket('udp4')
    const message = query('hello.edge.example')
    const truncated = new Promise<Buffer>((resolve) => {
      socket.on('message', (reply: Buffer) => {
        if (((reply[2] ?? 0) & 0x02) !== 0) resolve(reply)
      })
    })
    for (let index = 0; index < 20; index += 1) socket.send(message, at().port, at().host)
    const reply = decode(await truncated)
    expect([reply.flag_tc, reply.answers]).toEqual([true, []])
    expect((await truncated).length).toBeLessThanOrEqual(message.length)
    socket.close()
    const answers = await tcp(streamEncode({ type: 'query', id: 1, questions: [question('hello.edge.example')] }))
    expect(dataOf(decode(answers, 2))).toEqual(['127.0.0.11'])
  } finally {
    server = before
    await limited.close()
  }
})

test('one client can not have all connections', async () => {
  const sockets = Array.from({ length: 40 }, () => connect(at().port, at().host))
  for (const socket of sockets) socket.on('error', () => undefined)
  await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => destroyed).length).toBe(8))
  for (const socket of sockets) socket.destroy()
  await vi.waitFor(async () => {
    const answers = await tcp(streamEncode({ type: 'query', id: 1, questions: [question('hello.edge.example')] }))
    expect(dataOf(decode(answers, 2))).toEqual(['127.0.0.11'])
  })
})

test('with no node known the answer is SERVFAIL, which nobody keeps', async () => {
  const empty = await startScriptedCluster([])
  const lonely = await startDnsServer({
    host: '127.0.0.1', port: 0, controlPlaneUrl: empty.controlPlaneUrl, token: empty.token, domain: 'edge.example',
  })
  const before = server
  server = lonely
  try {
    expect(rcodeOf(await ask('hello.edge.example'))).toBe(2)
  } finally {
    server = before
    await lonely.close()
    await empty.close()
  }
})
