import { expect, test } from 'vitest'
import { AddressFilter } from '../../edge-node/bindings/fetch/index.ts'

/** Where functions may never connect to, in every spelling, and where they may. */
const filter = new AddressFilter([])

const refused = [
  // IPv4: this machine, private, link-local with metadata, carrier, benchmarks, documentation, multicast, reserved.
  '0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1',
  '100.127.255.255', '100.100.100.200', '168.63.129.16', '198.18.0.1', '198.19.255.255', '192.0.0.1', '192.0.2.1', '198.51.100.1', '203.0.113.1',
  '192.88.99.1', '224.0.0.1', '239.1.1.1', '240.0.0.1', '255.255.255.255',
  // IPv6, and IPv4 inside it.
  '::', '::1', 'fe80::1', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '100::1', '2001:db8::1', '3fff::1', '5f00::1', '4000::1', '::ffff:127.0.0.1',
  '::ffff:7f00:1', '0:0:0:0:0:ffff:0a00:0001', '::127.0.0.1', '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::7f00:1', '2002:7f00:1::', '2001::1',
  '2001:0:7f00:1::', '2001:10::1', '2001:20::1', '2001:2::1', '2001:30::1', '2001:470:1::5efe:127.0.0.1', '2001:470:1::200:5efe:a00:1', '2620:4f:8000::1',
  '192.0.0.192',
  // What is no address as the system would give it.
  '127.1', '0x7f.1', '0177.0.0.1', '2130706433', '1', '', 'localhost', 'fe80::1%eth0', '2001:4860:4860::8888%lo',
]

test.each(refused)('%j is refused', (address) => {
  expect(filter.isAddressAllowed(address, 80)).toBe(false)
})

test.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '::ffff:8.8.8.8', '2606:4700:4700::1111', '2001:4860:4860::8888'])('%j is allowed', (address) => {
  expect(filter.isAddressAllowed(address, 443)).toBe(true)
})
