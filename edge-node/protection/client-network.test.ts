import { expect, test } from 'vitest'
import { clientNetwork } from './client-network.ts'

test('a client is its address, or in IPv6 all addresses that it has', () => {
  expect(clientNetwork('203.0.113.7')).toBe('203.0.113.7')
  expect(clientNetwork('::ffff:203.0.113.7')).toBe('203.0.113.7')
  expect(clientNetwork('2001:db8:1:2::1')).toBe(clientNetwork('2001:db8:1:2:ffff:abcd:0:9'))
  expect(clientNetwork('2001:db8:1:2::1')).not.toBe(clientNetwork('2001:db8:1:3::1'))
  expect(clientNetwork('')).toBe('')
  expect(clientNetwork('fe80::1%eth0')).toBe(clientNetwork('fe80::2%eth0'))
})
