import ipaddr from 'ipaddr.js'
import { SkerryError } from '../../../errors/index.ts'

/**
 * Which addresses functions may connect to.
 *
 * Invariants: only global unicast passes; an IPv6 address that carries an IPv4 one (mapped, translated, 6to4, Teredo) is
 * judged by what it is as well as refused as a transition address, since the machine may route it to the IPv4 one.
 */
export class AddressFilter {
  readonly #ranges: { readonly range: [ipaddr.IPv4 | ipaddr.IPv6, number]; readonly port: number | undefined }[] = []
  readonly #hosts: { readonly host: string; readonly port: number | undefined }[] = []

  /** `allow` holds `CIDR`, `HOST` or `HOST:PORT` (an address in brackets where it is IPv6). Throws `config_invalid`. */
  constructor(allow: readonly string[]) {
    for (const entry of allow) this.#add(entry)
  }

  /** Whether the operator allows this host by name, whatever it resolves to. */
  isHostAllowed(hostName: string, port: number): boolean {
    return this.#hosts.some((entry) => entry.host === hostName && (entry.port === undefined || entry.port === port))
  }

  /** Whether a connection to this address may be made. What is no address is not allowed. */
  isAddressAllowed(address: string, port: number): boolean {
    if (!ipaddr.isValid(address)) return false
    // A zone names an interface of this machine.
    if (address.includes('%')) return false
    const parsed = ipaddr.process(address)
    for (const { range, port: only } of this.#ranges) {
      if (range[0].kind() === parsed.kind() && parsed.match(range) && (only === undefined || only === port)) return true
    }
    return isGlobalUnicast(parsed)
  }

  #add(entry: string): void {
    const refuse = (): never => {
      throw new SkerryError('config_invalid', `Outbound rule ${JSON.stringify(entry)} is not CIDR, HOST or HOST:PORT.`, { field: 'allowOutbound' })
    }
    if (entry.includes('/')) {
      if (!ipaddr.isValidCIDR(entry)) refuse()
      this.#ranges.push({ range: ipaddr.parseCIDR(entry), port: undefined })
      return
    }
    const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+)|([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*))(?::(\d{1,5}))?$/i.exec(entry)
    const host = (match?.[1] ?? match?.[2] ?? match?.[3] ?? '').toLowerCase()
    const port = match?.[4] === undefined ? undefined : Number(match[4])
    if (host === '' || (port !== undefined && (port === 0 || port > 65_535))) refuse()
    if (ipaddr.isValid(host)) {
      const address = ipaddr.process(host)
      this.#ranges.push({ range: [address, address.kind() === 'ipv4' ? 32 : 128], port })
    } else {
      this.#hosts.push({ host, port })
    }
  }
}

/** IPv6 only inside 2000::/3, and of that nothing that is reserved or leads elsewhere; IPv4 only what is not reserved. */
function isGlobalUnicast(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false
  if (address.kind() === 'ipv4') return !isSpecialIpv4(address.toByteArray())
  const bytes = address.toByteArray()
  const first = bytes[0] ?? 0
  return (first & 0xe0) === 0x20
}

/** Reserved blocks that the library counts as unicast. @see https://www.iana.org/assignments/iana-ipv4-special-registry */
function isSpecialIpv4(bytes: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = bytes
  if (a === 0 || a >= 224) return true
  if (a === 192 && b === 88 && c === 99) return true
  // Virtual metadata and platform endpoints outside the private ranges.
  return (a === 168 && b === 63 && c === 129 && d === 16) || (a === 100 && b === 100 && c === 100 && d === 200)
}
