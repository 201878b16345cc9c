import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { SkerryError } from '../../../errors/index.ts'

/** Whether nobody listens on a TCP port of an address. */
function isTcpPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function isUdpPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => resolve(false))
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(true)))
  })
}

export interface PortSearch {
  /** Addresses on which the port has to be free at once. */
  readonly hosts: readonly string[]
  readonly first: number
  readonly protocols: readonly ('tcp' | 'udp')[]
  /** Ports already promised to another role. */
  readonly taken: ReadonlySet<number>
}

const portsTried = 200

/** Below what systems hand out by themselves, so that nothing else takes it between the search and its use. */
function randomPort(): number {
  return randomInt(10_000, 32_000)
}

/** The first port from `first` on (from anywhere for 0) that is free on every address. Throws `conflict` after 200. */
export async function findFreePort({ hosts, first, protocols, taken }: PortSearch): Promise<number> {
  const start = first === 0 ? randomPort() : first
  for (let port = start; port < Math.min(start + portsTried, 65_536); port += 1) {
    if (taken.has(port)) continue
    const checks = hosts.flatMap((host) => protocols.map((protocol) => (protocol === 'tcp' ? isTcpPortFree(host, port) : isUdpPortFree(host, port))))
    if ((await Promise.all(checks)).every(Boolean)) return port
  }
  throw new SkerryError('conflict', `No port from ${start} to ${start + portsTried - 1} is free on ${hosts.join(', ')}; choose another with --port`)
}

/** Whether an address of loopback besides 127.0.0.1 can be listened on, as on Linux. */
export function hasLoopbackAddress(host: string): Promise<boolean> {
  return isTcpPortFree(host, 0)
}
