import { SkerryError } from '../../../errors/index.ts'
import { type CallNodes, type Forwarder, internalHeaderFields, internalHeaders } from '../../ingress/index.ts'
import type { CallClient } from './call-client.ts'
import { answerProblemTo, arrivingHeaders, visibleHeaders } from './node-headers.ts'
import { findHeader } from './outgoing-headers.ts'
import type { TransportControl, TransportEvents, TransportRequest } from './transport.ts'

export interface ElsewhereOptions {
  /** The node that it leaves. */
  readonly node: string
  readonly forwarder: Pick<Forwarder, 'nodesFor'> | undefined
  readonly client: CallClient
  /** Whose function calls. */
  readonly account: string
  /** Where the called version may run. */
  readonly regions: readonly string[]
  /** What it is answered where no node takes it. */
  readonly refusal: SkerryError
  readonly requestId: string
  readonly hops: number
  /** How many calls between functions it may set off there. */
  readonly calls: number
  /** By which the version was chosen, where there was a choice. */
  readonly affinity: string | undefined
  /** Place of the client whose request led to it. */
  readonly country: unknown
  readonly latitude: unknown
  readonly longitude: unknown
  readonly workOfMessage: () => object | undefined
}

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Nothing was sent. */
const unreachableCodes: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

/**
 * A function's call of one that may not run on this node, or that it has no script of: leaves the node for the nearest that may run it, once, as what nodes forward does.
 *
 * Invariants: goes on to the next node only where the one before was not reached, or vouched that nothing ran, or the method is safe, and
 * nothing of a streamed body was given away; exactly one of `onEnd` and `onError` follows a head. What is internal of a node's answer is not told.
 */
export class ElsewhereCall implements TransportControl {
  readonly #request: TransportRequest
  readonly #events: TransportEvents
  readonly #options: ElsewhereOptions
  readonly workOfMessage: () => object | undefined
  #nodes: CallNodes = { internalToken: '', ca: undefined, nodes: [] }
  #position = 0
  #current: TransportControl | undefined
  /** What came of a streamed body before there was anybody to give it to. */
  #early: Uint8Array[] = []
  #isBodyEnded = false
  #hasGivenBody = false
  #hasHead = false
  #isOver = false

  constructor(request: TransportRequest, events: TransportEvents, options: ElsewhereOptions) {
    this.#request = request
    this.#events = events
    this.#options = options
    this.workOfMessage = options.workOfMessage
    const { forwarder, regions } = options
    const found = forwarder?.nodesFor?.({ regions, host: request.url.host }) ?? Promise.resolve(this.#nodes)
    void found.then((nodes) => {
      this.#nodes = nodes
      this.#next()
    })
  }

  write(chunk: Uint8Array): void {
    if (this.#isOver) return
    if (this.#current === undefined) {
      this.#early.push(chunk)
      return
    }
    this.#hasGivenBody = true
    this.#current.write(chunk)
  }

  end(): void {
    this.#isBodyEnded = true
    this.#current?.end()
  }

  resume(): void {
    this.#current?.resume()
  }

  abort(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#current?.abort()
  }

  #next(): void {
    if (this.#isOver) return
    const node = this.#nodes.nodes[this.#position]
    if (node === undefined) {
      const { refusal, requestId } = this.#options
      this.#isOver = true
      answerProblemTo(this.#events, this.#request.method, refusal, requestId)
      return
    }
    this.#position += 1
    const { client, account } = this.#options
    const transport = client.transportTo(node.internalOrigin, this.#nodes.ca, account, this.#request.webSocket)
    let isLeft = false
    const leave = (): void => {
      isLeft = true
      this.#current?.abort()
      this.#current = undefined
      queueMicrotask(() => this.#next())
    }
    const control = transport({ ...this.#request, headers: this.#headers() }, {
      onHead: (status, statusText, headers) => {
        if (isLeft || this.#isOver) return
        if (findHeader(headers, internalHeaders.notBegun) !== undefined && this.#mayMoveOn()) return leave()
        this.#hasHead = true
        const code = findHeader(headers, 'x-skerry-error')
        this.#events.onHead(status, statusText, [...visibleHeaders(headers), ...(code === undefined ? [] : ['x-skerry-error', code])])
      },
      onChunk: (chunk) => isLeft || this.#isOver || this.#events.onChunk(chunk),
      onEnd: () => {
        if (isLeft || this.#isOver) return
        this.#isOver = true
        this.#events.onEnd()
      },
      onError: (error) => {
        if (isLeft || this.#isOver) return
        const isUnsent = unreachableCodes.has(codeOf(error))
        if (!this.#hasHead && this.#mayMoveOn() && (isUnsent || safeMethods.has(this.#request.method))) return leave()
        this.#isOver = true
        this.#events.onError(new SkerryError('subrequest_failed', 'The node that runs the called function broke off.', { cause: error }))
      },
      onConsumed: (bytes) => {
        if (!isLeft && !this.#isOver) this.#events.onConsumed(bytes)
      },
    })
    if (isLeft) {
      control.abort()
      return
    }
    this.#current = control
    const early = this.#early
    this.#early = []
    for (const chunk of early) this.write(chunk)
    if (this.#isBodyEnded && this.#request.body === 'stream') control.end()
  }

  #mayMoveOn(): boolean {
    return !this.#hasGivenBody && this.#position < this.#nodes.nodes.length
  }

  #headers(): string[] {
    const { url, headers, body } = this.#request
    const { node, requestId, hops, calls, affinity, country, latitude, longitude } = this.#options
    const kept: string[] = []
    const arriving = arrivingHeaders(url.host, headers, body)
    for (let index = 0; index < arriving.length; index += 2) {
      const name = arriving[index] ?? ''
      if (name !== 'authorization') kept.push(name, arriving[index + 1] ?? '')
    }
    if (affinity !== undefined) kept.push('x-skerry-affinity', affinity)
    kept.push(...internalHeaderFields({
      internalToken: this.#nodes.internalToken, requestId, hops, clientAuthorization: findHeader(headers, 'authorization'), forwarded: { why: '1', by: node },
      client: {
        address: '', protocol: url.protocol === 'https:' ? 'https' : 'http', country: typeof country === 'string' ? country : undefined,
        latitude: typeof latitude === 'number' ? latitude : undefined, longitude: typeof longitude === 'number' ? longitude : undefined,
      },
    }))
    kept.push(internalHeaders.calls, String(calls))
    return kept
  }
}

function codeOf(error: SkerryError): unknown {
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? cause.code : undefined
}
