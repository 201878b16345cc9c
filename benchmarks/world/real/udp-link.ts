import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** Questions to a name server, each there and back as late as it takes, one after another or many at a time. */
export class UdpLink {
  readonly #oneWayMs: () => number
  readonly #port: number
  readonly #host: string
  readonly #socket: Socket
  readonly #waiting = new Map<number, (answer: Buffer) => void>()
  #nextId = 1

  constructor(options: { readonly host: string; readonly port: number; readonly oneWayMs: () => number }) {
    this.#host = options.host
    this.#port = options.port
    this.#oneWayMs = options.oneWayMs
    this.#socket = createSocket('udp4')
    this.#socket.on('message', (message) => {
      const id = message.readUInt16BE(0)
      const resolve = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (resolve !== undefined) setTimeout(() => resolve(message), this.#oneWayMs())
    })
    this.#socket.on('error', () => {
      // As if the packet was lost: whoever waits asks again.
    })
  }

  async open(): Promise<void> {
    this.#socket.bind(0, '127.0.0.1')
    await once(this.#socket, 'listening')
  }

  /** Asks by what `encode` makes of an id that is free. Rejects where no answer has come after `timeoutMs`. */
  ask(encode: (id: number) => Buffer, timeoutMs: number): Promise<Buffer> {
    const id = this.#nextId
    this.#nextId = (this.#nextId % 0xffff) + 1
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error('the name server did not answer'))
      }, timeoutMs)
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer)
        resolve(answer)
      })
      setTimeout(() => this.#socket.send(encode(id), this.#port, this.#host), this.#oneWayMs())
    })
  }

  close(): void {
    this.#socket.close()
  }
}
