import { type DecodedPacket, decode, encode, type Packet } from 'dns-packet'
import { describe, expect, test } from 'vitest'
import type { Transport } from './responder.ts'
import { dataOf, edns, optionOf, query, rcodeOf, scopeOf, subnet } from './testing/dns-client.ts'
import { fixedAddresses, makeResponder } from './testing/make-responder.ts'

const records = `
$TTL 1h
@                      CAA   0 issue "letsencrypt.org"
@                      TXT   "v=spf1 -all" "second"
@               30 IN  MX    10 mail.other.example.
_acme-challenge.hello 5 TXT  token
a.b.c                  TXT   deep
www                    CNAME hello
away                   CNAME somewhere.else.example.
loop1                  CNAME loop2
loop2                  CNAME loop1
status                 A     198.51.100.9
status                 AAAA  2001:db8::9
sub                    NS    ns.sub
ns.sub                 A     198.51.100.53
*                      HTTPS 1 . alpn=h2
`
const responder = makeResponder({ records, nodeAddresses: fixedAddresses(['192.0.2.11', '192.0.2.12'], ['2001:db8::11']) })

const send = (message: Buffer, transport: Transport = 'udp', address = '203.0.113.5'): Buffer => responder.answer(message, address, transport) ?? Buffer.alloc(0)
const ask = (name: string, type = 'A', more: Packet = {}, transport: Transport = 'udp'): DecodedPacket => decode(send(query(name, type, more), transport))
const version = '01arz3ndektsv4rrffq69g5fav'
/** Code, whether authoritative, answers, and the types of the authority section. */
const told = (reply: DecodedPacket) => [rcodeOf(reply), reply.flag_aa, reply.answers?.length, reply.authorities?.map(({ type }) => type)]
const denied = (rcode: number) => [rcode, true, 0, ['SOA']]

describe('names', () => {
  test.each(['edge.example', 'hello.edge.example', 'hello.acme.edge.example', `${version}--hello.edge.example`, `${version}--hello.acme.edge.example`, `${'x'.repeat(35)}.edge.example`])(
    'functions answer at %s', (name) => {
      const reply = ask(name)
      expect(told(reply)).toEqual([0, true, 2, []])
      expect(dataOf(reply)).toEqual(['192.0.2.11', '192.0.2.12'])
      expect(dataOf(ask(name, 'AAAA'))).toEqual(['2001:db8::11'])
      expect(told(ask(name, 'SRV'))).toEqual(denied(0))
    },
  )

  test.each([
    'a.hello.acme.edge.example', '_acme-challenge.edge.example', 'a--b.edge.example', '-.edge.example', 'a-.edge.example', `${'x'.repeat(36)}.edge.example`,
    `hello.${'x'.repeat(36)}.edge.example`, 'x.a.b.c.edge.example', '81arz3ndektsv4rrffq69g5fav--hello.edge.example', 'x._acme-challenge.hello.edge.example', 'a_b.edge.example',
  ])('%s is no name', (name) => {
    for (const type of ['A', 'AAAA', 'TXT', 'ANY']) expect(told(ask(name, type))).toEqual(denied(3))
  })

  test('what only has names below it exists, and is empty', () => {
    // hello exists anyway; c and b.c are names that functions could have, so they lead to nodes; one of a shape that functions have not does not.
    expect(told(ask('b.c.edge.example', 'TXT'))).toEqual(denied(0))
    const deep = makeResponder({ records: 'x._a._b TXT deep' })
    for (const type of ['A', 'TXT', 'ANY', 'NS']) {
      for (const name of ['_a._b.edge.example', '_b.edge.example']) expect(told(decode(deep.answer(query(name, type), '::1', 'udp') ?? Buffer.alloc(0)))).toEqual(denied(0))
    }
    expect(told(decode(deep.answer(query('y._a._b.edge.example'), '::1', 'udp') ?? Buffer.alloc(0)))).toEqual(denied(3))
  })

  test('a denial is kept no longer than the SOA’s minimum, which is its TTL', () => {
    expect(ask('a--b.edge.example').authorities).toMatchObject([{ type: 'SOA', name: 'edge.example', ttl: 20, data: { mname: 'ns1.edge.example', rname: 'hostmaster.edge.example', minimum: 20 } }])
  })

  test('the serial is the same for the same records, and changes with them', () => {
    const serial = (text: string) => {
      const [soa] = decode(makeResponder({ records: text }).answer(query('edge.example', 'SOA'), '::1', 'udp') ?? Buffer.alloc(0)).answers ?? []
      return soa?.type === 'SOA' ? soa.data.serial : undefined
    }
    expect(serial('x TXT one\ny TXT two')).toBe(serial('y TXT two\n\nx TXT one'))
    expect(serial('x TXT one')).not.toBe(serial('x TXT two'))
  })

  test.each([
    ['another zone', 'example.com', 'A', 'IN'], ['a name that only ends alike', 'notedge.example', 'A', 'IN'], ['the parent', 'example', 'NS', 'IN'], ['the root', '.', 'NS', 'IN'],
    ['a transfer', 'edge.example', 'AXFR', 'IN'], ['a transfer of changes', 'edge.example', 'IXFR', 'IN'], ['keys', 'edge.example', 'TKEY', 'IN'],
    ['chaos', 'version.bind', 'TXT', 'CH'], ['chaos in the zone', 'edge.example', 'TXT', 'CH'], ['any class', 'edge.example', 'A', 'ANY'],
  ] as const)('REFUSED: %s', (_name, name, type, klass) => {
    const reply = ask(name, type, { questions: [{ name, type, class: klass }] })
    expect(told(reply)).toEqual([5, false, 0, []])
  })
})

describe('records of the operator', () => {
  test.each([
    ['edge.example', 'CAA', [{ flags: 0, tag: 'issue', value: 'letsencrypt.org' }]], ['edge.example', 'TXT', [[Buffer.from('v=spf1 -all'), Buffer.from('second')]]],
    ['edge.example', 'MX', [{ preference: 10, exchange: 'mail.other.example' }]], ['_ACME-challenge.Hello.edge.example', 'TXT', [[Buffer.from('token')]]],
    ['status.edge.example', 'A', ['198.51.100.9']], ['status.edge.example', 'AAAA', ['2001:db8::9']], ['edge.example', 'NS', ['ns1.edge.example', 'ns2.other.example']],
    ['ns1.edge.example', 'A', ['192.0.2.1']], ['ns1.edge.example', 'AAAA', ['2001:db8::1']],
  ])('%s %s', (name, type, data) => {
    const reply = ask(name, type)
    expect(reply.flag_aa).toBe(true)
    expect(dataOf(reply)).toMatchObject(data)
  })

  test('have their own TTL, the file’s, or the zone’s', () => {
    const ttl = (name: string, type: string) => ask(name, type).answers?.map((answer) => 'ttl' in answer && answer.ttl)
    expect([ttl('edge.example', 'MX'), ttl('edge.example', 'CAA'), ttl('_acme-challenge.hello.edge.example', 'TXT'), ttl('edge.example', 'NS')]).toEqual([[30], [3_600], [5], [20, 20]])
  })

  test('a name server whose address is not known does not lead to nodes', () => {
    const lone = makeResponder({ nameServers: [{ name: 'ns1.edge.example', addresses: [] }] })
    expect(told(decode(lone.answer(query('ns1.edge.example'), '::1', 'udp') ?? Buffer.alloc(0)))).toEqual(denied(0))
  })

  test('name servers come with the addresses that the zone knows', () => {
    expect(ask('edge.example', 'NS').additionals).toMatchObject([{ name: 'ns1.edge.example', type: 'A', data: '192.0.2.1' }, { name: 'ns1.edge.example', type: 'AAAA', data: '2001:db8::1' }])
  })

  test('aliases are followed within the zone, and not for ever', () => {
    expect(dataOf(ask('www.edge.example'))).toEqual(['hello.edge.example', '192.0.2.11', '192.0.2.12'])
    expect(dataOf(ask('www.edge.example', 'CNAME'))).toEqual(['hello.edge.example'])
    expect(told(ask('www.edge.example', 'TXT'))).toEqual([0, true, 1, ['SOA']])
    expect(dataOf(ask('away.edge.example'))).toEqual(['somewhere.else.example'])
    expect(rcodeOf(ask('loop1.edge.example'))).toBe(2)
  })

  test('what is delegated is referred to its servers, with glue', () => {
    for (const [name, type] of [['sub.edge.example', 'A'], ['x.y.sub.edge.example', 'TXT'], ['ns.sub.edge.example', 'A'], ['sub.edge.example', 'ANY']] as const) {
      const reply = ask(name, type)
      expect(told(reply)).toEqual([0, false, 0, ['NS']])
      expect(reply.additionals).toMatchObject([{ name: 'ns.sub.edge.example', data: '198.51.100.53' }])
    }
    expect(told(ask('sub.edge.example', 'DS'))).toEqual(denied(0))
  })

  test('records at * hold for names of functions, others of the operator’s do not have them', () => {
    expect(ask('hello.edge.example', 'UNKNOWN_65').answers).toMatchObject([{ type: 'UNKNOWN_65', data: Buffer.from('00010000010003026832', 'hex') }])
    for (const name of ['edge.example', 'status.edge.example', 'a.b.c.edge.example']) expect(told(ask(name, 'UNKNOWN_65'))).toEqual(denied(0))
  })

  test('ANY is answered small, where there is something', () => {
    for (const name of ['edge.example', 'hello.edge.example', 'www.edge.example', 'status.edge.example']) expect(ask(name, 'ANY').answers).toMatchObject([{ type: 'HINFO', data: { cpu: 'RFC8482' } }])
  })
})

describe('messages', () => {
  test('the question comes back bit for bit, and owner names point to it', () => {
    const message = query('hElLo.EDGE.eXample')
    const reply = send(message)
    expect(reply.subarray(12, message.length)).toEqual(message.subarray(12))
    expect(reply.subarray(message.length, message.length + 2)).toEqual(Buffer.of(0xc0, 12))
    expect(reply.length).toBe(message.length + 2 * 16)
    // So does the SOA's, to the end of the question.
    const denial = send(query('no.such.hello.edge.example'))
    expect(denial.readUInt16BE(12 + 'no.such.hello.edge.example'.length + 2 + 4) & 0x3fff).toBe(12 + 'no.such.hello.'.length)
    expect(decode(denial).authorities?.[0]?.name).toBe('edge.example')
  })

  test('a dot within a label does not make two of it', () => {
    const labels = (...names: string[]) => Buffer.concat([...names.map((name) => Buffer.concat([Buffer.of(name.length), Buffer.from(name, 'latin1')])), Buffer.of(0, 0, 1, 0, 1)])
    const head = query('x').subarray(0, 12)
    const rcode = (...names: string[]) => (send(Buffer.concat([head, labels(...names)]))[3] ?? 0) & 0x0f
    expect(rcode('hello', 'edge', 'example')).toBe(0)
    expect(rcode('hello', 'edge.example')).toBe(5)
    expect(rcode('hello.edge', 'example')).toBe(5)
    expect(rcode('a.b', 'edge', 'example')).toBe(3)
    expect(rcode('h\u00e9llo', 'edge', 'example')).toBe(3)
    expect(rcode('a\\b', 'edge', 'example')).toBe(3)
  })

  test.each([['a response', 0x8000], ['a response of another opcode', 0xa800]])('%s is met with silence', (_name, bits) => {
    const message = query('edge.example')
    message.writeUInt16BE(bits, 2)
    expect(send(message).length).toBe(0)
  })

  test('the shortest are met with silence', () => {
    for (let length = 0; length < 12; length += 1) expect(send(query('edge.example').subarray(0, length)).length).toBe(0)
  })

  test('other opcodes are NOTIMP, whatever follows', () => {
    for (const opcode of [1, 2, 4, 5, 6, 15]) {
      const message = query('edge.example')
      message.writeUInt16BE(opcode << 11, 2)
      for (const bytes of [message, message.subarray(0, 12)]) expect([...send(bytes).subarray(0, 4)]).toEqual([0x12, 0x67, 0x80 | (opcode << 3), 4])
      // Also the record of a change, and the OPT record comes back.
      message.writeUInt16BE(1, 6)
      expect([...send(message)]).toEqual([0x12, 0x67, 0x80 | (opcode << 3), 4, 0, 0, 0, 0, 0, 0, 0, 0])
      const withOpt = query('edge.example', 'SOA', edns())
      withOpt.writeUInt16BE(opcode << 11, 2)
      expect(decode(send(withOpt)).additionals).toMatchObject([{ type: 'OPT' }])
    }
  })

  test.each([
    ['no question', (bytes: Buffer) => bytes.subarray(0, 12).fill(0, 4)], ['two questions', (bytes: Buffer) => (bytes.writeUInt16BE(2, 4), bytes)],
    ['65,535 questions', (bytes: Buffer) => (bytes.writeUInt16BE(65_535, 4), bytes)], ['a question that is not there', (bytes: Buffer) => bytes.subarray(0, 12)],
    ['an answer', (bytes: Buffer) => (bytes.writeUInt16BE(1, 6), bytes)], ['many authorities', (bytes: Buffer) => (bytes.writeUInt16BE(9, 8), bytes)],
    ['many additionals', (bytes: Buffer) => (bytes.writeUInt16BE(65_535, 10), bytes)], ['an additional that is not there', (bytes: Buffer) => Buffer.concat([(bytes.writeUInt16BE(1, 10), bytes), Buffer.of(0)])],
    ['a name that is cut off', (bytes: Buffer) => bytes.subarray(0, 20)], ['a type that is cut off', (bytes: Buffer) => bytes.subarray(0, -3)],
    ['bytes behind the end', (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(1, 2, 3)])], ['a pointer to itself', (bytes: Buffer) => (bytes.writeUInt16BE(0xc00c, 12), bytes)],
    ['a pointer into the header', (bytes: Buffer) => (bytes.writeUInt16BE(0xc000, 12), bytes)], ['a label of an unknown kind', (bytes: Buffer) => (bytes.writeUInt8(0x45, 12), bytes)],
    ['a name of 256 bytes', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 12), ...Array.from({ length: 4 }, () => Buffer.concat([Buffer.of(63), Buffer.alloc(63, 97)])), Buffer.of(0, 0, 1, 0, 1)])],
  ])('FORMERR: %s', (_name, damage) => {
    const reply = send(damage(query('hello.edge.example')))
    expect([...reply.subarray(0, 4)]).toEqual([0x12, 0x67, 0x81, 1])
    expect(reply.length).toBe(12)
  })
})

describe('EDNS', () => {
  test('a newer version is BADVERS, the bit for DNSSEC comes back, unknown options do not', () => {
    const newer = ask('edge.example', 'A', edns([], { version: 1 }))
    expect([rcodeOf(newer), newer.answers]).toEqual([16, []])
    expect(newer.additionals).toMatchObject([{ type: 'OPT', ednsVersion: 0 }])
    expect(ask('edge.example', 'A', edns([], { flags: 0x8000 | 0x1234 })).additionals).toMatchObject([{ flags: 0x8000, udpPayloadSize: 1_232, options: [] }])
    expect(ask('edge.example', 'A', edns([{ code: 65_001, data: Buffer.from('hi') }])).additionals).toMatchObject([{ options: [] }])
    expect(ask('edge.example').additionals).toEqual([])
  })

  test.each([
    ['two OPT records', { additionals: [...(edns().additionals ?? []), ...(edns().additionals ?? [])] }],
    ['a malformed subnet', edns([{ code: 8, data: Buffer.from('0001180000', 'hex') }])], ['a cookie that is too short', edns([{ code: 10, data: Buffer.alloc(7) }])],
    ['a cookie of a strange length', edns([{ code: 10, data: Buffer.alloc(12) }])], ['a cookie that is too long', edns([{ code: 10, data: Buffer.alloc(41) }])],
  ])('FORMERR: %s', (_name, more) => {
    const reply = ask('edge.example', 'A', more)
    expect([rcodeOf(reply), reply.answers]).toEqual([1, []])
  })

  test('lengths of options that lie are FORMERR', () => {
    const message = query('edge.example', 'A', edns([{ code: 65_001, data: Buffer.from('hello') }]))
    const lengthAt = message.length - 5 - 2
    for (const length of [0, 4, 6, 400, 65_535]) {
      const lying = Buffer.from(message)
      lying.writeUInt16BE(length, lengthAt)
      expect([length, (send(lying)[3] ?? 0) & 0x0f]).toEqual([length, 1])
    }
  })

  test('an OPT record that is not the root’s is FORMERR', () => {
    const message = query('edge.example', 'A', edns())
    const named = Buffer.concat([message.subarray(0, -11), Buffer.of(1, 97), message.subarray(-11)])
    expect((send(named)[3] ?? 0) & 0x0f).toBe(1)
  })

  test('the subnet comes back, with for how much of it the answer holds', () => {
    const scope = (name: string, type: string, more: Packet) => scopeOf(ask(name, type, more))
    expect(optionOf(ask('hello.edge.example', 'A', subnet('8.8.8.0', 24)), 8)?.toString('hex')).toBe('00011810080808')
    expect(scope('hello.edge.example', 'A', subnet('8.8.8.0', 0))).toBe(0)
    expect(optionOf(ask('hello.edge.example', 'A', edns([{ code: 8, data: Buffer.alloc(4) }])), 8)).toEqual(Buffer.alloc(4))
    // What does not depend on the client holds for all.
    for (const [name, type] of [['edge.example', 'NS'], ['edge.example', 'SOA'], ['status.edge.example', 'A'], ['a--b.edge.example', 'A'], ['hello.edge.example', 'TXT'], ['example.com', 'A']] as const) {
      expect([name, type, scope(name, type, subnet('8.8.8.0', 24))]).toEqual([name, type, 0])
    }
  })

  test('how long a connection may idle is told by TCP to who asks, and by UDP to nobody', () => {
    const keepalive = edns([{ code: 11, data: Buffer.alloc(0) }])
    expect(optionOf(ask('edge.example', 'A', keepalive, 'tcp'), 11)).toEqual(Buffer.of(0, 100))
    expect(optionOf(ask('edge.example', 'A', keepalive), 11)).toBeUndefined()
    expect(optionOf(ask('edge.example', 'A', edns(), 'tcp'), 11)).toBeUndefined()
  })
})

describe('what does not fit', () => {
  const long = makeResponder({ records: Array.from({ length: 60 }, (_, index) => `big TXT "${String(index).padStart(50, 'x')}"\nmid TXT "${String(index).slice(0, 1).padStart(60, 'y')}"`).join('\n') })
  const size = (name: string, more: Packet, transport: Transport) => {
    const bytes = long.answer(query(name, 'TXT', more), '203.0.113.5', transport) ?? Buffer.alloc(0)
    return { bytes: bytes.length, reply: decode(bytes) }
  }

  test.each([
    ['without EDNS', {}, 512], ['with a small size', edns([], { size: 100 }), 512], ['with a middle size', edns([], { size: 900 }), 900], ['with a large size', edns([], { size: 65_535 }), 1_232],
  ])('is truncated over UDP %s, and whole over TCP', (_name, more, limit) => {
    const udp = size('big.edge.example', more, 'udp')
    expect([udp.reply.flag_tc, udp.reply.answers]).toEqual([true, []])
    const tcp = size('big.edge.example', more, 'tcp')
    expect([tcp.reply.flag_tc, tcp.reply.answers?.length]).toEqual([false, 60])
    const middle = size('mid.edge.example', more, 'udp')
    expect(middle.reply.flag_tc).toBe(size('mid.edge.example', more, 'tcp').bytes > limit)
    expect(middle.bytes).toBeLessThanOrEqual(limit)
  })

  test('addresses beside an answer are left out first, those of a referral are not', () => {
    const servers = Array.from({ length: 12 }, (_, index) => `@ NS ns${index}.many\nns${index}.many A 192.0.2.${index}\nns${index}.many AAAA 2001:db8::${index}\nsub NS ns${index}.many`).join('\n')
    const many = makeResponder({ records: servers })
    const reply = (name: string) => decode(many.answer(query(name, 'NS'), '203.0.113.5', 'udp') ?? Buffer.alloc(0))
    expect([reply('edge.example').flag_tc, reply('edge.example').answers?.length, reply('edge.example').additionals]).toEqual([false, 12, []])
    expect([reply('sub.edge.example').flag_tc, reply('sub.edge.example').authorities]).toEqual([true, []])
  })
})

describe('the rate, and cookies', () => {
  const limited = makeResponder({ answersPerSecond: 2 })
  const client = Buffer.from('0123456789abcdef', 'hex')
  const withCookie = (data: Buffer) => query('hello.edge.example', 'A', edns([{ code: 10, data }]))
  const cookieFrom = (address: string): Buffer => optionOf(decode(limited.answer(withCookie(client), address, 'tcp') ?? Buffer.alloc(0)), 10) ?? Buffer.alloc(0)
  const answered = (message: Buffer, address: string, transport: Transport = 'udp') =>
    Array.from({ length: 40 }, () => limited.answer(message, address, transport)).filter((bytes) => bytes !== undefined && !decode(bytes).flag_tc).length

  test('who floods by UDP is not answered as he comes; what he gets is no larger than his question', () => {
    const message = query('hello.edge.example')
    const replies = Array.from({ length: 40 }, () => limited.answer(message, '198.51.100.1', 'udp')).filter((bytes) => bytes !== undefined)
    expect(replies.length).toBeLessThan(25)
    expect(replies.filter((bytes) => bytes.length > message.length).length).toBeLessThan(5)
    // Refusals and malformed messages count too, and the neighbours in his network with him.
    for (const bytes of [query('example.com'), query('hello.edge.example').subarray(0, 14)]) expect(limited.answer(bytes, '198.51.100.99', 'udp')?.length ?? 0).toBeLessThanOrEqual(bytes.length)
    expect(answered(message, '198.51.100.1', 'tcp')).toBe(40)
  })

  test('a cookie of ours spares its holder, at his address alone', () => {
    const cookie = cookieFrom('203.0.113.1')
    expect(cookie.subarray(0, 8)).toEqual(client)
    expect(cookie.length).toBe(24)
    expect(answered(withCookie(cookie), '203.0.113.1')).toBe(40)
    expect(answered(withCookie(cookie), '203.0.114.1')).toBeLessThan(5)
    const forged = Buffer.from(cookie)
    forged[23] = (forged[23] ?? 0) ^ 1
    expect(answered(withCookie(forged), '203.0.115.1')).toBeLessThan(5)
    expect(answered(withCookie(Buffer.concat([Buffer.alloc(8, 1), cookie.subarray(8)])), '203.0.116.1')).toBeLessThan(5)
  })

  test('who is over the rate is told a cookie, and with it is answered', () => {
    const message = withCookie(client)
    const replies = Array.from({ length: 10 }, () => limited.answer(message, '192.0.2.200', 'udp')).filter((bytes) => bytes !== undefined)
    const truncated = replies.map((bytes) => decode(bytes)).find(({ flag_tc: isTruncated }) => isTruncated)
    const cookie = truncated === undefined ? undefined : optionOf(truncated, 10)
    expect(answered(withCookie(cookie ?? Buffer.alloc(8)), '192.0.2.200')).toBe(40)
  })

  test('a query for nothing but a cookie gets one', () => {
    const reply = decode(limited.answer(encode({ type: 'query', id: 1, questions: [], ...edns([{ code: 10, data: client }]) }), '203.0.117.1', 'udp') ?? Buffer.alloc(0))
    expect([rcodeOf(reply), reply.questions, optionOf(reply, 10)?.length]).toEqual([0, [], 24])
  })
})
