import { decode } from 'dns-packet'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { edns, query, subnet } from './testing/dns-client.ts'
import { fixedAddresses, makeResponder } from './testing/make-responder.ts'

/** The same every time; another seed is worth a try by hand. */
const seed = 20_261_129
const responder = makeResponder({
  records: '@ CAA 0 issue "ca.example"\nwww CNAME hello\nsub NS ns.sub\nns.sub A 192.0.2.53\n_x._y TXT token',
  nodeAddresses: fixedAddresses(['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'], ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4']),
})
/** The largest answers to the shortest questions that this zone has: four addresses, or an SOA. */
const timesLarger = 6

const names = ['edge.example', 'hello.edge.example', 'www.edge.example', 'a.sub.edge.example', '_y.edge.example', 'x--y.edge.example', 'example.com', '.', `${'l'.repeat(63)}.edge.example`]
const valid = fc.tuple(fc.constantFrom(...names), fc.constantFrom('A', 'AAAA', 'NS', 'SOA', 'TXT', 'CAA', 'ANY', 'AXFR'), fc.constantFrom(
  {}, subnet('8.8.8.0', 24), subnet('2001:4860::', 32), edns([{ code: 10, data: Buffer.alloc(24, 5) }]), edns([{ code: 11, data: Buffer.alloc(0) }]), edns([{ code: 65_000, data: Buffer.alloc(40) }], { size: 65_535 }),
)).map(([name, type, more]) => query(name, type, more))

const flipped = fc.tuple(valid, fc.array(fc.nat(8 * 120), { minLength: 1, maxLength: 6 })).map(([bytes, bits]) => {
  for (const bit of bits) {
    const index = (bit >> 3) % bytes.length
    bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit & 7))
  }
  return bytes
})
const cut = fc.tuple(valid, fc.nat(120)).map(([bytes, length]) => bytes.subarray(0, length))
const grown = fc.tuple(valid, fc.uint8Array({ maxLength: 60 })).map(([bytes, more]) => Buffer.concat([bytes, more]))
const counts = fc.tuple(valid, fc.array(fc.nat(65_535), { minLength: 4, maxLength: 4 })).map(([bytes, numbers]) => {
  for (const [index, number] of numbers.entries()) bytes.writeUInt16BE(number, 4 + 2 * index)
  return bytes
})
/** Names of pointers, to and fro, and of labels longer than what is there. */
const labels = fc.array(fc.oneof(fc.nat(255).map((offset) => Buffer.of(0xc0, offset)), fc.nat(255).map((length) => Buffer.concat([Buffer.of(length), Buffer.alloc(length % 70, 97)]))), { maxLength: 8 })
const pointers = fc.tuple(valid, labels, fc.boolean()).map(([bytes, parts, isCounted]) => {
  const head = Buffer.from(bytes.subarray(0, 12))
  if (isCounted) head.writeUInt16BE(3, 10)
  return Buffer.concat([head, ...parts, Buffer.of(0, 0, 1, 0, 1), ...parts])
})
const garbage = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes))

test('no bytes whatever make it throw, answer something else, or answer much more than it got', () => {
  fc.assert(fc.property(fc.oneof(valid, flipped, cut, grown, counts, pointers, garbage), fc.constantFrom('udp', 'tcp'), (message, transport) => {
    const reply = responder.answer(Buffer.from(message), '192.0.2.77', transport)
    if (reply === undefined) return
    expect(reply.length).toBeLessThanOrEqual(timesLarger * message.length)
    expect(reply.subarray(0, 2)).toEqual(message.subarray(0, 2))
    expect(decode(reply).flag_qr).toBe(true)
    expect(decode.bytes).toBe(reply.length)
  }), { numRuns: 3_000, seed })
})
