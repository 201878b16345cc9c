import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Http2Request } from './http2-request.ts'

type WriteCallback = (error?: Error | null) => void

/** What HTTP/2 says otherwise. */
const connectionSpecific: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te', 'http2-settings'])

/**
 * An answer over HTTP/2, as the ingress knows answers. Like one of HTTP/1.1 its head waits for what comes with it, `close` comes once in any case,
 * and `destroy` shows the client that the answer is not whole: by a reset of its stream, while others on the connection go on.
 *
 * Invariant: of `ServerResponse` only what is overridden here is of use; there is no socket, and headers are given to `writeHead`.
 */
export class Http2Response extends ServerResponse {
  readonly #stream: ServerHttp2Stream
  readonly #closeConnection: () => void
  /** Given, and not sent yet. */
  #head: OutgoingHttpHeaders | undefined
  #hasHead = false
  #isEnded = false
  #isFinished = false

  static {
    // They are accessors in Node as well, which its types do not tell.
    Object.defineProperties(this.prototype, {
      headersSent: { get(this: Http2Response) { return this.#hasHead } },
      writableEnded: { get(this: Http2Response) { return this.#isEnded } },
      writableFinished: { get(this: Http2Response) { return this.#isFinished } },
      writableLength: { get(this: Http2Response) { return this.#stream.writableLength } },
      writableNeedDrain: { get(this: Http2Response) { return this.#stream.writableNeedDrain } },
    })
  }

  /** `closeConnection` lets the connection take no further requests. */
  constructor(request: Http2Request, stream: ServerHttp2Stream, closeConnection: () => void) {
    super(request)
    this.#stream = stream
    this.#closeConnection = closeConnection
    this.shouldKeepAlive = true
    stream.on('error', ignore)
    stream.on('drain', () => this.emit('drain'))
    stream.once('finish', () => {
      // A stream that was reset counts as ended as well.
      if (!this.#isEnded || stream.aborted || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
      this.#isFinished = true
      this.emit('finish')
    })
    stream.once('close', () => {
      this.destroyed = true
      this.emit('close')
    })
  }

  override writeHead(status: number, second?: string | OutgoingHttpHeaders | OutgoingHttpHeader[], third?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this {
    // HTTP/2 has no text beside the status.
    const given = typeof second === 'string' ? third : second
    // Functions choose the names, `constructor` and `__proto__` among them.
    const head = new Map<string, string[]>()
    for (const [name, value] of pairsOf(given ?? {})) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
      const lower = name.toLowerCase()
      if (lower === 'connection' && value.toLowerCase() === 'close') this.shouldKeepAlive = false
      if (!connectionSpecific.has(lower)) head.set(lower, [...(head.get(lower) ?? []), value])
    }
    this.statusCode = status
    this.#head = { ...Object.fromEntries([...head].map(([name, values]) => [name, values.length === 1 ? values[0] : values])), ':status': status }
    this.#hasHead = true
    return this
  }

  override flushHeaders(): void {
    this.#sendHead(false)
  }

  /**
   * Callbacks are not called: Node says of a stream of HTTP/2 that bytes are written while they still wait in its memory to be sent, and whoever
   * freed them then would send whatever comes to lie there.
   */
  override write(chunk: unknown, second?: BufferEncoding | WriteCallback): boolean {
    this.#sendHead(false)
    return typeof second === 'string' ? this.#stream.write(chunk, second) : this.#stream.write(chunk)
  }

  override end(first?: unknown, second?: BufferEncoding | (() => void), third?: () => void): this {
    const chunk = typeof first === 'function' ? undefined : first
    const callback = [first, second, third].find((given): given is () => void => typeof given === 'function')
    if (callback !== undefined) this.once('finish', callback)
    const isEmpty = chunk === undefined || chunk === null || (chunk instanceof Uint8Array && chunk.length === 0) || chunk === ''
    this.#sendHead(isEmpty)
    this.#isEnded = true
    if (isEmpty) this.#stream.end()
    else if (typeof second === 'string') this.#stream.end(chunk, second)
    else this.#stream.end(chunk)
    return this
  }

  override writeContinue(): void {
    this.#inform({ ':status': 100 })
  }

  override writeEarlyHints(hints: Record<string, string | string[]>): void {
    this.#inform({ ...hints, ':status': 103 })
  }

  override setTimeout(ms: number, callback?: () => void): this {
    this.#stream.setTimeout(ms, ms === 0 ? undefined : () => (callback === undefined ? this.destroy() : callback()))
    return this
  }

  override destroy(): this {
    this.destroyed = true
    // With an error, since `close` would end the stream first, as if the answer were whole.
    if (!this.#stream.closed) this.#stream.destroy(new Error('the answer was broken off'))
    return this
  }

  #sendHead(isWhole: boolean): void {
    if (!this.#hasHead) this.writeHead(this.statusCode)
    const head = this.#head
    if (head === undefined) return
    this.#head = undefined
    this.#send(() => this.#stream.respond(head, { endStream: isWhole }))
    if (!this.shouldKeepAlive) this.#closeConnection()
  }

  #inform(head: OutgoingHttpHeaders): void {
    if (!this.#hasHead) this.#send(() => this.#stream.additionalHeaders(head))
  }

  /** This may be long after the head was given: what HTTP/2 can not say must not end the process. */
  #send(send: () => void): void {
    if (this.#stream.closed || this.#stream.destroyed) return
    try {
      send()
    } catch {
      this.destroy()
    }
  }
}

function* pairsOf(headers: OutgoingHttpHeaders | OutgoingHttpHeader[]): Generator<[name: string, value: string]> {
  if (Array.isArray(headers)) {
    for (let index = 0; index + 1 < headers.length; index += 2) yield [String(headers[index]), String(headers[index + 1])]
    return
  }
  for (const [name, value] of Object.entries(headers)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) yield [name, String(one)]
  }
}

function ignore(): void {
  // A stream that fails closes, and that is listened for.
}
