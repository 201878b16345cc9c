import type { Socket } from 'node:net'

/** From one message to the end of the next. Bytes that drip in do not lengthen it. */
const messageMsMax = 10_000
/** Of one address: a few clients shall not have all the connections there are. */
const connectionsPerClientMax = 32
/** No query of ours needs more. */
const messageBytesMax = 4_096
const lengthBytes = 2

type AnswerTcp = (message: Buffer, address: string, transport: 'tcp') => Buffer | undefined

/** Makes what serves each new connection. */
export function createTcpService(answer: AnswerTcp): (socket: Socket) => void {
  const byClient = new Map<string, number>()
  return (socket) => {
    const address = socket.remoteAddress ?? ''
    const open = byClient.get(address) ?? 0
    if (open >= connectionsPerClientMax) {
      socket.destroy()
      return
    }
    byClient.set(address, open + 1)
    socket.once('close', () => {
      const left = (byClient.get(address) ?? 1) - 1
      if (left === 0) byClient.delete(address)
      else byClient.set(address, left)
    })
    serveTcp(socket, answer)
  }
}

/**
 * Serves DNS over one TCP connection: messages with a length of two bytes before each, as many as the peer sends.
 * A peer that announces too much, or whose next message is not there in time, is cut off. @see https://www.rfc-editor.org/rfc/rfc7766
 */
function serveTcp(socket: Socket, answer: AnswerTcp): void {
  let pending: Buffer = Buffer.alloc(0)
  const close = (): void => {
    socket.destroy()
  }
  const deadline = setTimeout(close, messageMsMax)
  socket.once('close', () => clearTimeout(deadline))
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
      deadline.refresh()
      const head = Buffer.alloc(lengthBytes)
      head.writeUInt16BE(reply.length, 0)
      // A peer that asks without reading would have us keep its answers.
      if (!socket.write(Buffer.concat([head, reply]))) return close()
    }
    return undefined
  })
}
