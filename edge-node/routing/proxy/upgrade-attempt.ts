import { type ClientRequest, type IncomingMessage, request as openRequest } from 'node:http'
import { request as openTlsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { internalHeaders, type UpgradeResponse } from '../../ingress/index.ts'
import type { AttemptOptions } from './attempt.ts'
import { endToEndResponseHeaders } from './hop-headers.ts'
import { hopLimits } from './upstreams.ts'

/** As `Attempt`, for a request for a WebSocket. */
export interface UpgradeAttemptOptions extends AttemptOptions {
  readonly response: UpgradeResponse
}

/**
 * One request for a WebSocket on its way to one node: once the node has switched, bytes pass as they stand, each way at the pace of who
 * reads; either end takes the other with it. Nodes ping, so that a connection on which nothing passes is dead.
 */
export class UpgradeAttempt {
  readonly #options: UpgradeAttemptOptions
  #request: ClientRequest | undefined
  #begun = false
  #isOver = false

  constructor(options: UpgradeAttemptOptions) {
    this.#options = options
  }

  start(): void {
    const { request: { target, headers }, upstream } = this.#options
    const { hostname, port, protocol } = new URL(upstream.origin)
    const host = hostname.replaceAll(/[[\]]/g, '')
    const isTls = protocol === 'https:'
    upstream.inFlight += 1
    const request = (isTls ? openTlsRequest : openRequest)({
      hostname: host, port, ...(isTls ? { servername: isIP(host) === 0 ? host : '', ...(upstream.ca === undefined ? {} : { ca: upstream.ca }) } : {}), method: 'GET', path: target, agent: false, timeout: hopLimits.connectTimeoutMs,
      maxHeaderSize: hopLimits.headBytes,
      headers: [...headers, 'connection', 'Upgrade', 'upgrade', 'websocket'],
    })
    this.#request = request
    request.once('socket', (socket) => socket.once(isTls ? 'secureConnect' : 'connect', () => {
      this.#begun = true
      request.setTimeout(hopLimits.headersTimeoutMs)
    }))
    request.once('timeout', () => request.destroy(new Error('the node does not answer')))
    request.once('upgrade', (answer, node, head) => this.#switch(answer, node, head))
    request.once('response', (answer) => this.#answer(answer))
    request.on('error', (error) => {
      if (this.#settle()) this.#options.onFailed(this.#begun, error)
    })
    request.end()
  }

  /** The client is gone: the node shall know. No callback follows. */
  abort(): void {
    this.#settle()
    this.#request?.destroy()
  }

  #switch(answer: IncomingMessage, node: Socket, head: Buffer): void {
    if (this.#isOver) {
      node.destroy()
      return
    }
    const { connection: client, early } = this.#options.response.take()
    let text = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n'
    const headers = endToEndResponseHeaders(answer.rawHeaders)
    for (let index = 0; index < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`
    client.write(`${text}\r\n`, 'latin1')
    client.write(head)
    node.write(early)
    for (const [from, to] of [[client, node], [node, client]] as const) {
      from.pipe(to)
      from.setNoDelay(true)
      from.setTimeout(hopLimits.socketIdleMs, () => from.destroy())
      from.on('error', () => from.destroy())
      from.once('close', () => {
        to.destroySoon()
        if (this.#settle()) this.#options.onOver(101, true)
      })
    }
  }

  /** No WebSocket: an answer like any other, after which both connections end. */
  #answer(answer: IncomingMessage): void {
    const { response, mayMoveOn, onRefused, onOver } = this.#options
    const status = answer.statusCode ?? 502
    if (this.#isOver) return
    const notBegun = answer.headers[internalHeaders.notBegun]
    if (notBegun !== undefined && mayMoveOn(notBegun === 'busy')) {
      this.#settle()
      answer.destroy()
      onRefused(notBegun === 'busy')
      return
    }
    if (answer.headers.date !== undefined) response.sendDate = false
    response.writeHead(status, answer.statusMessage ?? '', endToEndResponseHeaders(answer.rawHeaders))
    answer.pipe(response)
    answer.once('close', () => {
      if (!answer.complete) response.destroy()
      if (this.#settle()) onOver(status, answer.complete)
    })
  }

  /** Whether it was not over yet. */
  #settle(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#options.upstream.inFlight -= 1
    return true
  }
}
