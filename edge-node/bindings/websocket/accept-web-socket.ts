import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { SkerryError } from '../../../errors/index.ts'
import { protocolSettings } from './settings.ts'

/**
 * Whether a request asks for a WebSocket, well or badly. One that has a body does not: it is a request like others, whose body is read before
 * anything that follows it.
 */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  const hasBody = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && !hasBody
}

/**
 * Checks what a client asks a WebSocket by. Throws `upgrade_required` for another version than 13 and `bad_request`.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
 */
export function checkHandshake({ headers }: IncomingMessage): void {
  if (headers['sec-websocket-version'] !== '13') {
    throw new SkerryError('upgrade_required', 'The only version of WebSocket that is offered is 13.', { field: 'sec-websocket-version' })
  }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    throw new SkerryError('bad_request', 'Sec-WebSocket-Key is not 16 bytes in base64.', { field: 'sec-websocket-key' })
  }
}

/**
 * Answers a handshake that passed `checkHandshake` with 101 and these headers. Undefined where the client is gone. `early` is what it sent
 * already.
 */
export function acceptWebSocket(request: IncomingMessage, socket: Socket, early: Buffer, headers: readonly string[]): WebSocket | undefined {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, ...protocolSettings, handleProtocols: () => false })
  server.on('headers', (lines) => {
    for (let index = 0; index < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`)
  })
  let accepted: WebSocket | undefined
  server.handleUpgrade(request, socket, early, (webSocket) => {
    accepted = webSocket
  })
  // It was paused while nobody had it.
  socket.resume()
  return accepted
}
