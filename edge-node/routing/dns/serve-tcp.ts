import { createServer, type Server, type Socket } from 'node:net'
import { clientNetwork } from '../../protection/index.ts'
import type { Responder } from './responder.ts'

export interface TcpLimits {
  /** From one message to the end of the next, and from an answer until it is read. Bytes that drip in do not lengthen it. */
  readonly idleMs: number
  readonly connectionsMax: number
  /** Of one client (IPv6: of a /64): a few shall not have all the connections there are. */
  readonly connectionsPerClientMax: number
}

export const tcpLimits: TcpLimits = { idleMs: 10_000, connectionsMax: 256, connectionsPerClientMax: 32 }

/** No query of ours needs more. */
const messageBytesMax = 4_096
const lengthBytes = 2
/** Messages of one connection that are answered before others have their turn. */
const messagesPerTurn = 64

/**
 * Makes a server of DNS over TCP: any number of messages in a connection, each behind its length, answered in their order.
 * At the limit of connections the one that has been quiet longest makes room. @see https://www.rfc-editor.org/rfc/rfc7766 @see https://www.rfc-editor.org/rfc/rfc9210
 */
export class TcpService {
  readonly #responder: Pick<Responder, 'answer'>
  readonly #limits: TcpLimits
  readonly #byClient = new Map<string, number>()
  /** The one that has been quiet longest comes first. */
  readonly #open = new Set<Socket>()

  constructor(responder: Pick<Responder, 'answer'>, limits: TcpLimits = tcpLimits) {
    this.#responder = responder
    this.#limits = limits
  }

  get connections(): number {
    return this.#open.size
  }

  /** Ends all connections. */
  close(): void {
    for (const socket of this.#open) socket.destroy()
  }

  createServer(): Server {
    return createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#enter(socket))
  }

  #enter(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    const client = clientNetwork(socket.remoteAddress ?? '')
    const ofClient = this.#byClient.get(client) ?? 0
    if (ofClient >= this.#limits.connectionsPerClientMax) {
      socket.destroy()
      return
    }
    if (this.#open.size >= this.#limits.connectionsMax) this.#makeRoom()
    this.#byClient.set(client, ofClient + 1)
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      const left = (this.#byClient.get(client) ?? 1) - 1
      if (left === 0) this.#byClient.delete(client)
      else this.#byClient.set(client, left)
    })
    this.#serve(socket)
  }

  #makeRoom(): void {
    for (const quietest of this.#open) {
      this.#open.delete(quietest)
      quietest.destroy()
      return
    }
  }

  #serve(socket: Socket): void {
    const address = socket.remoteAddress ?? ''
    let pending: Buffer = Buffer.alloc(0)
    let isResting = false
    let isEnded = false
    const deadline = setTimeout(() => socket.destroy(), this.#limits.idleMs)
    socket.once('close', () => clearTimeout(deadline))
    const proceed = (): void => {
      if (isResting || socket.destroyed) return
      for (let messages = 0; messages < messagesPerTurn; messages += 1) {
        const length = pending.length < lengthBytes ? undefined : pending.readUInt16BE(0)
        if (length === undefined || (length <= messageBytesMax && pending.length < lengthBytes + length)) {
          // Who asks no more still gets his answers.
          if (isEnded) socket.end()
          else socket.resume()
          return
        }
        const reply = length > messageBytesMax ? undefined : this.#responder.answer(pending.subarray(lengthBytes, lengthBytes + length), address, 'tcp')
        if (reply === undefined) {
          socket.destroy()
          return
        }
        pending = pending.subarray(lengthBytes + length)
        deadline.refresh()
        this.#open.delete(socket)
        this.#open.add(socket)
        if (!socket.write(framed(reply))) {
          // Who asks without reading is asked to wait, and has until the deadline.
          rest()
          socket.once('drain', resume)
          return
        }
      }
      rest()
      setImmediate(resume)
    }
    const rest = (): void => {
      isResting = true
      socket.pause()
    }
    const resume = (): void => {
      isResting = false
      proceed()
    }
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      proceed()
    })
    socket.on('end', () => {
      isEnded = true
      proceed()
    })
  }
}

function framed(reply: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes + reply.length)
  bytes.writeUInt16BE(reply.length, 0)
  reply.copy(bytes, lengthBytes)
  return bytes
}
