import { decodeRequestHead, HostOperation, ResetCode } from '../../bridge/index.ts'
import { abortSignal, type AbortSignal, createAbortSignal } from '../events/index.ts'
import {
  Body,
  createRequest,
  defaultBrowserOptions,
  type RequestFields,
  RequestRecord,
  type ResponseRecord,
  responseRecordOf,
} from '../fetch/index.ts'
import { callHost } from '../host.ts'
import { describeThrown } from '../report-exception.ts'
import { SocketLink, socketControlOf } from '../websocket/index.ts'
import { createClientGone, createFailure, createRequestOver } from './errors.ts'
import { ExecutionContext, type WaitUntil } from './execution-context.ts'
import type { Handlers } from './handlers.ts'
import { IncomingBody } from './incoming-body.ts'
import { OutgoingBody } from './outgoing-body.ts'
import { sendAnswer, sendSwitch } from './send-answer.ts'
import { isAwaitedByOthers, leave, linger, releaseLingering } from './shared-work.ts'
import type { Exchange } from './table.ts'

/**
 * One request to the function with its answer.
 *
 * Invariants: the host hears exactly one of `respond` and `fail`; it hears of the end exactly once, by the third argument of
 * `respond` or by `settled`, when the answer's body and all that was given to `waitUntil` are over.
 */
export class RequestExchange implements Exchange, WaitUntil {
  readonly id: number
  readonly ownerId: number
  readonly #head: string
  readonly #incoming: IncomingBody | undefined
  /** Whether it may be answered with a WebSocket. */
  readonly #takesSocket: boolean
  readonly #onSettled: (exchange: RequestExchange) => void
  #outgoing: OutgoingBody | undefined
  /** In place of the bodies, once it was answered with a WebSocket. */
  #link: SocketLink | undefined
  #signal: AbortSignal | undefined
  /** Set once the client is gone. */
  #goneReason: unknown
  /** Parts that go on: the answer, and each promise given to `waitUntil`. */
  #parts = 1
  #isAnswered = false
  #isSettled = false

  /** `body` as in the event `request`. */
  constructor(id: number, head: string, body: unknown, onSettled: (exchange: RequestExchange) => void) {
    this.id = id
    this.ownerId = id
    this.#head = head
    this.#incoming = body === true ? new IncomingBody(id, () => {}, () => Number(/\ncontent-length\n(\d{1,12})(?:\n|$)/.exec(head)?.[1] ?? 0)) : undefined
    this.#takesSocket = body === false
    this.#onSettled = onSettled
  }

  /** Never throws. */
  run(handlers: Handlers, environment: unknown, content: string | Uint8Array | undefined): void {
    const body = content === undefined && this.#incoming === undefined ? undefined : new Body(content, this.#incoming)
    const request = createRequest(new RequestRecord(() => readFields(this.#head), body, () => this.#readSignal()))
    let answer: unknown
    try {
      if (handlers.fetch === undefined) throw new TypeError('The default export has no fetch handler')
      answer = handlers.fetch(request, environment, new ExecutionContext(this))
      if (responseRecordOf(answer) === undefined && typeof answer === 'object' && answer !== null) {
        Promise.resolve(answer).then((value) => this.#answer(value), (error: unknown) => this.#fail('uncaught_exception', error))
        return
      }
    } catch (error) {
      this.#fail('uncaught_exception', error)
      return
    }
    this.#answer(answer)
  }

  get isWaiting(): boolean {
    return !this.#isAnswered && this.#incoming?.isAwaited !== true
  }

  endLingering(): void {
    this.#finishPart()
  }

  waitUntil(promise: unknown): void {
    if (this.#isSettled) return
    this.#parts += 1
    Promise.resolve(promise).then(
      () => this.#finishPart(),
      (error: unknown) => {
        const { message, stack } = describeThrown(error)
        callHost(HostOperation.exception, this.id, message, stack)
        this.#finishPart()
      },
    )
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
    if (code !== ResetCode.aborted) {
      this.#incoming?.fail(createFailure(code, message))
      this.#link?.end(createFailure(code, message))
      return
    }
    if (this.#goneReason !== undefined) return
    this.#goneReason = createClientGone()
    this.#incoming?.fail(this.#goneReason)
    this.#outgoing?.stop(this.#goneReason)
    this.#link?.end(this.#goneReason)
    if (this.#signal !== undefined) abortSignal(this.#signal, this.#goneReason)
  }

  forget(): void {
    this.#isSettled = true
    leave(this)
    this.#incoming?.abandon(createRequestOver())
    this.#outgoing?.stop(createRequestOver())
    this.#link?.end(createRequestOver())
  }

  #readSignal(): AbortSignal {
    this.#signal = createAbortSignal()
    if (this.#goneReason !== undefined) abortSignal(this.#signal, this.#goneReason)
    return this.#signal
  }

  #answer(value: unknown): void {
    if (this.#isSettled) return
    const record = responseRecordOf(value)
    if (record === undefined) {
      this.#fail('no_response', new TypeError(`The handler returned ${describeValue(value)} instead of a Response`))
      return
    }
    if (record.type === 'error' || record.body?.unusable === true) {
      const problem = record.type === 'error' ? 'The handler returned Response.error()' : 'The body of the Response has already been used'
      this.#fail('no_response', new TypeError(problem))
      return
    }
    if (record.webSocket !== undefined) {
      this.#answerWithSocket(record)
      return
    }
    this.#isAnswered = true
    if (isAwaitedByOthers(this)) this.#linger()
    let source
    try {
      source = sendAnswer(this.id, record, this.#head.startsWith('HEAD\n'), this.#goneReason, () => this.#parts === 1)
    } catch (error) {
      this.#fail('uncaught_exception', error)
      return
    }
    if (source !== undefined) {
      if (source instanceof IncomingBody) source.passOnTo(this.id)
      this.#outgoing = new OutgoingBody(this.id, source, () => this.#finishPart())
      this.#outgoing.start()
      releaseLingering()
    } else if (this.#parts === 1) {
      this.#settle()
    } else {
      this.#finishPart()
    }
  }

  /** The request goes on until the connection is over. */
  #answerWithSocket(record: ResponseRecord): void {
    const socket = socketControlOf(record.webSocket)
    try {
      if (!this.#takesSocket) throw new TypeError('Only a request to upgrade to WebSocket can be answered with a WebSocket')
      socket?.requireFree()
    } catch (error) {
      this.#fail('no_response', error)
      return
    }
    this.#isAnswered = true
    sendSwitch(this.id, record)
    const link = new SocketLink(this.id, () => {
      if (this.#isSettled) return
      callHost(HostOperation.end, this.id)
      this.#finishPart()
    })
    this.#link = link
    const outbox = socket?.takeOver(link.sender)
    if (outbox !== undefined) link.inbox.attach(outbox)
    if (this.#goneReason !== undefined) link.end(this.#goneReason)
  }

  #fail(code: string, error: unknown): void {
    if (this.#isSettled) return
    this.#isAnswered = true
    const { message, stack } = describeThrown(error)
    callHost(HostOperation.fail, this.id, code, message, stack)
    this.#finishPart()
  }

  #finishPart(): void {
    this.#parts -= 1
    if (this.#parts > 0 || this.#isSettled) return
    if (isAwaitedByOthers(this)) {
      this.#linger()
      return
    }
    callHost(HostOperation.settled, this.id)
    this.#settle()
  }

  #linger(): void {
    this.#parts += 1
    linger(this)
  }

  #settle(): void {
    this.#isSettled = true
    this.#incoming?.abandon(createRequestOver())
    this.#onSettled(this)
    leave(this)
    releaseLingering()
  }
}

function readFields(head: string): RequestFields {
  const { method, url, metadata, headers } = decodeRequestHead(head)
  return {
    method, url, metadata, list: headers, guard: 'immutable', redirect: 'manual', browserOptions: defaultBrowserOptions,
  }
}

function describeValue(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  return typeof value === 'object' ? 'an object that is none' : `a ${typeof value}`
}
