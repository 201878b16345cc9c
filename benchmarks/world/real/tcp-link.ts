import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { resetSocket } from '../../../test/helpers/reset-socket.ts'
import { DelayLine } from './delay-line.ts'

export interface TcpLinkOptions {
  readonly host: string
  readonly port: number
  /** Drawn for each piece. */
  readonly oneWayMs: () => number
  /** Round trip that a new connection costs before anything can be sent. */
  readonly roundTripMs: number
}

interface Connection {
  readonly near: Socket
  readonly far: Socket
  readonly lines: readonly DelayLine[]
}

/**
 * The path of TCP connections between two places: a listener on loopback that passes bytes on, late.
 *
 * A process that is gone refuses connections and resets those it had (`refuse`); a machine or a network that is gone swallows what is sent to
 * it (`swallow`). Loopback can not swallow the opening of a connection without a firewall: it opens here, and nothing comes of it.
 */
export class TcpLink {
  readonly #options: TcpLinkOptions
  readonly #connections = new Set<Connection>()
  #server: Server | undefined
  #port = 0
  #swallows = false

  constructor(options: TcpLinkOptions) {
    this.#options = options
  }

  /** Where it is entered, on 127.0.0.1. */
  get port(): number {
    return this.#port
  }

  async open(): Promise<void> {
    const server = createServer((near) => this.#carry(near))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** As when the process at its end is killed: connections are reset, new ones refused. */
  refuse(): void {
    this.#server?.close()
    this.#server = undefined
    for (const { near, far, lines } of this.#connections) {
      for (const line of lines) line.close()
      resetSocket(near)
      far.destroy()
    }
    this.#connections.clear()
  }

  /** As when packets are lost: what is sent from now on never arrives, and nobody is told. */
  swallow(): void {
    this.#swallows = true
    for (const { lines } of this.#connections) for (const line of lines) line.close()
  }

  close(): void {
    this.refuse()
  }

  #carry(near: Socket): void {
    near.setNoDelay(true)
    near.on('error', ignore)
    if (this.#swallows) {
      near.resume()
      const far = near
      const silent = { near, far, lines: [] }
      this.#connections.add(silent)
      near.once('close', () => this.#connections.delete(silent))
      return
    }
    const { host, port, oneWayMs, roundTripMs } = this.#options
    const far = connect({ host, port, noDelay: true })
    const there = new DelayLine(oneWayMs, performance.now() + roundTripMs)
    const back = new DelayLine(oneWayMs)
    const connection = { near, far, lines: [there, back] }
    this.#connections.add(connection)
    near.once('close', () => this.#connections.delete(connection))
    pass(near, far, there)
    pass(far, near, back)
  }
}

function pass(from: Socket, to: Socket, line: DelayLine): void {
  from.on('data', (chunk) => {
    line.send(chunk.length, () => {
      to.write(chunk)
      if (from.isPaused() && !line.isFull) from.resume()
    })
    if (line.isFull) from.pause()
  })
  from.on('end', () => line.send(0, () => to.end()))
  from.on('error', ignore)
  from.on('close', (hadError) => {
    if (hadError) line.send(0, () => resetSocket(to))
    else line.send(0, () => to.destroySoon())
  })
}

function ignore(): void {
  // The other side is told by the close that follows.
}
