import { SkerryError } from '../../../errors/index.ts'
import { type Address, OutboundTargets, parseAddress } from './outbound-targets.ts'
import { createOwnAddresses } from './own-addresses.ts'

/**
 * Which addresses functions may connect to.
 *
 * Invariants: only global unicast passes, and of that none of this machine's own addresses; an IPv6 address that carries an IPv4 one (mapped,
 * translated, 6to4, Teredo, ISATAP) is judged by what it is as well as refused as a transition address, since the machine may route it to
 * the IPv4 one.
 */
export class AddressFilter {
  readonly #opened: OutboundTargets
  readonly #isOwn: (address: Address) => boolean

  /** `allow` is what the operator opens beyond that, as `OutboundTargets` takes it. Throws `config_invalid`. */
  constructor(allow: readonly string[], isOwn: (address: Address) => boolean = createOwnAddresses()) {
    this.#opened = new OutboundTargets(allow, 'allowOutbound')
    this.#isOwn = isOwn
  }

  /** Whether the operator opens anything at all. */
  get opensAny(): boolean {
    return !this.#opened.isEmpty
  }

  /** Whether the operator allows this host by name, whatever it resolves to. */
  isHostAllowed(hostName: string, port: number): boolean {
    return this.#opened.includesHost(hostName, port)
  }

  /** Whether a connection to this address may be made. What is no address is not allowed. */
  isAddressAllowed(address: string, port: number): boolean {
    const parsed = parseAddress(address)
    if (parsed === undefined) return false
    return this.#opened.includesAddress(parsed, port) || (isGlobalUnicast(parsed) && !this.#isOwn(parsed))
  }
}

/** IPv6 only inside 2000::/3, and of that nothing that is reserved or leads elsewhere; IPv4 only what is not reserved. */
function isGlobalUnicast(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  const bytes = address.toByteArray()
  if (address.kind() === 'ipv4') return !isSpecialIpv4(bytes)
  return ((bytes[0] ?? 0) & 0xe0) === 0x20 && !isIsatap(bytes)
}

/** Reserved blocks that the library counts as unicast. @see https://www.iana.org/assignments/iana-ipv4-special-registry */
function isSpecialIpv4(bytes: readonly number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = bytes
  if (a === 0 || a >= 224) return true
  if (a === 192 && b === 88 && c === 99) return true
  // Virtual metadata and platform endpoints outside the private ranges.
  return (a === 168 && b === 63 && c === 129 && d === 16) || (a === 100 && b === 100 && c === 100 && d === 200)
}

/** An interface identifier that carries an IPv4 address. @see https://www.rfc-editor.org/rfc/rfc5214#section-6.1 */
function isIsatap(bytes: readonly number[]): boolean {
  const [a = 0, b, c, d] = bytes.slice(8, 12)
  return (a === 0 || a === 2) && b === 0 && c === 0x5e && d === 0xfe
}

/** What a function is told of an address that it may not connect to: never the address. */
export function notPublic(hostName: string): SkerryError {
  return new SkerryError('address_blocked', `Functions may not connect to ${hostName}: its address is not public.`)
}
