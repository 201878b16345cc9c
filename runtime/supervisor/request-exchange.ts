import type { Buffer } from 'node:buffer'
import { type ErrorCode, isErrorCode, SkerryError } from '../../errors/index.ts'
import { BodyKind, decodeResponseHead, fixedLimits, type ResetReason, type ResponseHead } from '../bridge/index.ts'
import { PayloadReader, type ReadMemory, type Release } from '../pipe/index.ts'
import { ReceiveWindow, SendWindow } from './body-windows.ts'
import type { IsolateRecord } from './isolate-record.ts'
import type { Passage, PassageEnd } from './passage.ts'
import type { FunctionRequest, RequestControl, ResponseHandler, RunnableVersion } from './runtime.ts'
import type { SubrequestExchange } from './subrequest-exchange.ts'

const disregard = 'The function sent a body in disregard of flow control'
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** What a request had to do with the loss of its isolate. */
export type PartInLoss = 'offender' | 'suspect' | 'bystander'

/** Of a body, before the function has taken any of it: where it hands the body on, no more than that goes through the cell. */
const firstUploadBytes = 64 * 1024
/**
 * How often a request is tried whose start may be what ended the cell; and one that has nothing to do with it, where one cell after another dies.
 * Where all die at once, it may be given to several whose end has yet to be noticed.
 */
const suspectTimesMax = 2
const timesMax = 6

export interface RequestExchangeOptions {
  readonly version: RunnableVersion
  readonly request: FunctionRequest
  readonly handler: ResponseHandler
  /** Finds an isolate and begins; called again for a retry. */
  readonly place: (exchange: RequestExchange) => void
  /** Once, when the request counts no longer: its answer is over, it failed, or it was aborted and its cell is done with it. */
  readonly onSettled: () => void
  readonly onFailure: (exchange: RequestExchange, error: SkerryError, stack: string | undefined) => void
}

/**
 * One request, from the node's side. It may be placed twice: code that never saw it, or a safe method, is retried where its cell
 * died before the head.
 *
 * Invariants: after `#over` the handler is not called again; exactly one of `onEnd` and `onError` is, unless the client aborted.
 */
export class RequestExchange implements RequestControl {
  readonly version: RunnableVersion
  readonly request: FunctionRequest
  /** In the cell that it is in now. */
  id = 0
  isolate: IsolateRecord | undefined
  /** How often it was given to a cell since code of the function last began on it. */
  attempts = 0
  /** Whether it is (one of) those that waited for the isolate to load. */
  cold = false
  #subrequests: Set<SubrequestExchange> | undefined
  subrequestCount = 0
  /** See `Subrequest.work`. */
  work: object
  readonly #options: RequestExchangeOptions
  readonly #handler: ResponseHandler
  #timer: NodeJS.Timeout | undefined
  #upload: SendWindow | undefined
  #received: ReceiveWindow | undefined
  #uploadBegun = false
  #headReceived = false
  #isSocket = false
  /** What is handed on past the function, once it came so far. */
  #passage: Passage | undefined
  /** Of an answer that came whole, what is still on its way. */
  #longBytesLeft = 0
  /** The cell is done with it, but for that. */
  #isSettled = false
  /** How often code of the function began on it and was lost. */
  #runs = 0
  #over = false
  /** It was aborted, and the function is not done with it. */
  #isAbandoned = false
  #paused = false
  #pausedBytes = 0

  constructor(options: RequestExchangeOptions) {
    this.#options = options
    this.version = options.version
    this.request = options.request
    this.work = options.request
    this.#handler = options.handler
    if (options.request.body === 'stream' || options.request.body === 'socket') {
      this.#upload = new SendWindow(
        (chunk, release) => {
          this.#uploadBegun = true
          this.isolate?.cell.sender.chunk(this.id, chunk, this.beginWork(options.request.workOfMessage), release)
        },
        () => {
          if (!this.#over) this.#handler.onDrain()
        },
        firstUploadBytes,
      )
      // Its isolate may still be waiting for its script.
      this.#upload.hold()
    }
    const { wallMs } = options.version.limits
    this.#timer = setTimeout(() => {
      this.fail(new SkerryError('wall_limit_exceeded', `No answer within ${wallMs} ms`, { limit: wallMs, used: wallMs }))
    }, Math.max(1, wallMs - (options.request.elapsedMs ?? 0)))
  }

  get over(): boolean {
    return this.#over
  }

  /** Those under way. Most requests make none, so that it is made at the first. */
  get subrequests(): Set<SubrequestExchange> {
    return (this.#subrequests ??= new Set())
  }

  abortSubrequests(): void {
    if (this.#subrequests === undefined) return
    for (const subrequest of this.#subrequests) subrequest.abort()
  }

  /** Whether it was answered by a WebSocket. */
  get isSocket(): boolean {
    return this.#isSocket
  }

  // The node's side.

  write(chunk: Uint8Array, release?: Release): boolean {
    if (this.#over || this.#upload === undefined) return true
    return this.#upload.offer(chunk, release)
  }

  end(): void {
    if (this.#over) return
    this.#upload?.close(() => {
      this.#uploadBegun = true
      this.isolate?.cell.sender.end(this.id)
    })
  }

  resume(): void {
    if (this.#over || !this.#paused) return
    this.#paused = false
    this.#timer?.refresh()
    const bytes = this.#pausedBytes
    this.#pausedBytes = 0
    this.#download.consume(bytes)
    this.#passage?.resume()
  }

  abort(): void {
    if (this.#over) return
    this.#finish()
    this.#leaveCell({ code: 'aborted', message: 'the client is gone' })
    if (this.isolate?.cell.holds(this) === true) this.#isAbandoned = true
    else this.#options.onSettled()
  }

  /** It left the table of its cell. */
  onLeft(): void {
    if (!this.#isAbandoned) return
    this.#isAbandoned = false
    this.#options.onSettled()
  }

  // The cell's side.

  /** An isolate has it now: its body may follow. */
  onOpened(): void {
    this.#upload?.open()
  }

  onHead(payload: Buffer, memory?: ReadMemory): void {
    if (this.#headReceived) return
    const reader = new PayloadReader(payload)
    const cpuMicros = reader.uint32()
    const settled = reader.uint8() === 1
    if (this.#over) {
      // Nobody waits for the answer, but that the function is done is worth knowing.
      if (settled) this.isolate?.cell.settle(this)
      return
    }
    const kind = reader.uint8()
    const head = readHead(reader.sizedLatin1())
    const longBytes = kind === BodyKind.long ? reader.uint32() : 0
    const content = reader.rest()
    if (typeof head === 'string' || Math.max(content.length, longBytes) > fixedLimits.wholeBodyBytes) {
      this.fail(new SkerryError('no_response', typeof head === 'string' ? head : disregard))
      return
    }
    this.#isSocket = head.status === 101
    if (this.#isSocket && (this.request.body !== 'socket' || kind !== BodyKind.stream || settled)) {
      this.fail(new SkerryError('no_response', 'The function answered with status 101 and no WebSocket'))
      return
    }
    // The handler keeps the body that stands behind the head.
    if (content.length > 0) memory?.keep()
    this.#headReceived = true
    this.#longBytesLeft = longBytes
    this.#isSettled = settled
    if (this.#isSocket) {
      this.#upload?.countMessages()
      this.#download.countMessages()
    }
    const { isolate } = this
    const started = this.cold ? isolate : undefined
    this.#handler.onHead(
      {
        status: head.status,
        statusText: head.statusText,
        headers: kind === BodyKind.long ? withLength(head.headers, longBytes) : head.headers,
        startKind: started?.startKind ?? 'warm',
        startMs: started?.startMs ?? 0,
        cpuMs: cpuMicros / 1_000,
      },
      kind === BodyKind.whole ? content : undefined,
      kind === BodyKind.stream || longBytes > 0,
    )
    if (kind === BodyKind.stream || longBytes > 0) {
      if (this.#isSocket) this.#stopTimer()
      else if (!this.#over) this.#startIdleTimer()
    } else {
      this.onEnd()
    }
    if (settled && (this.#longBytesLeft === 0 || this.#over)) isolate?.cell.settle(this)
  }

  onChunk(payload: Buffer, memory?: ReadMemory): void {
    if (this.#over) return
    if (this.#longBytesLeft > 0) {
      this.#onLongChunk(payload, memory)
      return
    }
    if (!this.#headReceived || !this.#download.accept(payload.length)) {
      this.fail(new SkerryError('uncaught_exception', disregard))
      return
    }
    this.#timer?.refresh()
    const goesOn = this.#handler.onChunk(payload, memory?.lend())
    if (this.#paused) {
      this.#pausedBytes += payload.length
    } else if (goesOn) {
      this.#download.consume(payload.length)
    } else {
      this.#paused = true
      this.#pausedBytes += payload.length
    }
  }

  onEnd(): void {
    if (this.#over || !this.#headReceived) return
    if (this.#longBytesLeft > 0) {
      this.fail(new SkerryError('uncaught_exception', disregard))
      return
    }
    const passage = this.#passage
    if (passage !== undefined) {
      if (!passage.isOpen) passage.open(this.#passageEnd(), this.#paused)
      return
    }
    this.#end()
  }

  /** The function answers with its request's body as it comes. What it has not been sent goes past it, and its part ends here. */
  passUploadOn(): void {
    if (this.#over || !this.#headReceived || this.#isSocket || this.#longBytesLeft > 0) return
    const passage = this.#upload?.divert()
    if (passage === undefined) return
    this.#passage = passage
    this.isolate?.cell.sender.end(this.id)
  }

  onReset(reason: ResetReason): void {
    if (this.#over) {
      // What it passed to `waitUntil` is ended: nobody but the author can be told.
      if (reason.code === 'cpu_limit_exceeded') this.#options.onFailure(this, new SkerryError(reason.code, reason.message), reason.stack)
      return
    }
    if (reason.inbound === true) {
      // The function does not read its request's body any further.
      this.#uploadBegun = true
      this.#upload?.discard()
      return
    }
    const code: ErrorCode = isErrorCode(reason.code) ? reason.code : 'uncaught_exception'
    this.fail(
      new SkerryError(code, reason.message, {
        ...(reason.limit === undefined ? {} : { limit: reason.limit }),
        ...(reason.used === undefined ? {} : { used: reason.used }),
      }),
      reason.stack,
    )
  }

  onCredit(bytes: number): void {
    this.#upload?.grant(bytes)
  }

  /** Answers with the error and has the cell drop the request. */
  fail(error: SkerryError, stack?: string): void {
    if (this.#over) return
    this.#finish()
    this.#options.onSettled()
    this.#options.onFailure(this, error, stack)
    this.#handler.onError(error)
    this.#leaveCell(undefined)
  }

  /**
   * The isolate or the cell is gone. Retries what had not begun, and safe methods before their head, where the body can be sent again.
   */
  onLost(begun: boolean, error: SkerryError, part: PartInLoss): void {
    this.isolate = undefined
    if (this.#over || this.#passage?.isOpen === true) {
      // Its answer stands; but whose code it was that went on and did this, the author and the operator are told.
      if (part === 'offender') this.#options.onFailure(this, error, undefined)
      return
    }
    const isWhole = !this.#headReceived && !this.#uploadBegun
    if (begun) {
      this.#runs++
      this.attempts = 0
    }
    // Whoever is not to blame may go on as often as its cell dies under it; what its start may have ended is not tried for ever.
    const triesMax = part === 'bystander' ? timesMax : suspectTimesMax
    const isSafe = begun ? safeMethods.has(this.request.method) && this.#runs < triesMax : this.attempts < triesMax
    if (part !== 'offender' && isWhole && isSafe) {
      this.#upload?.hold()
      this.#options.place(this)
      return
    }
    this.fail(error)
  }

  /** A message goes in: false where what is done for it is not counted anew. Where no WebSocket is served nothing is. */
  beginWork(workOfMessage: FunctionRequest['workOfMessage']): boolean {
    if (!this.#isSocket) return false
    const work = workOfMessage === undefined ? {} : workOfMessage()
    if (work === undefined) return false
    this.work = work
    this.subrequestCount = 0
    return true
  }

  #passageEnd(): PassageEnd {
    return {
      write: (bytes, release) => {
        if (this.#over) return false
        this.#timer?.refresh()
        if (this.#handler.onChunk(bytes, release)) return true
        this.#paused = true
        return false
      },
      end: () => {
        if (!this.#over) this.#end()
      },
    }
  }

  #end(): void {
    this.#finish()
    this.#options.onSettled()
    this.#handler.onEnd()
    // What it gave to `waitUntil` goes on, for so long as that may.
    if (!this.#isSettled) this.isolate?.cell.answered(this)
  }

  /** A part of an answer that came whole: no credit counts for it, and all of it is taken, whether the client reads or not. */
  #onLongChunk(payload: Buffer, memory: ReadMemory | undefined): void {
    if (payload.length > this.#longBytesLeft) {
      this.fail(new SkerryError('uncaught_exception', disregard))
      return
    }
    this.#longBytesLeft -= payload.length
    this.#timer?.refresh()
    if (!this.#handler.onChunk(payload, memory?.lend())) this.#paused = true
    if (this.#longBytesLeft > 0 || this.#over) return
    this.onEnd()
    if (this.#isSettled) this.isolate?.cell.settle(this)
  }

  /** The cell is to drop it, where it still has it. */
  #leaveCell(reason: ResetReason | undefined): void {
    if (this.#isSettled) this.isolate?.cell.settle(this)
    else this.isolate?.cell.abandon(this, reason)
  }

  /** Most answers come whole, without chunks. */
  get #download(): ReceiveWindow {
    return (this.#received ??= new ReceiveWindow((bytes) => this.isolate?.cell.sender.credit(this.id, bytes)))
  }

  #startIdleTimer(): void {
    clearTimeout(this.#timer)
    const { idleMs } = this.version.limits
    this.#timer = setTimeout(() => {
      // A client that does not read is no fault of the function.
      if (this.#paused) this.#timer?.refresh()
      // Past the function comes what the client sends.
      else if (this.#passage?.isOpen === true) this.fail(new SkerryError('bad_request', `No further chunk of the request's body within ${idleMs} ms`))
      else this.fail(new SkerryError('wall_limit_exceeded', `No further chunk within ${idleMs} ms`, { limit: idleMs, used: idleMs }))
    }, idleMs)
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #finish(): void {
    this.#over = true
    this.#stopTimer()
  }
}

/** The length is what comes, whatever the function says. */
function withLength(headers: readonly string[], length: number): string[] {
  const others = headers.filter((_, index) => headers[index - (index % 2)] !== 'content-length')
  return [...others, 'content-length', String(length)]
}

/**
 * Names as the node compares them, whatever case hostile code sent them in; or what is wrong with the head. A function that patched what the guest
 * layer is made of can send any text as a head: that is its own trouble, and no reason to mistrust its cell.
 */
function readHead(text: string): ResponseHead | string {
  if (text.length > fixedLimits.responseHeadBytes) return `The head of the answer is larger than ${fixedLimits.responseHeadBytes} bytes`
  try {
    const head = decodeResponseHead(text)
    for (let index = 0; index < head.headers.length; index += 2) head.headers[index] = head.headers[index]?.toLowerCase() ?? ''
    return head
  } catch {
    return 'The head of the answer makes no sense'
  }
}
