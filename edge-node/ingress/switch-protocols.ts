import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http'
import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { acceptWebSocket } from '../bindings/websocket/index.ts'
import type { UpgradeResponse } from './upgrade-response.ts'

export interface AcceptedSocket {
  readonly webSocket: WebSocket
  readonly connection: Socket
}

/** Headers that the handshake decides. */
const decided = new Set(['sec-websocket-accept', 'sec-websocket-extensions', 'sec-websocket-key', 'sec-websocket-version'])

/** Answers with 101 and these headers. Undefined where the client is gone. Throws a TypeError, before anything is written, for what is no header. */
export function switchProtocols(request: IncomingMessage, response: UpgradeResponse, headers: readonly string[]): AcceptedSocket | undefined {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const [name = '', value = ''] = headers.slice(index, index + 2)
    validateHeaderName(name)
    validateHeaderValue(name, value)
    if (!decided.has(name)) kept.push(name, value)
  }
  const { connection, early } = response.take()
  const webSocket = acceptWebSocket(request, connection, early, kept)
  if (webSocket === undefined) connection.destroy()
  return webSocket === undefined ? undefined : { webSocket, connection }
}
