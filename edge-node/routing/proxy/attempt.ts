import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { releaseOf } from '../../../runtime/supervisor/index.ts'
import { cutUnread, internalHeaders, regionsHeader, unreadLimits } from '../../ingress/index.ts'
import type { UnreadHolder, UnreadBytes } from '../../protection/index.ts'
import { endToEndResponseHeaders } from './hop-headers.ts'
import type { ConnectionWaiter, NodeConnection } from './node-connections.ts'
import type { ProxyRequest } from './proxy-request.ts'
import type { Upstream } from './upstreams.ts'

/** `unsent`: there was no connection. `stale`: a kept one turned out to be closed before anything was sent. `begun`: the node may have the request. */
export type HowFailed = 'unsent' | 'stale' | 'begun'

export interface AttemptOptions {
  readonly request: ProxyRequest
  readonly upstream: Upstream
  readonly response: ServerResponse
  /** Whether a refusal may be swallowed, because the request can go elsewhere; `isBusy` where that costs others something. */
  readonly mayMoveOn: (isBusy: boolean, code: string | undefined) => boolean
  /** Which `set-cookie` of the answer the client gets; all unless given. */
  readonly keepsCookie: ((setCookie: string) => boolean) | undefined
  /** Counts what the client has yet to take. */
  readonly held: UnreadBytes
  /** A connection is there: from now on the node may have the request. */
  readonly onBegin: () => void
  /** The node is down, and no head has come. */
  readonly onNodeDown: () => void
  /** An answer's head, `tookMs` after the attempt began: headers to be added where it is the one that the client gets, otherwise undefined. */
  readonly onHead: (status: number, code: string | undefined, tookMs: number, regions: string | undefined) => readonly string[] | undefined
  /** The node vouched that nothing ran, and the answer was swallowed; `isBusy` where it had too much to do, `code` its `x-skerry-error`. */
  readonly onRefused: (isBusy: boolean, code: string | undefined) => void
  /** No head came. */
  readonly onFailed: (how: HowFailed, error: Error) => void
  /** The head went to the client and this is the end of it; `complete` false where the connection had to be broken off. */
  readonly onOver: (status: number, complete: boolean) => void
}

/** A swallowed refusal longer than this costs its connection. */
const swallowedBytesMax = 64 * 1024

/** Above it, turning bytes into text costs more than a second write. */
const singleWriteBytesMax = 16 * 1024

type State = 'waiting' | 'streaming' | 'swallowing' | 'over'

/** One request on its way to one node: undici's handler on one side, Node's response on the other. */
export class Attempt implements Dispatcher.DispatchHandler, ConnectionWaiter, UnreadHolder {
  readonly #options: AttemptOptions
  #state: State = 'waiting'
  #connection: NodeConnection | undefined
  #controller: Dispatcher.DispatchController | undefined
  /** The node closes the connection after this answer. */
  #isLast = false
  #beganMs = 0
  #aborted = false
  #status = 0
  #swallowedBytes = 0
  #awaitsDrain = false
  #unread: NodeJS.Timeout | undefined
  /** Length of the body as announced, until its first chunk. */
  #promisedBytes: number | undefined

  constructor(options: AttemptOptions) {
    this.#options = options
  }

  /** Whether the node may have the request. */
  get isBegun(): boolean {
    return this.#connection !== undefined
  }

  start(): void {
    const { upstream } = this.#options
    upstream.inFlight += 1
    upstream.pending.add(this)
    upstream.connections.acquire(this)
  }

  onConnection(connection: NodeConnection): void {
    const { request, onBegin } = this.#options
    this.#connection = connection
    this.#beganMs = performance.now()
    onBegin()
    connection.dispatch({ method: request.method, path: request.target, headers: request.headers, body: request.body?.open() ?? null, blocking: false }, this)
  }

  onNoConnection(error: Error): void {
    if (this.#settle()) this.#options.onFailed('unsent', error)
  }

  /** Nobody wants its answer any more: the node shall know. No callback follows. */
  abort(): void {
    this.#aborted = true
    if (this.#connection !== undefined) {
      this.#controller?.abort(new Error('the answer is not wanted'))
      return
    }
    this.#options.upstream.connections.cancel(this)
    this.#settle()
  }

  onNodeDown(): void {
    this.#options.onNodeDown()
  }

  /** The node will not answer. */
  giveUpOnNode(): void {
    this.#controller?.abort(new Error('the node is silent'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    const { request } = this.#options
    if (this.#aborted) controller.abort(new Error('the answer is not wanted'))
    else if (request.body?.isAwaited === true) this.#connection?.sendHead(request)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders, statusText?: string): void {
    if (this.#aborted) return
    const { response, upstream, mayMoveOn, onHead, onRefused, keepsCookie } = this.#options
    if (status < 200) {
      if (status === 103 && headers['link'] !== undefined) response.writeEarlyHints({ link: headers['link'] })
      return
    }
    upstream.heads += 1
    upstream.pending.delete(this)
    this.#isLast = headers.connection?.toLowerCase() === 'close'
    const code = codeOf(headers)
    const notBegun = headers[internalHeaders.notBegun]
    if (notBegun !== undefined && mayMoveOn(notBegun === 'busy', code)) {
      this.#state = 'swallowing'
      onRefused(notBegun === 'busy', code)
      return
    }
    const added = onHead(status, code, performance.now() - this.#beganMs, regionsOf(headers))
    if (added === undefined) {
      this.abort()
      return
    }
    this.#status = status
    this.#state = 'streaming'
    if (headers.date !== undefined) response.sendDate = false
    const passed = endToEndResponseHeaders(controller.rawHeaders, keepsCookie)
    if (added.length > 0) passed.push(...added)
    response.writeHead(status, statusText ?? '', passed)
    // The head must not wait for the first chunk of a stream, but goes out in one write with a short body.
    if (headers['content-length'] === undefined) response.flushHeaders()
    else this.#promisedBytes = Number(headers['content-length'])
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === 'swallowing') {
      this.#swallowedBytes += chunk.length
      if (this.#swallowedBytes > swallowedBytesMax) controller.abort(new Error('the refusal is too long'))
      return
    }
    const { response } = this.#options
    if (this.#aborted) return
    if (chunk.length === this.#promisedBytes && chunk.length <= singleWriteBytesMax) {
      // The whole body in one piece: as Latin-1 text it leaves in one write with the head, byte for byte.
      response.end(chunk.toString('latin1'), 'latin1')
      return
    }
    // Where it was to pause, undici's parser tells of nothing once more when it goes on.
    if (chunk.length === 0) return
    this.#promisedBytes = undefined
    // Corked only so that it is written now rather than behind this turn: what the system took nobody has to wait for.
    response.cork()
    const isBelowMark = response.write(chunk, releaseOf(chunk))
    response.uncork()
    if (isBelowMark || response.writableLength === 0) return
    this.#options.held.add(this, this.#awaitsDrain ? chunk.length : response.writableLength)
    if (this.#awaitsDrain || this.#state === 'over') return
    this.#awaitsDrain = true
    controller.pause()
    this.#unread = setTimeout(() => this.giveUp(), unreadLimits.idleMs)
    response.once('drain', () => {
      this.#rest()
      controller.resume()
    })
  }

  /** The host that the client asks for: it stands for the function. */
  get party(): string {
    const { headers } = this.#options.request
    return headers[headers.indexOf('host') + 1] ?? ''
  }

  /** The client does not read. */
  giveUp(): void {
    this.#controller?.abort(new Error('the client does not read its answer'))
  }

  onResponseEnd(): void {
    const isHeard = this.#settle()
    if (!this.#isLast) this.#connection?.release()
    if (!isHeard) return
    const { response, held, onOver } = this.#options
    if (!response.writableEnded) response.end()
    cutUnread(response, { ...unreadLimits, held, party: this.party })
    onOver(this.#status, true)
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    const wasWaiting = this.#state === 'waiting'
    if (!this.#settle()) return
    if (wasWaiting) return this.#options.onFailed(this.#controller === undefined ? 'stale' : 'begun', error)
    // The status is out already: only a broken connection tells the client that this is not the whole answer.
    this.#options.response.destroy()
    this.#options.onOver(this.#status, false)
  }

  /** Whether somebody still waits for the end of it. */
  #settle(): boolean {
    if (this.#state === 'over') return false
    const heard = this.#state !== 'swallowing' && !this.#aborted
    this.#state = 'over'
    this.#rest()
    const { upstream } = this.#options
    upstream.inFlight -= 1
    upstream.pending.delete(this)
    return heard
  }

  /** Nothing is held for the client any more. */
  #rest(): void {
    this.#awaitsDrain = false
    clearTimeout(this.#unread)
    this.#options.held.clear(this)
  }
}

/** The error that a node tells of. */
export function codeOf(headers: IncomingHttpHeaders): string | undefined {
  const code = headers['x-skerry-error']
  return typeof code === 'string' ? code : undefined
}

/** In which regions all may run that the host leads to, as the node tells. */
export function regionsOf(headers: IncomingHttpHeaders): string | undefined {
  const regions = headers[regionsHeader]
  return typeof regions === 'string' ? regions : undefined
}
