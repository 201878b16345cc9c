import { decodeResponseHead, HostOperation, ResetCode } from '../../bridge/index.ts'
import { Body, createResponse, getHeader, isNullBodyStatus, type ChunkSource, type Response, ResponseRecord } from '../fetch/index.ts'
import { callHost } from '../host.ts'
import { createSocket, SocketLink } from '../websocket/index.ts'
import { createFailure, createRequestOver } from './errors.ts'
import { IncomingBody } from './incoming-body.ts'
import { OutgoingBody } from './outgoing-body.ts'
import type { Exchange } from './table.ts'

export interface SubrequestOptions {
  readonly id: number
  readonly ownerId: number
  /** What of the body follows the head. */
  readonly source: ChunkSource | undefined
  readonly resolve: (response: Response) => void
  readonly reject: (reason: unknown) => void
  /** Takes the connection where the answer is 101, in place of a Response with a `webSocket`. */
  readonly onSwitched?: (link: SocketLink, headers: readonly string[]) => void
  /** Called once, when both directions are over. */
  readonly onOver: (exchange: SubrequestExchange) => void
}

/** One request of the function's own, with its answer. */
export class SubrequestExchange implements Exchange {
  readonly id: number
  readonly ownerId: number
  readonly #options: SubrequestOptions
  readonly #outgoing: OutgoingBody | undefined
  #incoming: IncomingBody | undefined
  #link: SocketLink | undefined
  #state: 'waiting' | 'answering' | 'over' = 'waiting'
  #isForgotten = false

  constructor(options: SubrequestOptions) {
    this.id = options.id
    this.ownerId = options.ownerId
    this.#options = options
    this.#outgoing = options.source && new OutgoingBody(options.id, options.source, () => this.#checkOver(), (error) => this.#failUpload(error))
  }

  start(): void {
    this.#outgoing?.start()
  }

  /** The answer came. `body` as in the event `head`. */
  receiveHead(head: string, body: unknown): void {
    if (this.#state !== 'waiting') return
    const { status, statusText, metadata, headers } = decodeResponseHead(head)
    const { url, redirected } = readMetadata(metadata)
    this.#state = 'answering'
    if (status === 101) {
      this.#switch(statusText, headers, url)
      return
    }
    if (body === true) this.#incoming = new IncomingBody(this.id, () => this.#endAnswer(), () => Number(getHeader(headers, 'content-length') ?? 0))
    const content = typeof body === 'string' || body instanceof Uint8Array ? new Body(body) : undefined
    const record = new ResponseRecord(
      status, statusText, headers,
      isNullBodyStatus(status) ? undefined : this.#incoming === undefined ? content : new Body(undefined, this.#incoming),
      { type: 'basic', url, redirected, guard: 'immutable' },
    )
    this.#options.resolve(createResponse(record))
    if (this.#incoming === undefined) this.#endAnswer()
    else if (record.body === undefined) this.#incoming.cancel('no body is expected')
  }

  receiveChunk(bytes: Uint8Array): void {
    if (this.#link === undefined) this.#incoming?.push(bytes)
    else this.#link.receiveChunk(bytes)
  }
  receiveEnd(): void {
    if (this.#link === undefined) this.#incoming?.end()
    else this.#link.end(undefined)
  }
  receiveCredit(bytes: number): void {
    if (this.#link === undefined) this.#outgoing?.grant(bytes)
    else this.#link.receiveCredit(bytes)
  }

  receiveReset(code: string, message: string): void {
    const error = createFailure(code, message)
    // The other side may have enough of the upload and answer all the same.
    if (code === ResetCode.aborted && this.#outgoing?.isOver === false) {
      this.#outgoing.stop(error)
      return
    }
    this.#breakOff(error)
  }

  /** Code of the function gave up on it: `reason` is what the promise and the body fail with. */
  abort(reason: unknown): void {
    if (this.#state === 'over' && this.#outgoing?.isOver !== false) return
    if (this.#outgoing?.isOver === false) callHost(HostOperation.reset, this.id, 'aborted', false)
    if (this.#state !== 'over') callHost(HostOperation.reset, this.id, 'aborted', true)
    this.#breakOff(reason)
  }

  forget(): void {
    this.#isForgotten = true
    this.#breakOff(createRequestOver())
  }

  /** The connection carries messages from now on. */
  #switch(statusText: string, headers: string[], url: string): void {
    const link = new SocketLink(this.id, () => this.#endAnswer())
    this.#link = link
    if (this.#options.onSwitched !== undefined) {
      this.#options.onSwitched(link, headers)
      return
    }
    const webSocket = createSocket({ inbox: link.inbox, outbox: link.sender, protocol: getHeader(headers, 'sec-websocket-protocol') ?? '' })
    const origin = { type: 'basic', url, redirected: false, guard: 'immutable' } as const
    this.#options.resolve(createResponse(new ResponseRecord(101, statusText, headers, undefined, origin, webSocket)))
  }

  /** https://fetch.spec.whatwg.org/#concept-http-network-fetch: where the request's body fails, so does the answer. */
  #failUpload(cause: unknown): void {
    if (this.#state === 'over') return
    callHost(HostOperation.reset, this.id, 'aborted', true)
    this.#breakOff(cause instanceof TypeError ? cause : new TypeError('The body of the request failed', { cause }))
  }

  #breakOff(error: unknown): void {
    if (this.#state === 'waiting') this.#options.reject(error)
    this.#state = 'over'
    this.#link?.end(error)
    this.#incoming?.fail(error)
    this.#outgoing?.stop(error)
    this.#checkOver()
  }

  #endAnswer(): void {
    this.#state = 'over'
    this.#checkOver()
  }

  #checkOver(): void {
    if (this.#state !== 'over' || this.#outgoing?.isOver === false || this.#isForgotten) return
    this.#isForgotten = true
    this.#options.onOver(this)
  }
}

function readMetadata(metadata: string): { readonly url: string; readonly redirected: boolean } {
  const { url, redirected } = (metadata === '' ? {} : JSON.parse(metadata)) as { url?: unknown; redirected?: unknown }
  return { url: typeof url === 'string' ? url : '', redirected: redirected === true }
}
