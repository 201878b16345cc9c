import type { Buffer } from 'node:buffer'
import { SkerryError } from '../../errors/index.ts'
import { BodyKind, decodeRequestHead, type RequestHead, type ResetReason } from '../bridge/index.ts'
import { exactCopy, type PayloadReader } from '../pipe/index.ts'
import { ReceiveWindow, SendWindow } from './body-windows.ts'
import type { CellHandle } from './cell-handle.ts'
import type { RequestExchange } from './request-exchange.ts'
import type { Subrequest, SubrequestDispatcher, SubrequestHandler, SubrequestResponder, SubrequestResponseHead } from './runtime.ts'

/** Bytes that wait for one cell, above which no more of answers is given to it. */
const backlogBytesMax = 128 * 1024 * 1024

/**
 * One subrequest that a function makes, between its cell and what the node does for it. Who asks, and for which version, comes from
 * the parent request's record.
 *
 * Invariants: after `#over` neither side is called again. It ends with its parent at the latest.
 */
export class SubrequestExchange implements SubrequestResponder {
  readonly id: number
  readonly #cell: CellHandle
  readonly #parent: RequestExchange
  readonly #toGuest: SendWindow
  readonly #fromGuest: ReceiveWindow
  #handler: SubrequestHandler | undefined
  #answered = false
  #isSocket = false
  #over = false

  constructor(id: number, cell: CellHandle, parent: RequestExchange) {
    this.id = id
    this.#cell = cell
    this.#parent = parent
    this.#toGuest = new SendWindow(
      (chunk) => {
        cell.sender.chunk(id, chunk, this.#isSocket && parent.beginWork(this.#handler?.workOfMessage))
      },
      () => {
        if (!this.#over) this.#handler?.resume()
      },
    )
    this.#fromGuest = new ReceiveWindow((bytes) => {
      cell.sender.credit(id, bytes)
    })
    parent.subrequests.add(this)
  }

  /** Throws a RangeError where the frame is cut. A head that makes no sense is refused: it can be the function's doing alone. */
  start(kind: number, reader: PayloadReader, dispatch: SubrequestDispatcher): void {
    const text = reader.sizedLatin1()
    const opening = readOpening(text)
    if (opening === undefined) {
      this.error(new SkerryError('subrequest_failed', 'The head of the subrequest makes no sense'))
      return
    }
    const { head, options } = opening
    const parent = this.#parent
    const subrequest: Subrequest = {
      version: parent.version,
      parent: parent.request,
      get work() {
        return parent.work
      },
      method: head.method,
      url: head.url,
      headers: head.headers,
      redirect: options.redirect,
      webSocket: options.webSocket && kind === BodyKind.stream,
      body: kind === BodyKind.whole ? exactCopy(reader.rest()) : kind === BodyKind.stream ? 'stream' : undefined,
    }
    this.#handler = dispatch(subrequest, this)
    if (this.#over) this.#handler.abort()
  }

  // The answering side, called by the node.

  head(head: SubrequestResponseHead, hasBody: boolean): void {
    if (this.#over || this.#answered || this.#isTooMuch()) return
    this.#answered = true
    this.#isSocket = head.status === 101
    if (this.#isSocket) {
      this.#toGuest.countMessages()
      this.#fromGuest.countMessages()
    }
    const metadata = JSON.stringify({ url: head.url, redirected: head.redirected })
    this.#cell.sender.head(this.id, { status: head.status, statusText: head.statusText, metadata, headers: head.headers }, hasBody)
    if (!hasBody) this.#finish()
  }

  write(chunk: Uint8Array): boolean {
    return this.#over || this.#isTooMuch() || this.#toGuest.offer(chunk)
  }

  end(): void {
    if (this.#over) return
    this.#toGuest.close(() => {
      if (this.#over) return
      this.#cell.sender.end(this.id)
      this.#finish()
    })
  }

  error(error: SkerryError): void {
    if (this.#over) return
    this.#cell.sender.reset(this.id, { code: error.code, message: error.message })
    this.#finish()
  }

  consumed(bytes: number): void {
    if (!this.#over) this.#fromGuest.consume(bytes)
  }

  // The cell's side.

  onChunk(payload: Buffer): void {
    if (this.#over) return
    if (this.#fromGuest.accept(payload.length)) {
      this.#handler?.onChunk(exactCopy(payload))
      return
    }
    this.error(new SkerryError('subrequest_failed', 'The body was sent in disregard of flow control'))
    this.#handler?.abort()
  }

  onEnd(): void {
    if (!this.#over) this.#handler?.onEnd()
  }

  onReset(_reason: ResetReason): void {
    this.abort()
  }

  onCredit(bytes: number): void {
    if (!this.#over) this.#toGuest.grant(bytes)
  }

  /** The function wants it no longer, or its request is over. */
  abort(): void {
    if (this.#over) return
    this.#finish()
    this.#handler?.abort()
  }

  /** Credit bounds each; thousands together are too much for a cell that is busy. Then this is the end of it. */
  #isTooMuch(): boolean {
    if (this.#cell.backlogBytes <= backlogBytesMax) return false
    this.#handler?.abort()
    this.error(new SkerryError('overloaded', 'The process of the function does not take what it asked for'))
    return true
  }

  #finish(): void {
    this.#over = true
    this.#parent.subrequests.delete(this)
    this.#cell.dropSubrequest(this.id)
  }
}

/** Undefined where the function's code made a head that is none. */
function readOpening(text: string): { readonly head: RequestHead; readonly options: Pick<Subrequest, 'redirect' | 'webSocket'> } | undefined {
  try {
    const head = decodeRequestHead(text)
    return { head, options: parseOptions(head.metadata) }
  } catch {
    return undefined
  }
}

function parseOptions(metadata: string): Pick<Subrequest, 'redirect' | 'webSocket'> {
  const parsed: unknown = metadata === '' ? {} : JSON.parse(metadata)
  const { redirect, webSocket } = (typeof parsed === 'object' && parsed !== null ? parsed : {}) as { redirect?: unknown; webSocket?: unknown }
  return { redirect: redirect === 'manual' || redirect === 'error' ? redirect : 'follow', webSocket: webSocket === true }
}
