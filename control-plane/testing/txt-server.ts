import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode } from 'dns-packet'

/** A DNS server on loopback that knows the TXT records a test gives it. */
export class TxtServer {
  readonly records = new Map<string, readonly string[]>()
  /** Answers that it can not tell, as a broken server does. */
  isBroken = false
  queries = 0
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  static async start(): Promise<TxtServer> {
    const socket = createSocket('udp4')
    const server = new TxtServer(socket)
    socket.on('message', (message, peer) => {
      server.queries += 1
      const { id, questions = [] } = decode(message)
      const name = questions[0]?.name.toLowerCase() ?? ''
      const values = server.records.get(name)
      const rcode = server.isBroken ? 2 : values === undefined ? 3 : 0
      const answers = server.isBroken ? [] : (values ?? []).map((data) => ({ type: 'TXT' as const, name, ttl: 1, data: [data.slice(0, 20), data.slice(20)] }))
      socket.send(encode({ type: 'response', id, flags: 0x84_80 | rcode, questions, answers }), peer.port, peer.address)
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return server
  }

  get address(): string {
    const { address, port } = this.#socket.address()
    return `${address}:${port}`
  }

  async close(): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }
}
