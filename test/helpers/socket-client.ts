import { once } from 'node:events'
import { WebSocket } from 'ws'
import { lookupWithLocalhost } from '../../sdk/client/index.ts'
import { hostOf } from './test-cluster.ts'

/** A WebSocket of a client, which keeps what it hears. */
export interface SocketClient {
  readonly socket: WebSocket
  /** The answer's head, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The next message, as text or bytes. Rejects where it closes before. */
  next(): Promise<string | Buffer>
  /** Code and reason. */
  readonly closed: Promise<readonly [number, string]>
}

/** Opens a WebSocket to a function behind a door. Rejects where the handshake fails. */
export async function openSocketClient(door: string, functionName: string, path: string, protocols: readonly string[] = []): Promise<SocketClient> {
  const url = new URL(path, door)
  url.protocol = 'ws:'
  const socket = new WebSocket(url, [...protocols], { headers: { host: hostOf(door, functionName) }, lookup: lookupWithLocalhost })
  const messages: (string | Buffer)[] = []
  let wake = (): void => undefined
  let headers: SocketClient['headers'] = {}
  let ending: string | undefined
  socket.on('message', (data: Buffer, isBinary) => {
    messages.push(isBinary ? data : data.toString())
    wake()
  })
  socket.once('upgrade', (response) => {
    headers = response.headers
  })
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.once('close', (code, reason) => {
      ending = `${code} ${reason.toString()}`
      wake()
      resolve([code, reason.toString()])
    })
  })
  await once(socket, 'open')
  socket.on('error', () => undefined)
  return {
    socket, headers, closed,
    async next() {
      for (;;) {
        const message = messages.shift()
        if (message !== undefined) return message
        if (ending !== undefined) throw new Error(`the socket closed: ${ending}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}
