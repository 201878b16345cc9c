import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { clientNetwork } from './client-network.ts'

export interface ConnectionGateOptions {
  /** Connections at a time, over all servers of the gate. */
  readonly connectionsMax: number
  /** Of one client (see `clientNetwork`); undefined for any number. Behind a proxy all clients have the proxy's. */
  readonly perClientMax?: number | undefined
  /** Called for each connection that is refused; what is written to it, as it stands, where it can be told. */
  readonly refusal: () => string
}

/** Connections between requests are closed to make room, no more often. */
const roomMsMin = 1_000
/** Beyond the limit so many are told why; the rest is closed unheard. */
const toldMax = 64
const toldMs = 1_000

/**
 * Bounds the connections of HTTP servers together, so that descriptors are left for what serves them. At the bound, connections between two
 * requests are closed first: whoever holds them idle has no claim on the place.
 */
export class ConnectionGate {
  readonly #options: ConnectionGateOptions
  readonly #servers = new Set<Server>()
  readonly #byClient = new Map<string, number>()
  #open = 0
  #told = 0
  #madeRoomMs = Number.NEGATIVE_INFINITY

  constructor(options: ConnectionGateOptions) {
    this.#options = options
  }

  /**
   * Has the server take its connections through the gate. `identify` calls back once `remoteAddress` is the client's, where that is not so from the
   * beginning.
   */
  guard(server: Server, identify: (socket: Socket, next: () => void) => void = (_socket, next) => next()): void {
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      if (!this.#enter(socket)) return
      identify(socket, () => {
        if (!this.#count(socket)) return
        for (const listener of listeners) listener.call(server, socket)
      })
    })
  }

  #enter(socket: Socket): boolean {
    const { connectionsMax } = this.#options
    if (this.#open >= connectionsMax) this.#makeRoom()
    if (this.#open >= connectionsMax) {
      this.#refuse(socket)
      return false
    }
    this.#open += 1
    socket.once('close', () => {
      this.#open -= 1
    })
    return true
  }

  /** Counts it for its client. */
  #count(socket: Socket): boolean {
    const { perClientMax } = this.#options
    if (perClientMax === undefined) return true
    const client = clientNetwork(socket.remoteAddress ?? '')
    const ofClient = this.#byClient.get(client) ?? 0
    if (ofClient >= perClientMax) {
      this.#refuse(socket)
      return false
    }
    this.#byClient.set(client, ofClient + 1)
    socket.once('close', () => {
      const left = (this.#byClient.get(client) ?? 0) - 1
      if (left > 0) this.#byClient.set(client, left)
      else this.#byClient.delete(client)
    })
    return true
  }

  #makeRoom(): void {
    const nowMs = performance.now()
    if (nowMs - this.#madeRoomMs < roomMsMin) return
    this.#madeRoomMs = nowMs
    for (const server of this.#servers) server.closeIdleConnections()
  }

  #refuse(socket: Socket): void {
    socket.on('error', () => undefined)
    const text = this.#options.refusal()
    if (this.#told >= toldMax) {
      socket.destroy()
      return
    }
    this.#told += 1
    const timer = setTimeout(() => socket.destroy(), toldMs)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#told -= 1
    })
    // Unread bytes would turn the end into a reset, which takes the answer with it.
    socket.resume()
    socket.end(text, 'latin1')
  }
}
