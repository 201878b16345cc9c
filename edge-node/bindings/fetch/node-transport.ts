import { isIP } from 'node:net'
import { SkerryError } from '../../../errors/index.ts'
import { fixedLimits } from '../../../runtime/bridge/index.ts'
import type { FunctionRequest, FunctionResponseHead, RequestControl, ResponseHandler, RunnableVersion, Runtime, Subrequest } from '../../../runtime/supervisor/index.ts'
import { type Forwarder, noNodeIn, RequestOrigin, type RoutedVersion, type RouteTable } from '../../ingress/index.ts'
import type { RequestOutcome } from '../../usage/index.ts'
import type { AccountGate, QuotaTable } from '../../quotas/index.ts'
import type { OpenSockets, OpenStream } from '../websocket/index.ts'
import type { SubrequestBudgets } from './budget.ts'
import type { CallClient } from './call-client.ts'
import type { CallTrees } from './call-tree.ts'
import { ElsewhereCall } from './elsewhere-call.ts'
import { requireFewHops } from './hops.ts'
import { answerProblemTo, arrivingHeaders, handshakeHeaders, visibleHeaders } from './node-headers.ts'
import { hostNameOf } from './outbound-targets.ts'
import { RelayedSocket } from './relayed-socket.ts'
import type { Transport, TransportControl, TransportEvents, TransportRequest } from './transport.ts'
import type { UnfinishedRelays } from './unfinished-relays.ts'

export interface NodeTransportOptions {
  readonly runtime: () => Runtime
  readonly table: () => RouteTable
  /** Port of the public listener, once there is one. */
  readonly publicPort: () => number | undefined
  readonly newRequestId: () => string
  readonly node: string
  readonly region: string
  readonly sockets: OpenSockets
  /** Where functions are called that may not run here; nowhere unless set. */
  readonly forwarder?: Pick<Forwarder, 'nodesFor'> | undefined
  /** What accounts may take; none where nothing is held. */
  readonly quotas?: QuotaTable | undefined
  /** Told of each request that was given to the runtime, when it is over. */
  readonly onServed?: (version: RunnableVersion, outcome: RequestOutcome) => void
}

/** Who calls, and what counts what it sets off. */
export interface NodeCaller {
  readonly subrequest: Subrequest
  readonly hops: number
  readonly budgets: SubrequestBudgets
  readonly trees: CallTrees
  readonly unfinished: UnfinishedRelays
  /** For calls that go to other nodes. */
  readonly callClient: CallClient
}

/**
 * Whether a URL leads to a function of ours: its host is below DOMAIN, or a route answers it on the port that a client would use.
 * DOMAIN itself and addresses are ours on the public port only, since other servers of the machine may stand beside it.
 */
export function isOwnUrl(table: RouteTable, url: URL, publicPort: number | undefined): boolean {
  const host = routeHostOf(url)
  if (table.isUnderDomain(host)) return true
  if (table.find(host, url.pathname) === undefined) return false
  if (url.port !== '') return Number(url.port) === publicPort
  const isMachine = host === table.domain || isIP(hostNameOf(url)) !== 0
  return !isMachine || publicPort === (url.protocol === 'https:' ? 443 : 80)
}

/** A root dot changes nothing: with it a function would call others by way of the network, where its hops are not counted. */
function routeHostOf(url: URL): string {
  return url.hostname.replace(/\.$/, '')
}

/**
 * A transport that dispatches to a function inside the node. `hops` is how often functions called functions before: it comes
 * from the node's own records and goes on in the new request's metadata, where no header of a function reaches.
 */
export function createNodeTransport(options: NodeTransportOptions, caller: NodeCaller): Transport {
  return (request, events) => {
    requireFewHops(caller.hops + 1)
    const exchange = new NodeExchange(request, events, options, caller)
    exchange.start(options)
    return exchange
  }
}

class NodeExchange implements TransportControl, ResponseHandler, OpenStream {
  readonly #request: TransportRequest
  readonly #events: TransportEvents
  #control: RequestControl | undefined
  #undrained = 0
  #isOver = false
  #hasHead = false
  #bodyBytes = 0
  #bodyBytesMax = 0
  #requestId = ''
  readonly #caller: NodeCaller
  /** What the called function does now: for the request, or for a message that brought it its limits anew. */
  #work: Pick<Subrequest, 'work' | 'version'> | undefined
  /** Once the answer was a WebSocket. */
  #socket: RelayedSocket | undefined
  readonly #sockets: OpenSockets
  readonly #onServed: NodeTransportOptions['onServed']
  readonly #startedMs = performance.now()
  #status: number | undefined
  #headMs: number | undefined
  #isPreview = false
  /** Where the called function's account counts it. */
  #gate: AccountGate | undefined
  /** What carries it on, where the called function may not run here, or its script is not to be had. */
  #elsewhere: ElsewhereCall | undefined
  /** Gives it to another node, as long as nothing of it was given to the function here. */
  #leave: ((refusal: SkerryError) => void) | undefined

  constructor(request: TransportRequest, events: TransportEvents, options: Pick<NodeTransportOptions, 'sockets' | 'onServed'>, caller: NodeCaller) {
    this.#caller = caller
    this.#sockets = options.sockets
    this.#onServed = options.onServed
    this.#request = request
    this.#events = events
  }

  start(options: NodeTransportOptions): void {
    const { subrequest, hops, trees } = this.#caller
    const { url, method, headers, body, webSocket } = this.#request
    const requestId = options.newRequestId()
    const table = options.table()
    const origin = RequestOrigin.of(subrequest.parent) ?? new RequestOrigin(table, performance.now(), requestId)
    const found = origin.find(table, routeHostOf(url), url.pathname)
    if (found === undefined) {
      this.#fail(new SkerryError('function_not_found', `No function answers at ${url.host}.`))
      return
    }
    const { version, isPreview, isSplit } = found
    const leave = (refusal: SkerryError): void => this.#goElsewhere(version, requestId, isSplit ? origin.key : undefined, options, refusal)
    if (!version.allowedHere) {
      leave(noNodeIn(version.regions))
      return
    }
    this.#requestId = requestId
    this.#isPreview = isPreview
    this.#bodyBytesMax = version.requestBodyBytesMax
    if (body instanceof Uint8Array && !this.#counts(body)) return
    if (!this.#mayCall(subrequest.version.account, version.runnable, options.quotas)) return
    const { country, latitude, longitude } = subrequest.parent?.metadata ?? {}
    const request: FunctionRequest = {
      method, url: url.href, headers: webSocket ? handshakeHeaders(url.host, headers) : arrivingHeaders(url.host, headers, body),
      metadata: { id: requestId, node: options.node, region: options.region, hops: hops + 1, country, latitude, longitude },
      body: webSocket ? 'socket' : body,
      workOfMessage: () => this.#workOfMessageIn(),
      origin,
    }
    if (body !== 'stream') this.#leave = leave
    trees.graft(request, subrequest)
    this.#work = { work: request, version: version.runnable }
    this.#control = options.runtime().dispatch(version.runnable, request, this)
    if (this.#isOver) this.#control.abort()
  }

  /** Another node answers; with `refusal` it is refused where none does. */
  #goElsewhere({ regions }: RoutedVersion, requestId: string, affinity: string | undefined, { node, forwarder }: NodeTransportOptions, refusal: SkerryError): void {
    const { subrequest, hops, budgets, trees, callClient } = this.#caller
    const { country, latitude, longitude } = subrequest.parent?.metadata ?? {}
    const calls = trees.lend(subrequest, fixedLimits.hops - hops - 1)
    this.#elsewhere = new ElsewhereCall(this.#request, this.#events, {
      node, forwarder, client: callClient, account: subrequest.version.account, regions, refusal, requestId, hops: hops + 1, calls, affinity, country, latitude, longitude,
      workOfMessage: () => (budgets.of(subrequest).spendMessage() ? trees.branch(subrequest) : undefined),
    })
  }

  /**
   * What functions of an account call of one another belongs to the request that began it, and counts as CPU time alone. Another account's call
   * is a request like a client's.
   */
  #mayCall(caller: string, { account, functionName }: RunnableVersion, quotas: QuotaTable | undefined): boolean {
    if (quotas === undefined || caller === account) return true
    const gate = quotas.gateOf(account)
    const excess = gate.admit(functionName, this.#startedMs)
    if (excess === undefined) {
      this.#gate = gate
      return true
    }
    this.#fail(quotas.refusal(gate, excess))
    return false
  }

  onSettled(): void {
    if (this.#work !== undefined) this.#gate?.leave(this.#work.version.functionName)
  }

  /** For a message that comes back from the called function. */
  readonly workOfMessage = (): object | undefined => {
    if (this.#elsewhere !== undefined) return this.#elsewhere.workOfMessage()
    const { budgets, trees } = this.#caller
    const sender = this.#work
    return sender !== undefined && budgets.of(sender).spendMessage() ? trees.branch(sender) : undefined
  }

  /** For a message that goes to the called function. */
  #workOfMessageIn(): object | undefined {
    const { subrequest, budgets, trees } = this.#caller
    const work = budgets.of(subrequest).spendMessage() ? trees.branch(subrequest) : undefined
    if (work !== undefined && this.#work !== undefined) this.#work = { ...this.#work, work }
    return work
  }

  onHead(head: FunctionResponseHead, body: Uint8Array | undefined, hasMore: boolean): void {
    if (this.#isOver) return
    this.#hasHead = true
    this.#status = head.status
    this.#headMs = performance.now() - this.#startedMs
    if (head.status === 101 && this.#control !== undefined && this.#work !== undefined) {
      const { subrequest, unfinished } = this.#caller
      this.#socket = new RelayedSocket({
        caller: subrequest.version, called: this.#work.version, control: this.#control, events: this.#events, unfinished,
        onOver: (error) => this.#closeSocket(error),
      })
      this.#sockets.add(this.#socket)
    }
    this.#events.onHead(head.status, head.statusText, visibleHeaders(head.headers))
    // The head may have led to an abort.
    if (body !== undefined && body.length > 0) this.onChunk(body)
    if (!hasMore) this.onEnd()
    else if (this.#socket === undefined && !this.#isOver) this.#sockets.addStream(this)
  }

  onChunk(chunk: Uint8Array): boolean {
    if (this.#isOver) return true
    return this.#socket === undefined ? this.#events.onChunk(chunk) : this.#socket.toCaller(chunk)
  }

  onEnd(): void {
    if (this.#isOver) return
    this.#finish('ok')
    if (this.#socket === undefined || this.#socket.isClosed) this.#events.onEnd()
    else this.#events.onError(new SkerryError('subrequest_failed', 'The called function ended the connection.'))
  }

  onError(error: SkerryError): void {
    // Others may have what is missing here.
    if (error.code !== 'no_healthy_node' || this.#hasHead || this.#leave === undefined) return this.#fail(error)
    if (this.#isOver) return
    this.#finish(error.code)
    // It is counted where it is repeated.
    this.#gate?.refund()
    this.#leave(error)
  }

  /** Before the head the caller gets what a client would get: the problem document. */
  #fail(error: SkerryError): void {
    if (this.#isOver) return
    this.#finish(error.code)
    if (this.#hasHead) {
      this.#events.onError(new SkerryError('subrequest_failed', `The called function broke off: ${error.code}.`, { cause: error }))
      return
    }
    answerProblemTo(this.#events, this.#request.method, error, this.#requestId)
  }

  get account(): string {
    return this.#work?.version.account ?? ''
  }

  /** It may not run here any more. */
  breakOff(): void {
    this.#control?.abort()
    this.#fail(new SkerryError('no_healthy_node', 'The account of the function is held to other regions now.'))
  }

  onDrain(): void {
    const bytes = this.#undrained
    this.#undrained = 0
    if (bytes > 0 && !this.#isOver) this.#events.onConsumed(bytes)
  }

  write(chunk: Uint8Array): void {
    if (this.#elsewhere !== undefined) return this.#elsewhere.write(chunk)
    if (this.#control === undefined || this.#isOver || !this.#takes(chunk)) return
    if (this.#control.write(chunk)) this.#events.onConsumed(chunk.length)
    else this.#undrained += chunk.length
  }

  end(): void {
    if (this.#elsewhere !== undefined) return this.#elsewhere.end()
    if (this.#socket === undefined) this.#control?.end()
  }

  #takes(chunk: Uint8Array): boolean {
    return this.#socket === undefined ? this.#counts(chunk) : this.#socket.fromCaller(chunk)
  }

  /** Both have closed; or what passed was no messages. */
  #closeSocket(error: SkerryError | undefined): void {
    if (this.#isOver) return
    this.#finish(error === undefined ? 'ok' : error.code)
    if (error === undefined) {
      // Each may still have the other's close before it.
      this.#control?.end()
      this.#events.onEnd()
    } else {
      this.#control?.abort()
      this.#events.onError(error)
    }
  }

  #finish(code: string): void {
    this.#isOver = true
    this.#sockets.removeStream(this)
    if (this.#work !== undefined) {
      const latencyMs = this.#headMs ?? performance.now() - this.#startedMs
      this.#onServed?.(this.#work.version, { code, status: this.#status, latencyMs, isPreview: this.#isPreview })
    }
    if (this.#socket === undefined) return
    this.#socket.leave()
    this.#sockets.remove(this.#socket)
  }

  /** False where the body became larger than the called function allows; the exchange is over then. */
  #counts(chunk: Uint8Array): boolean {
    this.#bodyBytes += chunk.length
    if (this.#bodyBytes <= this.#bodyBytesMax) return true
    this.#control?.abort()
    this.#fail(new SkerryError('request_too_large', `The body is larger than the called function's limit of ${this.#bodyBytesMax} bytes.`, {
      limit: this.#bodyBytesMax, used: this.#bodyBytes,
    }))
    return false
  }

  resume(): void {
    if (this.#elsewhere !== undefined) return this.#elsewhere.resume()
    this.#control?.resume()
  }

  abort(): void {
    if (this.#elsewhere !== undefined) return this.#elsewhere.abort()
    if (this.#isOver) return
    this.#finish('client_gone')
    this.#control?.abort()
  }
}
