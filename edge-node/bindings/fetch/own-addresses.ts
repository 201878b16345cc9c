import { networkInterfaces } from 'node:os'
import { type Address, parseAddress } from './outbound-targets.ts'

/** For so long what the system said of its interfaces is believed. */
const freshMs = 10_000

/**
 * Tells the addresses of this machine's interfaces: what listens on a public one of them (another role of the cluster, say, or a database) may
 * count on the machine's own traffic being trusted.
 */
export function createOwnAddresses(list: () => readonly string[] = listInterfaces, nowMs: () => number = () => performance.now()): (address: Address) => boolean {
  let own: ReadonlySet<string> = new Set()
  let readMs = -Infinity
  return (address) => {
    if (nowMs() - readMs >= freshMs) {
      readMs = nowMs()
      own = new Set(list().map((text) => parseAddress(text)?.toNormalizedString() ?? ''))
    }
    return own.has(address.toNormalizedString())
  }
}

function listInterfaces(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
}
