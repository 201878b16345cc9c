import { IncomingMessage, type IncomingHttpHeaders } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { RequestHead } from './http2-head.ts'

/**
 * A request that came over HTTP/2, as the ingress knows requests.
 *
 * Invariants: `socket` is the connection that it shares with others; whoever is to end this request alone calls `destroy`. What is not read
 * here is not read from the stream, whose window then fills up.
 */
export class Http2Request extends IncomingMessage {
  readonly #stream: ServerHttp2Stream
  #isWaiting = false

  constructor(stream: ServerHttp2Stream, socket: Socket, head: RequestHead) {
    super(socket)
    this.#stream = stream
    this.httpVersion = '2.0'
    this.httpVersionMajor = 2
    this.httpVersionMinor = 0
    this.method = head.method
    this.url = head.target
    this.rawHeaders = head.rawHeaders
    this.headers = toHeaders(head.rawHeaders)
    if (stream.endAfterHeaders) {
      this.#onEnd()
      stream.resume()
    } else {
      stream.once('end', this.#onEnd)
    }
    stream.once('close', () => this.destroy())
  }

  /** Hands on what there is and, as long as more is wanted, what comes: this kind of stream does not ask again by itself. */
  override _read(): void {
    if (this.#isWaiting) return
    for (;;) {
      if (this.complete) return
      const chunk: unknown = this.#stream.read()
      if (chunk === null) break
      if (!this.push(chunk)) return
    }
    this.#isWaiting = true
    this.#stream.once('readable', this.#onReadable)
  }

  /** The rest is not wanted. @see https://www.rfc-editor.org/rfc/rfc9113#section-8.1-12 */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.complete) {
      this.aborted = true
      this.emit('aborted')
      if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_NO_ERROR)
    }
    // As for HTTP/1.1, nobody has to listen for it.
    callback(this.listenerCount('error') === 0 ? null : error)
  }

  readonly #onReadable = (): void => {
    this.#isWaiting = false
    this._read()
  }

  readonly #onEnd = (): void => {
    // A client that gives up without saying that anything is wrong has not sent the whole.
    if (this.#stream.aborted) {
      this.destroy()
      return
    }
    this.complete = true
    this.push(null)
  }
}

/** Those that came more than once in one. */
function toHeaders(raw: readonly string[]): IncomingHttpHeaders {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const [name = '', value = ''] = raw.slice(index, index + 2)
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`)
  }
  return Object.fromEntries(headers)
}
