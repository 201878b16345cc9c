import type { Socket } from 'node:net'

const idleMs = 10_000
/** No query of ours needs more. */
const messageBytesMax = 4_096
const lengthBytes = 2

/**
 * Serves DNS over one TCP connection: messages with a length of two bytes before each, as many as the peer sends.
 * A peer that announces too much or sends nothing for a while is cut off. @see https://www.rfc-editor.org/rfc/rfc7766
 */
export function serveTcp(socket: Socket, answer: (message: Buffer, address: string, transport: 'tcp') => Buffer | undefined): void {
  let pending: Buffer = Buffer.alloc(0)
  const close = (): void => {
    socket.destroy()
  }
  socket.setTimeout(idleMs, close)
  socket.on('error', close)
  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (pending.length >= lengthBytes) {
      const length = pending.readUInt16BE(0)
      if (length > messageBytesMax) return close()
      if (pending.length < lengthBytes + length) break
      const reply = answer(pending.subarray(lengthBytes, lengthBytes + length), socket.remoteAddress ?? '', 'tcp')
      pending = pending.subarray(lengthBytes + length)
      if (reply === undefined) return close()
      const head = Buffer.alloc(lengthBytes)
      head.writeUInt16BE(reply.length, 0)
      // A peer that asks without reading would have us keep its answers.
      if (!socket.write(Buffer.concat([head, reply]))) return close()
    }
    return undefined
  })
}
