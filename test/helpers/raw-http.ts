import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Connects to the port of a URL on loopback. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** Everything that the server sends until it closes, as Latin-1. */
export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  if (!socket.closed) await once(socket, 'close')
  return text
}

/** Reads until the text matches. */
export async function readUntil(socket: Socket, pattern: RegExp): Promise<string> {
  let text = ''
  while (!pattern.test(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    text += chunk.toString('latin1')
  }
  return text
}

/** Sends raw bytes and reads the answer until the server closes; say `Connection: close` in what is sent. */
export async function exchangeRaw(url: string, request: string): Promise<string> {
  const socket = await openSocket(url)
  const answer = readAll(socket)
  socket.write(request, 'latin1')
  return answer
}
