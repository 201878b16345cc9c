import { type ClientRequest, type IncomingMessage, request as openRequest } from 'node:http'
import { request as openTlsRequest } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { internalHeaders, type UpgradeResponse } from '../../ingress/index.ts'
import { type AttemptOptions, codeOf, regionsOf } from './attempt.ts'
import { endToEndResponseHeaders } from './hop-headers.ts'
import { FrameBoundary } from './frame-boundary.ts'
import { hopLimits } from './hop-limits.ts'

/** A close frame with code 1001. */
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9])

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
  #beganMs = 0
  #isOver = false
  /** Once the node has switched. */
  #switched: { readonly client: Socket; readonly node: Socket; readonly boundary: FrameBoundary } | undefined

  constructor(options: UpgradeAttemptOptions) {
    this.#options = options
  }

  /** Whether the node may have the request. */
  get isBegun(): boolean {
    return this.#begun
  }

  start(): void {
    const { request: { target, headers }, upstream } = this.#options
    const { hostname, port, protocol } = new URL(upstream.origin)
    const host = hostname.replaceAll(/[[\]]/g, '')
    const isTls = protocol === 'https:'
    upstream.inFlight += 1
    upstream.pending.add(this)
    const request = (isTls ? openTlsRequest : openRequest)({
      hostname: host, port, ...(isTls ? { servername: isIP(host) === 0 ? host : '', ...(upstream.ca === undefined ? {} : { ca: upstream.ca }) } : {}), method: 'GET', path: target, agent: false, timeout: hopLimits.connectTimeoutMs,
      maxHeaderSize: hopLimits.headBytes,
      headers: [...headers, 'connection', 'Upgrade', 'upgrade', 'websocket'],
    })
    this.#request = request
    request.once('socket', (socket) => socket.once(isTls ? 'secureConnect' : 'connect', () => {
      this.#begun = true
      this.#beganMs = performance.now()
      this.#options.onBegin()
      request.setTimeout(hopLimits.headersTimeoutMs)
    }))
    request.once('timeout', () => request.destroy(new Error('the node does not answer')))
    request.once('upgrade', (answer, node, head) => this.#switch(answer, node, head))
    request.once('response', (answer) => this.#answer(answer))
    request.on('error', (error) => {
      if (this.#settle()) this.#options.onFailed(this.#begun ? 'begun' : 'unsent', error)
    })
    request.end()
  }

  /** Nobody wants its answer any more: the node shall know. No callback follows. */
  abort(): void {
    this.#settle()
    this.#request?.destroy()
  }

  onNodeDown(): void {
    this.#options.onNodeDown()
  }

  /** The node will not answer. */
  giveUpOnNode(): void {
    this.#request?.destroy(new Error('the node is silent'))
  }

  #switch(answer: IncomingMessage, node: Socket, head: Buffer): void {
    if (this.#isOver) {
      node.destroy()
      return
    }
    const headers = this.#passOn(101, answer)
    const { upstream, response } = this.#options
    const { connection: client, early } = response.take()
    let text = 'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n'
    for (let index = 0; index < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`
    client.write(`${text}\r\n`, 'latin1')
    client.write(head)
    node.write(early)
    const boundary = new FrameBoundary()
    boundary.add(head)
    node.on('data', (chunk: Buffer) => boundary.add(chunk))
    this.#switched = { client, node, boundary }
    upstream.sockets.add(this)
    for (const [from, to] of [[client, node], [node, client]] as const) {
      from.pipe(to)
      from.setNoDelay(true)
      from.setTimeout(hopLimits.socketIdleMs, () => from.destroy())
      from.on('error', () => from.destroy())
      from.once('close', () => {
        to.destroySoon()
        upstream.sockets.delete(this)
        if (this.#settle()) this.#options.onOver(101, true)
      })
    }
  }

  /** This end goes away: the client is told by 1001, where no message is in the middle, and its answer tells the node. Cut off soon after. */
  goAway(): void {
    if (this.#switched === undefined) return
    const { client, node, boundary } = this.#switched
    if (boundary.isBetween) {
      node.unpipe(client)
      node.resume()
      client.write(goingAway)
    }
    setTimeout(() => client.destroy(), hopLimits.goodbyeMs).unref()
  }

  /** No WebSocket: an answer like any other, after which both connections end. */
  #answer(answer: IncomingMessage): void {
    const { response, mayMoveOn, onRefused, onOver } = this.#options
    const status = answer.statusCode ?? 502
    if (this.#isOver) return
    const notBegun = answer.headers[internalHeaders.notBegun]
    const code = codeOf(answer.headers)
    if (notBegun !== undefined && mayMoveOn(notBegun === 'busy', code)) {
      this.#settle()
      answer.destroy()
      onRefused(notBegun === 'busy', code)
      return
    }
    const headers = this.#passOn(status, answer)
    if (answer.headers.date !== undefined) response.sendDate = false
    response.writeHead(status, answer.statusMessage ?? '', headers)
    answer.pipe(response)
    answer.once('close', () => {
      if (!answer.complete) response.destroy()
      if (this.#settle()) onOver(status, answer.complete)
    })
  }

  /** The headers of an answer as the client gets them. It is never asked for twice at a time, so that the head is the client's. */
  #passOn(status: number, { headers, rawHeaders }: IncomingMessage): string[] {
    const { upstream, onHead, keepsCookie } = this.#options
    upstream.heads += 1
    upstream.pending.delete(this)
    const added = onHead(status, codeOf(headers), performance.now() - this.#beganMs, regionsOf(headers))
    return [...endToEndResponseHeaders(rawHeaders, keepsCookie), ...(added ?? [])]
  }

  /** Whether it was not over yet. */
  #settle(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#options.upstream.inFlight -= 1
    this.#options.upstream.pending.delete(this)
    return true
  }
}
