import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Responder } from './responder.ts'

/** Room for what arrives while the process does something else; the system may allow less. */
const receiveBytes = 4 * 1024 * 1024

/** Answers that the network has yet to take, where it takes fewer than are asked for: what is asked beyond is dropped, as by a full buffer. */
const unsentBytesMax = 4 * 1024 * 1024

/** Answers DNS over UDP at one address. Rejects with the system's error where it can not be had. */
export async function serveUdp(host: string, port: number, responder: Pick<Responder, 'answer'>): Promise<Socket> {
  const family = isIPv6(host) ? 6 : 4
  const socket = createSocket({
    type: `udp${family}`, recvBufferSize: receiveBytes,
    // Addresses are never names here, and looking one up costs a turn of the event loop for each answer.
    lookup: (address, _options, done) => done(null, address, family),
  })
  socket.on('message', (message, peer) => {
    // Nobody asks from port 0 but forgers, and it can not be sent to.
    if (peer.port === 0 || socket.getSendQueueSize() > unsentBytesMax) return
    const reply = responder.answer(message, peer.address, 'udp')
    if (reply !== undefined) socket.send(reply, peer.port, peer.address)
  })
  try {
    // Without a look-up it listens before `bind` is over.
    const listening = once(socket, 'listening')
    socket.bind(port, host)
    await listening
  } catch (error) {
    socket.close()
    throw error
  }
  // Of an answer that could not be sent: the asker will ask again, and the socket lives on.
  socket.on('error', () => undefined)
  return socket
}
