import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { handshakeTimeoutMs, protocolSettings } from './settings.ts'

/** Connects to a host, where it may be connected to. */
export type ConnectSocket = (
  to: { readonly protocol: string; readonly hostname: string; readonly port: string },
  done: (error: Error | null, socket: Socket | null) => void,
) => void

export interface OpeningEvents {
  /** The handshake succeeded. `socket` carries it. */
  onOpen(webSocket: WebSocket, socket: Socket, headers: readonly string[]): void
  /** The answer was another than 101. */
  onResponse(response: IncomingMessage): void
  onFailed(error: Error): void
}

/** Headers that the handshake makes itself. */
const ownHeaders = new Set(['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions', 'sec-websocket-accept', 'sec-websocket-protocol'])

/**
 * Opens a WebSocket to an http or https URL. Answers with how to give it up: no event follows then.
 * @see https://www.rfc-editor.org/rfc/rfc6455#section-4.1
 */
export function openWebSocket(url: URL, headers: readonly string[], connect: ConnectSocket, events: OpeningEvents): () => void {
  let carrier: Socket | undefined
  let answer: IncomingMessage | undefined
  let isOver = false
  const settle = (): boolean => {
    const wasOver = isOver
    isOver = true
    return !wasOver
  }
  const webSocket = new WebSocket(`ws${url.href.slice(4)}`, protocolsOf(headers), {
    ...protocolSettings, handshakeTimeout: handshakeTimeoutMs, followRedirects: false, headers: toRecord(headers),
    createConnection: ((_options: unknown, done: (error: Error | null, socket?: Socket) => void) => {
      connect({ protocol: url.protocol, hostname: url.hostname, port: url.port }, (error, socket) => {
        if (socket === null || isOver) {
          socket?.destroy()
          done(error ?? new Error('no longer wanted'))
          return
        }
        carrier = socket
        done(null, socket)
      })
    }) as never,
  })
  webSocket.once('upgrade', (response) => {
    answer = response
  })
  webSocket.once('open', () => {
    if (carrier !== undefined && settle()) events.onOpen(webSocket, carrier, rawPairs(answer))
  })
  webSocket.once('unexpected-response', (request: ClientRequest, response) => {
    if (settle()) events.onResponse(response)
    else request.destroy()
  })
  webSocket.on('error', (error) => {
    if (settle()) events.onFailed(error)
  })
  return () => {
    if (settle()) webSocket.terminate()
  }
}

function protocolsOf(headers: readonly string[]): string[] {
  const protocols: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== 'sec-websocket-protocol') continue
    for (const protocol of (headers[index + 1] ?? '').split(',')) protocols.push(protocol.trim())
  }
  return protocols
}

function toRecord(headers: readonly string[]): Record<string, string | string[]> {
  const record = Object.create(null) as Record<string, string | string[]>
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    if (ownHeaders.has(name)) continue
    const before = record[name]
    const value = headers[index + 1] ?? ''
    record[name] = before === undefined ? value : [before, value].flat()
  }
  return record
}

/** Names in lower case. */
export function rawPairs(response: IncomingMessage | undefined): string[] {
  return (response?.rawHeaders ?? []).map((field, index) => (index % 2 === 0 ? field.toLowerCase() : field))
}
