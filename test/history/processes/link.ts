import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { resetSocket } from '../../helpers/reset-socket.ts'

/** From who connects to who is connected to, or back. */
export type Direction = 'there' | 'back'

/** What lies between two processes. */
export interface Disturbable {
  /** Breaks what is connected, and refuses who connects. */
  cut(): void
  /** Passes nothing on in these directions, and loses nothing: what is sent arrives after `heal`, or never where somebody gives up. */
  hold(directions: readonly Direction[]): void
  heal(): void
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

/** A connection between two processes that a test can disturb: a port on loopback that leads to another. */
export class Link implements Disturbable {
  readonly port: number
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #held = new Set<Direction>()
  #isCut = false

  private constructor(server: Server, port: number, targetPort: number) {
    this.#server = server
    this.port = port
    server.on('connection', (near) => this.#connect(near, targetPort))
  }

  static async open(targetPort: number, port = 0): Promise<Link> {
    const server = createServer({ pauseOnConnect: true })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return new Link(server, address.port, targetPort)
  }

  cut(): void {
    this.#isCut = true
    this.#breakAll()
  }

  hold(directions: readonly Direction[]): void {
    for (const direction of directions) this.#held.add(direction)
    for (const pair of this.#pairs) this.#apply(pair)
  }

  heal(): void {
    this.#isCut = false
    this.#held.clear()
    for (const pair of this.#pairs) this.#apply(pair)
  }

  async close(): Promise<void> {
    this.#breakAll()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #connect(near: Socket, targetPort: number): void {
    near.on('error', () => undefined)
    if (this.#isCut) {
      near.destroy()
      return
    }
    const far = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const pair = { near, far }
    this.#pairs.add(pair)
    const over = (): void => {
      this.#pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    far.on('error', over).on('close', over)
    near.on('close', over)
    pass(near, far)
    pass(far, near)
    this.#apply(pair)
  }

  #apply({ near, far }: Pair): void {
    if (this.#held.has('there')) near.pause()
    else near.resume()
    if (this.#held.has('back')) far.pause()
    else far.resume()
  }

  #breakAll(): void {
    for (const { near, far } of this.#pairs) {
      resetSocket(near)
      resetSocket(far)
    }
    this.#pairs.clear()
  }
}

/** Not `pipe`, which would resume what is held. What a process of a test sends is small: it may wait in memory. */
function pass(from: Socket, to: Socket): void {
  from.on('data', (chunk: Buffer) => void to.write(chunk))
  from.on('end', () => to.end())
}

/** Two processes each of which connects to the other: disturbed together, seen from the first. */
export function bothWays(link: Disturbable, reverse: Disturbable): Disturbable {
  return {
    cut: () => {
      link.cut()
      reverse.cut()
    },
    hold: (directions) => {
      link.hold(directions)
      reverse.hold(directions.map((direction) => (direction === 'there' ? 'back' : 'there')))
    },
    heal: () => {
      link.heal()
      reverse.heal()
    },
  }
}
