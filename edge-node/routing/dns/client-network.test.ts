import { expect, test } from 'vitest'
import { clientNetworkOf } from './client-network.ts'
import { readClientSubnet, writeClientSubnet } from './client-subnet.ts'

test.each([
  ['192.0.2.77', '192.0.2.0', 24], ['::ffff:192.0.2.77', '192.0.2.0', 24], ['2001:db8:1:2ff:ffff::9', '2001:db8:1:200::', 56],
  ['2001:db8:1:200::1', '2001:db8:1:200::', 56], ['2001:db8:1:300::1', '2001:db8:1:300::', 56], ['::1', '::', 56], ['fe80::1%eth0', 'fe80::', 56],
])('%s asks for its network %s', (asker, address, prefixLengthMax) => {
  expect(clientNetworkOf(asker, undefined)).toEqual({ address, prefixLengthMax })
})

const subnet = (hex: string) => readClientSubnet(Buffer.from(hex, 'hex'))

test.each([
  ['0001 18 00 c00002', '192.0.2.0', 24], ['0001 20 00 c000024d', '192.0.2.0', 24], ['0001 09 00 c080', '192.128.0.0', 24],
  ['0002 30 00 20010db80001', '2001:db8:1::', 56], ['0002 80 00 20010db8000102ffffffffffffffffff', '2001:db8:1:200::', 56],
  ['0001 00 00', '198.51.100.0', 24], ['0002 00 00', '198.51.100.0', 24], ['0000 00 00', '198.51.100.0', 24],
])('a resolver tells %s', (hex, address, prefixLengthMax) => {
  const read = subnet(hex.replaceAll(' ', ''))
  expect(read).toBeDefined()
  expect(clientNetworkOf('198.51.100.7', read)).toEqual({ address, prefixLengthMax })
  if (read !== undefined) expect(writeClientSubnet(read, 7).toString('hex')).toBe(`${hex.replaceAll(' ', '').slice(0, 6)}07${hex.replaceAll(' ', '').slice(8)}`)
})

test.each([
  ['no whole head', '000118'], ['a family that there is not', '0003080001'], ['family 0 that tells something', '0000080001'], ['a scope in a query', '00011818c00002'],
  ['too few bytes', '00011800c000'], ['too many bytes', '00011800c0000200'], ['bits behind the prefix', '00010900c0ff'], ['33 bits of IPv4', '00012100c000020100'],
  ['129 bits of IPv6', `00028100${'00'.repeat(17)}`],
])('malformed: %s', (_name, hex) => {
  expect(subnet(hex)).toBeUndefined()
})
