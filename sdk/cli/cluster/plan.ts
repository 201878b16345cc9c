import { findRegion, regionCodes } from '../../../geography/index.ts'
import { SkerryError } from '../../../errors/index.ts'
import { closest } from '../../project/index.ts'
import { findFreePort, hasLoopbackAddress } from './free-port.ts'

export interface ClusterPlan {
  readonly controlPlanePort: number
  readonly gatewayPort: number
  readonly dnsPort: number
  readonly nodes: readonly PlannedNode[]
}

export interface PlannedNode {
  readonly name: string
  readonly region: string
  readonly host: string
  readonly port: number
  readonly latitude: number
  readonly longitude: number
}

const firstNodeAddress = 11
const mostNodes = 200
const loopback = '127.0.0.1'
const firstControlPlanePort = 7_400
const firstDnsPort = 8_053

/** Names nodes `fra-1`, `fra-2`, ... Throws `invalid_request` for a region that is not known. */
function nameNodes(regions: readonly string[]): { name: string; region: string; latitude: number; longitude: number }[] {
  if (regions.length === 0 || regions.length > mostNodes) {
    throw new SkerryError('invalid_request', `From 1 to ${mostNodes} regions are expected`, { field: 'regions' })
  }
  const counts = new Map<string, number>()
  return regions.map((code) => {
    const region = findRegion(code)
    if (region === undefined) {
      const suggestion = closest(code, regionCodes())
      const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`
      throw new SkerryError('invalid_request', `"${code}" is not an IATA airport code that is known${hint}`, { field: 'regions' })
    }
    const count = (counts.get(region.code) ?? 0) + 1
    counts.set(region.code, count)
    return { name: `${region.code}-${count}`, region: region.code, latitude: region.latitude, longitude: region.longitude }
  })
}

/**
 * Chooses addresses and ports for a local cluster. Where loopback has more than one address each node takes its own on the
 * gateway's port, so that DNS answers lead somewhere; elsewhere nodes take ports of their own. Ports in use are passed over.
 */
export async function planCluster(regions: readonly string[], port: number): Promise<ClusterPlan> {
  const named = nameNodes(regions)
  const addresses = named.map((_, index) => `127.0.0.${firstNodeAddress + index}`)
  const hasOwnAddresses = (await Promise.all(addresses.map(hasLoopbackAddress))).every(Boolean)
  const taken = new Set<number>()
  const find = async (first: number, hosts: readonly string[], protocols: readonly ('tcp' | 'udp')[]): Promise<number> => {
    const found = await findFreePort({ hosts, first, protocols, taken })
    taken.add(found)
    return found
  }
  const gatewayPort = await find(port, hasOwnAddresses ? [loopback, ...addresses] : [loopback], ['tcp'])
  // Whoever asks for any port runs several clusters at a time, as tests do: the usual ports would be fought for.
  const isAnyPort = port === 0
  const controlPlanePort = await find(isAnyPort ? 0 : firstControlPlanePort, [loopback], ['tcp'])
  const dnsPort = await find(isAnyPort ? 0 : firstDnsPort, [loopback], ['tcp', 'udp'])
  const nodes: PlannedNode[] = []
  for (const [index, node] of named.entries()) {
    const own = addresses[index]
    if (hasOwnAddresses && own !== undefined) nodes.push({ ...node, host: own, port: gatewayPort })
    else nodes.push({ ...node, host: loopback, port: await find(gatewayPort + 1, [loopback], ['tcp']) })
  }
  return { controlPlanePort, gatewayPort, dnsPort, nodes }
}
