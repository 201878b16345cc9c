import { describe, expect, it } from 'vitest'
import { AddressFilter } from './address-filter.ts'

const blocked = [
  '127.0.0.1', '127.8.9.1', '0.0.0.0', '0.1.2.3', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '169.254.0.1',
  '100.64.0.1', '100.127.255.255', '100.100.100.200', '168.63.129.16', '192.0.0.1', '192.0.2.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '192.88.99.1',
  '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  '::', '::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:a9fe:a9fe', '::127.0.0.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'fc00::1', 'fd12:3456::1', 'ff02::1',
  '64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '2002:7f00:1::', '2002:808:808::', '2001::1', '2001:db8::1', '100::1', '3fff::1', '5f00::1',
  'fd00:ec2::254', 'not an address', '',
]
const open = ['8.8.8.8', '1.1.1.1', '93.184.216.34', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2606:4700::1111', '2a00:1450::1', '::ffff:8.8.8.8']

describe('AddressFilter', () => {
  const filter = new AddressFilter([])
  it.each(blocked)('refuses %s', (address) => expect(filter.isAddressAllowed(address, 443)).toBe(false))
  it.each(open)('allows %s', (address) => expect(filter.isAddressAllowed(address, 443)).toBe(true))

  it('allows what the operator lists, and no more', () => {
    const own = new AddressFilter(['10.1.0.0/16', '127.0.0.1:8080', '[::1]:9000', 'fd00::/8', 'internal.example', 'db.example:5432'])
    expect(own.isAddressAllowed('10.1.2.3', 1)).toBe(true)
    expect(own.isAddressAllowed('10.2.2.3', 1)).toBe(false)
    expect(own.isAddressAllowed('127.0.0.1', 8080)).toBe(true)
    expect(own.isAddressAllowed('127.0.0.1', 8081)).toBe(false)
    expect(own.isAddressAllowed('::ffff:127.0.0.1', 8080)).toBe(true)
    expect(own.isAddressAllowed('::1', 9000)).toBe(true)
    expect(own.isAddressAllowed('::1', 9001)).toBe(false)
    expect(own.isAddressAllowed('fd00::5', 1)).toBe(true)
    expect(own.isHostAllowed('internal.example', 80)).toBe(true)
    expect(own.isHostAllowed('db.example', 5432)).toBe(true)
    expect(own.isHostAllowed('db.example', 80)).toBe(false)
    expect(own.isHostAllowed('sub.internal.example', 80)).toBe(false)
  })

  it.each(['10.0.0.0/99', 'a b', 'host:0', 'host:70000', ''])('refuses the rule %j', (rule) => {
    expect(() => new AddressFilter([rule])).toThrowError(expect.objectContaining({ code: 'config_invalid' }))
  })
})
