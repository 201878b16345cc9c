import ipaddr from 'ipaddr.js'
import { SkerryError } from '../../../errors/index.ts'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

interface RangeTarget {
  readonly range: readonly [Address, number]
  readonly port: number | undefined
}

interface HostTarget {
  /** Without a root dot. After `*.` what stands before the name may be anything; empty for `*`, which is every host. */
  readonly name: string
  readonly isSuffix: boolean
  readonly port: number | undefined
}

/** A host and perhaps a port, in the forms `HOST`, `*.HOST`, `*`, `[IPV6]`, each with `:PORT` or without; or IPv6 in the open. */
const hostPattern = /^(?:(\*|(?:\*\.)?[^:*@/?#%\\[\]\s]+)|\[([0-9a-f:.]+)\])(?::(\d{1,5}))?$/i
const bareIpv6Pattern = /^[0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*$/i

/** A list of where to: `CIDR`, `HOST[:PORT]`, `*.HOST[:PORT]` (what is below it, not itself), `*[:PORT]` (every host). */
export class OutboundTargets {
  readonly #ranges: RangeTarget[] = []
  readonly #hosts: HostTarget[] = []

  /** Throws `config_invalid` that names `field`. */
  constructor(entries: readonly string[], field: string) {
    for (const entry of entries) {
      if (!this.#add(entry)) {
        throw new SkerryError('config_invalid', `Outbound rule ${JSON.stringify(entry)} is not CIDR, HOST, HOST:PORT or *.HOST.`, { field })
      }
    }
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0 && this.#hosts.length === 0
  }

  /** Whether some of it is told by addresses, so that a name alone does not decide. */
  get hasAddresses(): boolean {
    return this.#ranges.length > 0
  }

  /** @param hostName as `URL` has it, without brackets and root dot */
  includesHost(hostName: string, port: number): boolean {
    return this.#hosts.some((target) => isPort(target.port, port) && (target.isSuffix ? hostName.endsWith(target.name) : hostName === target.name))
  }

  includesAddress(address: Address, port: number): boolean {
    return this.#ranges.some(({ range: [first, bits], port: only }) => isPort(only, port) && first.kind() === address.kind() && address.match(first, bits))
  }

  #add(entry: string): boolean {
    if (entry.includes('/')) return this.#addRange(entry)
    const bare = bareIpv6Pattern.test(entry)
    const match = bare ? [entry, undefined, entry, undefined] : hostPattern.exec(entry)
    if (match === null) return false
    const [, name, ipv6, portText] = match
    const port = portText === undefined ? undefined : Number(portText)
    if (port !== undefined && (port === 0 || port > 65_535)) return false
    if (name === '*') {
      this.#hosts.push({ name: '', isSuffix: true, port })
      return true
    }
    const isSuffix = name?.startsWith('*.') === true
    const host = canonicalHost(ipv6 === undefined ? (name ?? '').slice(isSuffix ? 2 : 0) : `[${ipv6}]`)
    if (host === undefined) return false
    if (!ipaddr.isValid(host)) {
      this.#hosts.push({ name: isSuffix ? `.${host}` : host, isSuffix, port })
      return true
    }
    if (isSuffix) return false
    const address = ipaddr.process(host)
    this.#ranges.push({ range: [address, address.kind() === 'ipv4' ? 32 : 128], port })
    return true
  }

  #addRange(entry: string): boolean {
    if (!ipaddr.isValidCIDR(entry)) return false
    const [first, bits] = ipaddr.parseCIDR(entry)
    const mapped = first.kind() === 'ipv6' && bits >= 96 ? ipaddr.process(first.toString()) : first
    this.#ranges.push({ range: [mapped, mapped.kind() === first.kind() ? bits : bits - 96], port: undefined })
    return true
  }
}

function isPort(only: number | undefined, port: number): boolean {
  return only === undefined || only === port
}

/** The host as URLs have it, so that a rule and a URL agree however they are spelt: without brackets and root dot. Undefined for what is none. */
function canonicalHost(host: string): string | undefined {
  const url = URL.parse(`http://${host}/`)
  return url === null || url.port !== '' ? undefined : hostNameOf(url)
}

/** The host of a URL without brackets and root dot: `a.example.` is the same host as `a.example`. */
export function hostNameOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$|\.$/g, '')
}

/** The port that a URL leads to. */
export function portOf(url: { readonly protocol: string; readonly port: string }): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}

/** An address as the system has it; IPv4 inside IPv6 as IPv4. Undefined for what is none, and for a zone, which names an interface of this machine. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes('%') || !ipaddr.isValid(text)) return undefined
  // Other spellings of IPv4 are names to the system.
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined
  return ipaddr.process(text)
}
