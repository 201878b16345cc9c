import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

/** @see https://www.rfc-editor.org/rfc/rfc9113#section-6 */
export const frameTypes = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 } as const
export const flags = { acknowledge: 1, endStream: 1, endHeaders: 4 } as const

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export function frame(type: number, flagged: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flagged, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A block of fields, each written out: neither indexed nor compressed. @see https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2 */
export function block(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  const length: number[] = []
  if (bytes.length < 127) {
    length.push(bytes.length)
  } else {
    length.push(127)
    let rest = bytes.length - 127
    for (; rest >= 128; rest >>= 7) length.push((rest % 128) + 128)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

/** A client that sends whatever frames it is told to. For tests. */
export class RawHttp2 {
  readonly socket: TLSSocket
  readonly frames: Frame[] = []
  readonly closed: Promise<unknown>
  #received = Buffer.alloc(0)

  private constructor(socket: TLSSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      for (;;) {
        const length = this.#received.length < 9 ? Number.POSITIVE_INFINITY : this.#received.readUIntBE(0, 3)
        if (this.#received.length < 9 + length) return
        this.frames.push({
          type: this.#received.readUInt8(3), flags: this.#received.readUInt8(4), stream: this.#received.readUInt32BE(5), payload: this.#received.subarray(9, 9 + length),
        })
        this.#received = this.#received.subarray(9 + length)
        socket.emit('frame')
      }
    })
  }

  /** Connects and says hello, with settings of its own: identifiers and values. */
  static async open(url: string, settings: readonly (readonly [identifier: number, value: number])[] = []): Promise<RawHttp2> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), ALPNProtocols: ['h2'], rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const client = new RawHttp2(socket)
    const payload = Buffer.alloc(6 * settings.length)
    for (const [index, [identifier, value]] of settings.entries()) {
      payload.writeUInt16BE(identifier, 6 * index)
      payload.writeUInt32BE(value, 6 * index + 2)
    }
    client.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(frameTypes.settings, 0, 0, payload))
    return client
  }

  send(...frames: readonly Uint8Array[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames))
  }

  /** Resolves with the first frame, also of those that came before, that matches; undefined where the connection closes without one. */
  async find(matches: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find(matches)
      if (found !== undefined || this.socket.destroyed) return found
      await Promise.race([new Promise((resolve) => this.socket.once('frame', resolve)), this.closed])
    }
  }

  close(): void {
    this.socket.destroy()
  }
}
