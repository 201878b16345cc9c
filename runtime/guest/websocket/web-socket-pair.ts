import { Inbox } from './inbox.ts'
import { createSocket, type WebSocket } from './web-socket.ts'

/**
 * Two sockets that are each other's peer, as on Cloudflare Workers: one is accepted, the other answers a request with status 101.
 * https://developers.cloudflare.com/workers/runtime-apis/websockets/
 */
export class WebSocketPair {
  readonly 0: WebSocket
  readonly 1: WebSocket

  constructor() {
    const first = new Inbox()
    const second = new Inbox()
    this[0] = createSocket({ inbox: first, outbox: second, protocol: '' })
    this[1] = createSocket({ inbox: second, outbox: first, protocol: '' })
  }
}
