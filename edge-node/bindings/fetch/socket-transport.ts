import type { IncomingMessage } from 'node:http'
import { SkerryError } from '../../../errors/index.ts'
import type { HeldBytes } from '../held-bytes.ts'
import { type ConnectSocket, openWebSocket, rawPairs, type WireEvents, WireSocket } from '../websocket/index.ts'
import { toSubrequestError } from './network-transport.ts'
import type { Transport, TransportControl, TransportEvents, TransportRequest } from './transport.ts'

/** A transport that asks for a WebSocket over the network, for a function of `account`. `connect` guards where it connects to. */
export function createSocketTransport(connect: ConnectSocket, account: string, unfinished: HeldBytes): Transport {
  return (request, events) => new SocketExchange(connect, account, unfinished, request, events)
}

class SocketExchange implements TransportControl, WireEvents {
  readonly #events: TransportEvents
  readonly #giveUp: () => void
  #wire: WireSocket | undefined
  /** The answer, where it is no WebSocket. */
  #response: IncomingMessage | undefined
  /** Bytes that were written and are not on their way yet. */
  #undrained = 0
  #isOver = false

  constructor(connect: ConnectSocket, account: string, unfinished: HeldBytes, request: TransportRequest, events: TransportEvents) {
    this.#events = events
    this.#giveUp = openWebSocket(request.url, request.headers, connect, {
      onOpen: (webSocket, socket, headers) => {
        this.#wire = new WireSocket(webSocket, socket, account, unfinished, this)
        events.onHead(101, 'Switching Protocols', headers)
      },
      onResponse: (response) => this.#answer(response),
      onFailed: (cause) => this.#fail(toSubrequestError(cause, request.url)),
    })
  }

  onBytes(chunk: Uint8Array): boolean {
    return this.#isOver || this.#events.onChunk(chunk)
  }

  onDrain(): void {
    const bytes = this.#undrained
    this.#undrained = 0
    if (bytes > 0 && !this.#isOver) this.#events.onConsumed(bytes)
  }

  onOver(error: SkerryError | undefined): void {
    if (error === undefined) this.#end()
    else this.#fail(error)
  }

  write(chunk: Uint8Array): void {
    const wire = this.#wire
    if (wire === undefined || this.#isOver) return
    if (wire.write(chunk)) this.#events.onConsumed(chunk.length)
    else this.#undrained += chunk.length
  }

  end(): void {
    // A function closes by a message.
  }

  resume(): void {
    this.#wire?.resume()
    this.#response?.resume()
  }

  abort(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#giveUp()
    this.#response?.destroy()
    // The function, or its request, is over.
    this.#wire?.close(1001, '')
    this.#wire?.leave()
  }

  /** No WebSocket: an answer like any other. */
  #answer(response: IncomingMessage): void {
    this.#response = response
    response.on('data', (chunk: Buffer) => {
      if (!this.#isOver && !this.#events.onChunk(chunk)) response.pause()
    })
    response.on('end', () => this.#end())
    response.on('error', (cause) => this.#fail(new SkerryError('subrequest_failed', 'The answer broke off.', { cause })))
    response.on('close', () => this.#fail(new SkerryError('subrequest_failed', 'The answer broke off.')))
    this.#events.onHead(response.statusCode ?? 502, response.statusMessage ?? '', rawPairs(response))
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.onEnd()
  }

  #fail(error: SkerryError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.onError(error)
  }
}
