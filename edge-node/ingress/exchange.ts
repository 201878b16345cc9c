import type { IncomingMessage, ServerResponse } from 'node:http'
import { SkerryError } from '../../errors/index.ts'
import type {
  FunctionRequest, FunctionResponseHead, Release, RequestControl, ResponseHandler, Runtime,
} from '../../runtime/supervisor/index.ts'
import type { OpenSockets, OpenStream } from '../bindings/websocket/index.ts'
import type { UnreadHolder, Protection } from '../protection/index.ts'
import type { AccountGate } from '../quotas/index.ts'
import { answerProblem, isBusy, notBegunOf } from './problem-answer.ts'
import { RequestBodyPump } from './request-body.ts'
import { buildResponseHead, type ForwardedBy, isBodyless, type OutgoingHead } from './response-head.ts'
import type { RoutedVersion } from './runnable-version.ts'
import { ServedSocket } from './served-socket.ts'
import { switchProtocols } from './switch-protocols.ts'
import { cutUnread, unreadLimits } from './unread-answer.ts'
import { UpgradeResponse } from './upgrade-response.ts'

/** What one request needs of the node around it. */
export interface ExchangeContext {
  readonly requestId: string
  readonly startedMs: number
  readonly node: string
  readonly region: string
  readonly domain: string
  readonly nodeHost?: string | undefined
  readonly version: RoutedVersion
  readonly affinityCookie: string | undefined
  /** Refusals before the function began say so (internal listener). */
  readonly tellsNotBegun: boolean
  /**
   * Where nothing of the request ran, and it can be sent on whole: gives it to another node, which answers in this one's place. False where
   * this node has to answer.
   */
  readonly goElsewhere?: ((error: SkerryError) => boolean) | undefined
  /** See `ResponseHeadContext`. */
  readonly regions?: readonly string[] | undefined
  readonly forwarded?: ForwardedBy | undefined
  readonly placement?: 'local' | 'remote' | undefined
  readonly isDraining: () => boolean
  readonly sockets: OpenSockets
  readonly protection: Protection
  /** Where the account's requests are counted, this one among them; undefined where they are not. */
  readonly gate: AccountGate | undefined
  readonly report: (event: ExchangeEvent) => void
}

/** What is worth counting or telling about an exchange. */
export type ExchangeEvent =
  | { readonly kind: 'head'; readonly head: FunctionResponseHead; readonly totalMs: number }
  | { readonly kind: 'failure'; readonly error: SkerryError; readonly afterHead: boolean }
  | { readonly kind: 'cookies_dropped'; readonly count: number }
  /** Exactly once, last. `headMs`: when the answer's head, of this status, was there; undefined where none came. */
  | { readonly kind: 'over'; readonly code: string; readonly totalMs: number; readonly status: number | undefined; readonly headMs: number | undefined }

/** Small bodies go out in one piece with their head. */
const singleWriteBytesMax = 16 * 1024
/** What a client still sends after its answer is read for so long. */
const lingerMs = 2_000

/** One request on its way through the runtime and back: the node's side of `ResponseHandler`. */
export class Exchange implements ResponseHandler, UnreadHolder, OpenStream {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #context: ExchangeContext
  #control: RequestControl | undefined
  #pump: RequestBodyPump | undefined
  /** Once the answer was a WebSocket. */
  #socket: ServedSocket | undefined
  #unread: NodeJS.Timeout | undefined
  #isOver = false
  #hasHead = false
  #status: number | undefined
  #headMs: number | undefined
  #isDiscarding = false
  #promisedBytes: number | undefined
  #sentBytes = 0
  #isWaitingForDrain = false
  /** The runtime has it, and says when it counts no longer. */
  #isBegun = false

  constructor(request: IncomingMessage, response: ServerResponse, context: ExchangeContext) {
    this.#request = request
    this.#response = response
    this.#context = context
    response.on('close', () => this.#onClose())
  }

  /** Hands the request to the runtime. */
  start(runtime: Runtime, functionRequest: FunctionRequest): void {
    // Whoever is gone before it has its request begin.
    if (this.#isOver) return
    this.#isBegun = true
    const { runnable, requestBodyBytesMax } = this.#context.version
    const control = runtime.dispatch(runnable, functionRequest, this)
    this.#control = control
    if (this.#isOver) {
      control.abort()
    } else if (functionRequest.body === 'stream') {
      const { pace, uploads } = this.#context.protection
      this.#pump = new RequestBodyPump(this.#request, control, {
        bytesMax: requestBodyBytesMax, idleMs: runnable.limits.idleMs, pace,
        brake: uploads, queue: () => runtime.queueOf(runnable.key), fail: (error) => this.#break(error),
      })
    }
  }

  onHead(head: FunctionResponseHead, body: Uint8Array | undefined, hasMore: boolean): void {
    if (this.#isOver || this.#hasHead) return
    const { requestId, node, region, domain, nodeHost, version, affinityCookie } = this.#context
    const response = this.#response
    const totalMs = performance.now() - this.#context.startedMs
    const isHead = this.#request.method === 'HEAD'
    const wholeBytes = hasMore ? undefined : (body?.length ?? 0)
    let outgoing
    try {
      if (head.status === 101) {
        this.#switch(head, totalMs)
        return
      }
      outgoing = buildResponseHead(head, {
        requestId, node, region, version: version.runnable.version, domain, nodeHost, totalMs, affinityCookie, isHead, wholeBytes,
        closing: this.#context.isDraining(), regions: this.#context.regions, forwarded: this.#context.forwarded, placement: this.#context.placement,
      })
      if (head.statusText === '') response.writeHead(head.status, outgoing.headers)
      else response.writeHead(head.status, head.statusText, outgoing.headers)
    } catch (cause) {
      // What was refused would stay on the response and spoil the problem's head.
      response.statusMessage = ''
      this.#break(new SkerryError('no_response', 'The function answered with a head that is not valid HTTP.', { cause }))
      return
    }
    this.#reportHead(head, outgoing, totalMs)
    if (isHead || isBodyless(head.status)) {
      this.#isDiscarding = true
      response.end()
      // Nobody will read the rest; a function that has answered whole goes on undisturbed.
      if (hasMore) this.#control?.abort()
      this.#finish('ok')
    } else if (hasMore) {
      this.#context.sockets.addStream(this)
      this.#promisedBytes = outgoing.promisedBytes
      if (body !== undefined && body.length > 0) this.onChunk(body)
      else process.nextTick(() => this.#flushHead())
    } else {
      endWith(response, body)
      this.#finish('ok')
    }
  }

  onChunk(chunk: Uint8Array, release?: Release): boolean {
    if (this.#isOver || this.#isDiscarding) return true
    if (this.#socket !== undefined) return this.#socket.write(chunk)
    const sentBytes = this.#sentBytes + chunk.length
    if (this.#promisedBytes !== undefined && sentBytes > this.#promisedBytes) {
      this.#break(new SkerryError('no_response', 'The function sent more than its content-length.', {
        limit: this.#promisedBytes, used: sentBytes,
      }))
      return true
    }
    this.#sentBytes = sentBytes
    if (this.#response.write(chunk, release)) return true
    this.#context.protection.held.add(this, this.#isWaitingForDrain ? chunk.length : this.#response.writableLength)
    this.#waitForDrain()
    return false
  }

  onEnd(): void {
    if (this.#isOver) return
    if (this.#socket !== undefined) {
      this.#socket.end(undefined)
      return
    }
    if (this.#promisedBytes !== undefined && this.#sentBytes < this.#promisedBytes) {
      this.#break(new SkerryError('no_response', 'The function sent less than its content-length.', {
        limit: this.#promisedBytes, used: this.#sentBytes,
      }))
      return
    }
    this.#response.end()
    this.#finish('ok')
  }

  onError(error: SkerryError): void {
    this.#settle(error)
  }

  onSettled(): void {
    this.#context.gate?.leave(this.#context.version.runnable.functionName)
  }

  get account(): string {
    return this.#context.version.runnable.account
  }

  /** Whom it holds for what its client leaves unread. */
  get party(): string {
    return this.account
  }

  /** It may not run here any more. */
  breakOff(): void {
    this.#break(new SkerryError('no_healthy_node', 'The account of the function is held to other regions now.'))
  }

  /** The node holds too much for slow readers, and this one is the slowest. */
  giveUp(): void {
    this.#break(new SkerryError('overloaded', 'The client does not read its answer, and the node needs the room.'))
  }

  onDrain(): void {
    if (this.#socket === undefined) this.#pump?.resume()
    else this.#socket.resume()
  }

  /** The answer is a WebSocket. Throws where its head is not valid, or was not asked for. */
  #switch(head: FunctionResponseHead, totalMs: number): void {
    const { requestId, node, region, domain, nodeHost, version, affinityCookie, sockets } = this.#context
    const [request, response, control] = [this.#request, this.#response, this.#control]
    if (!(response instanceof UpgradeResponse) || control === undefined) throw new RangeError('status 101 was not asked for')
    const outgoing = buildResponseHead(head, {
      requestId, node, region, version: version.runnable.version, domain, nodeHost, totalMs, affinityCookie, isHead: false, wholeBytes: undefined,
      closing: false, regions: this.#context.regions, forwarded: this.#context.forwarded, placement: this.#context.placement,
    })
    const accepted = switchProtocols(request, response, outgoing.headers)
    if (accepted === undefined) {
      this.#onClose()
      return
    }
    this.#socket = new ServedSocket({ ...accepted, control, sockets, versionKey: version.runnable.key, account: version.runnable.account, onOver: (code) => this.#finish(code) })
    this.#reportHead(head, outgoing, totalMs)
  }

  /** The head goes out with what of the body comes at once, or alone. */
  #flushHead(): void {
    if (this.#sentBytes === 0 && !this.#isOver) this.#response.flushHeaders()
  }

  #reportHead(head: FunctionResponseHead, outgoing: OutgoingHead, totalMs: number): void {
    this.#hasHead = true
    this.#status = head.status
    this.#headMs = totalMs
    this.#context.report({ kind: 'head', head, totalMs })
    if (outgoing.droppedCookies > 0) this.#context.report({ kind: 'cookies_dropped', count: outgoing.droppedCookies })
  }

  /** The node itself ends the request: the function is told, the client gets the error. */
  #break(error: SkerryError): void {
    this.#control?.abort()
    this.#settle(error)
  }

  #settle(error: SkerryError): void {
    if (this.#isOver) return
    const { requestId, node, region, version, tellsNotBegun, goElsewhere, gate } = this.#context
    this.#context.report({ kind: 'failure', error, afterHead: this.#hasHead })
    if (this.#socket !== undefined) {
      this.#socket.end(error)
      return
    }
    if (this.#hasHead) {
      // The client is to see that the answer broke off: what Node holds back for the turn goes out before.
      this.#flushHead()
      this.#response.socket?.uncork()
      this.#response.destroy()
      this.#finish(error.code)
      return
    }
    const hasNotBegun = isBusy(error) || error.code === 'no_healthy_node'
    // It is counted where it is repeated.
    if (hasNotBegun && (tellsNotBegun || goElsewhere !== undefined)) gate?.refund()
    if (hasNotBegun && !this.#response.destroyed && goElsewhere?.(error) === true) {
      this.#leave(error.code)
      return
    }
    answerProblem(this.#response, error, {
      requestId, node, region, version: version.runnable.version, close: this.#context.isDraining(),
      notBegun: tellsNotBegun && hasNotBegun ? notBegunOf(error, this.#context.isDraining()) : undefined,
    })
    this.#finish(error.code)
  }

  #waitForDrain(): void {
    if (this.#isWaitingForDrain || this.#isOver) return
    this.#isWaitingForDrain = true
    this.#unread = setTimeout(() => this.#break(new SkerryError('bad_request', 'The client does not read its answer.')), unreadLimits.idleMs)
    this.#response.once('drain', () => {
      this.#isWaitingForDrain = false
      this.#context.protection.held.clear(this)
      clearTimeout(this.#unread)
      this.#control?.resume()
    })
  }

  /** The connection closed, or the answer is through. */
  #onClose(): void {
    if (this.#isOver) return
    this.#control?.abort()
    this.#finish('client_gone')
  }

  #finish(code: string): void {
    if (this.#isOver) return
    linger(this.#request)
    this.#leave(code)
    cutUnread(this.#response, { ...unreadLimits, held: this.#context.protection.held, party: this.party })
  }

  /** Has nothing to do with request and answer any more. */
  #leave(code: string): void {
    this.#isOver = true
    this.#context.sockets.removeStream(this)
    this.#pump?.stop()
    clearTimeout(this.#unread)
    this.#context.protection.held.clear(this)
    if (!this.#isBegun) this.onSettled()
    this.#context.report({ kind: 'over', code, totalMs: performance.now() - this.#context.startedMs, status: this.#status, headMs: this.#headMs })
  }
}

function endWith(response: ServerResponse, body: Uint8Array | undefined): void {
  if (body === undefined || body.length === 0) {
    response.end()
  } else if (body.length <= singleWriteBytesMax) {
    // As Latin-1 text it leaves in one write with the head, byte for byte.
    response.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'), 'latin1')
  } else {
    response.end(body)
  }
}

/** After an answer the rest of a request's body is read and dropped for a while, so that the client sees the answer, not a reset. */
export function linger(request: IncomingMessage): void {
  if (request.complete) return
  request.resume()
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy()
  }, lingerMs)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}
