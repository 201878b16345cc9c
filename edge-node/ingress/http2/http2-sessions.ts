import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { SkerryError } from '../../../errors/index.ts'
import { fixedLimits } from '../../../runtime/bridge/index.ts'
import { type RequestHead, toRequestHead } from './http2-head.ts'
import { Http2Request } from './http2-request.ts'
import { Http2Response } from './http2-response.ts'
import { ResetBudget } from './reset-budget.ts'

export interface Http2Options {
  readonly handle: (request: Http2Request, response: Http2Response, expectsContinue: boolean) => void
  /** A request whose head is not valid. */
  readonly refuse: (response: Http2Response, error: SkerryError) => void
  /** From the handshake to the first request. */
  readonly firstRequestMs: number
  /** Without a request under way. */
  readonly idleMs: number
}

/**
 * What one connection may have the node do. Resets, frames that are not valid, pings and settings beyond these end the connection, streams
 * beyond these are refused.
 */
export const http2Limits = {
  concurrentStreams: 100,
  /** That many requests may be given up at once, and so many in a second after that (CVE-2023-44487). */
  resetBurst: 200,
  resetRate: 33,
  invalidFrames: 100,
  rejectedStreams: 100,
  sessionMemoryMb: 10,
  /** Of a body that nobody reads: for each stream. */
  streamWindowBytes: 64 * 1024,
  /** Of all streams together, on their way. */
  connectionWindowBytes: 1024 * 1024,
  /** Fields and pseudo-header fields. */
  headerPairs: 512 + 4,
} as const

/** What a client may take to close a connection that ends. */
const closingMs = 2_000

/** A field counts for so many bytes more than it has. @see https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
const fieldOverheadBytes = 32

/** The connections of a server that speak HTTP/2. */
export class Http2Sessions {
  readonly #options: Http2Options
  readonly #sessions = new Map<ServerHttp2Session, { streams: number }>()

  constructor(options: Http2Options) {
    this.#options = options
  }

  /** Speaks HTTP/2 on a connection, which the client chose by ALPN. */
  serve(socket: TLSSocket): void {
    const session = performServerHandshake(socket, {
      settings: {
        maxConcurrentStreams: http2Limits.concurrentStreams, initialWindowSize: http2Limits.streamWindowBytes,
        maxHeaderListSize: fixedLimits.requestHeaderBytes + http2Limits.headerPairs * fieldOverheadBytes,
      },
      maxSessionMemory: http2Limits.sessionMemoryMb, maxHeaderListPairs: http2Limits.headerPairs,
      maxSessionInvalidFrames: http2Limits.invalidFrames, maxSessionRejectedStreams: http2Limits.rejectedStreams,
      streamResetBurst: http2Limits.resetBurst, streamResetRate: http2Limits.resetRate,
      // What a function answers with twice goes out twice, as over HTTP/1.1.
      strictSingleValueFields: false,
    })
    const state = { streams: 0 }
    const resets = new ResetBudget(http2Limits.resetBurst, http2Limits.resetRate)
    this.#sessions.set(session, state)
    const close = (): void => {
      if (!session.closed) session.close()
    }
    let idle = setTimeout(close, this.#options.firstRequestMs)
    // A connection that fails closes, and that is listened for.
    session.on('error', () => undefined)
    socket.on('error', () => undefined)
    session.once('close', () => {
      clearTimeout(idle)
      this.#sessions.delete(session)
      // The connection ends when the client closes it as well; one that does not is cut off.
      const timer = setTimeout(() => socket.destroy(), closingMs)
      socket.once('close', () => clearTimeout(timer))
    })
    session.setLocalWindowSize(http2Limits.connectionWindowBytes)
    session.on('stream', (stream, _headers, _flags, fields) => {
      // What came in the same packets as that for which the connection ends.
      if (session.destroyed || stream.closed || stream.destroyed) return
      state.streams += 1
      clearTimeout(idle)
      stream.once('aborted', () => {
        // Whoever provoked it: what was begun in vain is the same. nghttp2 by itself takes all the rest of what was read first.
        if (!resets.take(performance.now())) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
      })
      stream.once('close', () => {
        state.streams -= 1
        if (state.streams > 0 || session.destroyed) return
        clearTimeout(idle)
        idle = setTimeout(close, this.#options.idleMs)
      })
      this.#begin(stream, socket, fields, close)
    })
  }

  /** Requests that are under way, their answers included until the client has them. */
  get streams(): number {
    let streams = 0
    for (const state of this.#sessions.values()) streams += state.streams
    return streams
  }

  /** Has those close that have no request under way. */
  closeIdle(): void {
    for (const [session, { streams }] of this.#sessions) if (streams === 0) session.close()
  }

  /** Breaks off what is under way. */
  destroyAll(): void {
    for (const session of this.#sessions.keys()) session.destroy(undefined, constants.NGHTTP2_NO_ERROR)
  }

  #begin(stream: ServerHttp2Stream, socket: TLSSocket, fields: readonly string[], close: () => void): void {
    let head: RequestHead = { method: 'GET', target: '', rawHeaders: [] }
    let refusal: SkerryError | undefined
    try {
      head = toRequestHead(fields, !stream.endAfterHeaders)
    } catch (error) {
      refusal = error instanceof SkerryError ? error : new SkerryError('bad_request', 'The request is not valid HTTP/2.', { cause: error })
    }
    const request = new Http2Request(stream, socket, head)
    const response = new Http2Response(request, stream, close)
    if (refusal !== undefined) {
      this.#options.refuse(response, refusal)
      return
    }
    const { handle } = this.#options
    if (stream.endAfterHeaders) {
      handle(request, response, false)
      return
    }
    // What of the body came in the same packet is there after this turn, and goes on with the head.
    setImmediate(() => {
      if (stream.closed || stream.destroyed) return
      request.read(0)
      handle(request, response, request.headers.expect !== undefined)
    })
  }
}
