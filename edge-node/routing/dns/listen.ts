import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Server } from 'node:net'
import { closeServer, listen } from '../admin/index.ts'
import type { Responder } from './responder.ts'
import type { TcpService } from './serve-tcp.ts'
import { serveUdp } from './serve-udp.ts'

/** Sockets of both transports, at one address or several. */
export interface Listeners {
  /** `host:port` of each address, brackets around IPv6. */
  readonly addresses: readonly string[]
  close(): Promise<void>
}

/** A free TCP port may be taken for UDP, so a few are tried where any will do. */
const bindTries = 10

/**
 * Listens by UDP and TCP at all hosts, at one port; 0 takes one that is free everywhere. Rejects with the system's error.
 *
 * Each address has sockets of its own: an answer leaves from the address of its socket, and on a machine with several addresses one socket for all of
 * them would answer from another than was asked.
 */
export async function listenAt(hosts: readonly string[], port: number, responder: Pick<Responder, 'answer'>, tcpService: TcpService): Promise<Listeners> {
  for (let tries = 1; ; tries += 1) {
    const tcp: Server[] = []
    const udp: Socket[] = []
    const addresses: string[] = []
    const close = async (): Promise<void> => {
      await Promise.all([
        ...tcp.map((server) => closeServer(server)),
        ...udp.map(async (socket) => {
          const closed = once(socket, 'close')
          socket.close()
          await closed
        }),
      ])
    }
    try {
      let chosen = port
      for (const host of hosts) {
        const server = tcpService.createServer()
        tcp.push(server)
        const address = await listen(server, host, chosen)
        chosen = Number(address.slice(address.lastIndexOf(':') + 1))
        udp.push(await serveUdp(host, chosen, responder))
        addresses.push(address)
      }
      return { addresses, close: async () => {
        tcpService.close()
        await close()
      } }
    } catch (error) {
      await close()
      if (port !== 0 || tries === bindTries) throw error
    }
  }
}
