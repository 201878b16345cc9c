import { createSocket } from 'node:dgram'

/** The least that a DNS server by node:dgram can do: sends each query back as its own answer. What Skerry needs more is Skerry's. */
const socket = createSocket({
  type: 'udp4', recvBufferSize: 4 * 1024 * 1024,
  lookup: (address, _options, done) => done(null, address, 4),
})
socket.on('message', (message, peer) => {
  message.writeUInt8(0x84 | (message[2] ?? 0), 2)
  socket.send(message, peer.port, peer.address)
})
socket.bind(Number(process.argv[2]), '127.0.0.1')
