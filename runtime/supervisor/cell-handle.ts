import type { Buffer } from 'node:buffer'
import { isErrorCode, SkerryError } from '../../errors/index.ts'
import { type CellSettings, FrameType, type LoadSettings, type ResetReason } from '../bridge/index.ts'
import { PayloadReader, type ReadMemory } from '../pipe/index.ts'
import { CellProcess, type ProcessEnding, type TurnMark } from './cell-process.ts'
import { CellSender } from './cell-sender.ts'
import { type CellFrameRecords, parseCellLog, parseIsolateLoss, parseLoadOutcome, parseMeasures, parseReset } from './cell-records.ts'
import type { EagerLoop } from './eager-loop.ts'
import type { IsolateRecord } from './isolate-record.ts'
import type { ThreadTime } from './process-usage.ts'
import { QueueDelay } from './queue-delay.ts'
import type { RequestExchange } from './request-exchange.ts'
import { RequestTable } from './request-table.ts'
import type { CellQueue, RunnableVersion, SubrequestDispatcher } from './runtime.ts'
import type { CellCommand } from './sandbox.ts'
import type { GuestImage } from './snapshot.ts'
import { SubrequestExchange } from './subrequest-exchange.ts'

/** Whom the end of a cell is blamed on: whoever's turn was running, or nobody. */
export type Blame = 'running' | 'nobody'

export interface CellEnd {
  /** For anybody: what the process ended with. */
  readonly reason: string
  /** For the operator alone. */
  readonly output: string
  /** By somebody else than the supervisor. */
  readonly wasKilled: boolean
  /** Whose doing it was, where it was somebody's. */
  readonly culprit: IsolateRecord | undefined
}

export interface CellHandleOptions {
  readonly eagerLoop: EagerLoop | undefined
  readonly command: CellCommand
  readonly image: GuestImage
  readonly settings: CellSettings
  readonly dispatchSubrequest: SubrequestDispatcher
  readonly onReady: (cell: CellHandle) => void
  /** The isolate is loaded, or failed to; the code cache where one came along. */
  readonly onLoaded: (isolate: IsolateRecord, outcome: CellFrameRecords['loadOutcome'], codeCache: Buffer) => void
  /** The isolate is out of requests, or its number of them fell. */
  readonly onSettled: (isolate: IsolateRecord) => void
  /** The fault is its own, or undefined where it went down with another's. */
  readonly onIsolateLost: (isolate: IsolateRecord, fault: SkerryError | undefined) => void
  /** Code of the isolate that belongs to no request did something that its author should hear of. */
  readonly onFailure: (isolate: IsolateRecord, error: SkerryError) => void
  readonly onLog: (isolate: IsolateRecord, exchange: RequestExchange | undefined, log: CellFrameRecords['log']) => void
  /** Memory of the isolates that hold most, as the cell says when it is asked. */
  readonly onMeasured: (isolates: readonly IsolateRecord[]) => void
  /** The version used so much CPU time in this cell, in requests and beside them. */
  readonly onCharged: (version: RunnableVersion, cpuMs: number) => void
  /** The process is gone. Its exchanges are settled next. */
  readonly onExit: (cell: CellHandle, end: CellEnd) => void
}

/** Frames that wait for a cell which does not read: beyond it the cell takes no new request. */
const backlogBytesMax = 64 * 1024 * 1024
/** Isolates that were unloaded, and of which the cell has yet to say what they used last. Beyond it the oldest is forgotten. */
const departedMax = 4_096

/**
 * One cell, from the supervisor's side: its process, the isolates in it, and the exchanges under way.
 *
 * Invariants: a frame from the cell names exchanges and isolates only by ids of this cell's own tables; frames that make no sense end
 * the cell. When it ends, each exchange is settled at once: the guilty isolate's fail, the rest are retried where that is safe.
 */
export class CellHandle implements CellQueue {
  readonly isolates = new Map<number, IsolateRecord>()
  ready = false
  gone = false
  readonly sender: CellSender
  readonly #options: CellHandleOptions
  readonly #process: CellProcess
  readonly #requests = new RequestTable((exchange) => {
    this.#forget(exchange)
  })
  readonly #subrequests = new Map<number, SubrequestExchange>()
  readonly #departed = new Map<number, RunnableVersion>()
  #nextIsolate = 1
  #pingsUnanswered = 0
  #isMistrusted = false
  #framesReceived = 0
  readonly #queueDelay = new QueueDelay()
  /** Why the supervisor ended the cell, where it did: what its offender is told, where somebody is to blame. */
  #verdict: { readonly error: SkerryError; readonly blames: Blame } | undefined

  constructor(options: CellHandleOptions) {
    this.#options = options
    this.#process = new CellProcess({
      command: options.command,
      onFrame: (type, id, payload, memory) => {
        this.#onFrame(type, id, payload, memory)
      },
      onExit: (ending) => {
        this.#onExit(ending)
      },
    })
    this.sender = new CellSender(this.#process.frames)
    this.sender.initialize(options.settings, options.image)
  }

  /** Requests that are not settled. */
  get inFlight(): number {
    return this.#requests.size
  }

  get overloaded(): boolean {
    return this.sender.backlogBytes > backlogBytesMax
  }

  get backlogBytes(): number {
    return this.sender.backlogBytes
  }

  get framesReceived(): number {
    return this.#framesReceived
  }

  delayMs(nowMs: number): number {
    return this.gone ? 0 : this.#queueDelay.delayMs(nowMs, this.mark().turns)
  }

  get awaitsPong(): boolean {
    return this.#pingsUnanswered > 0
  }

  mark(): TurnMark {
    return this.#process.mark()
  }

  /** Undefined where the system does not tell. */
  residentMb(): number | undefined {
    return this.#process.usage.residentMb()
  }

  /** Undefined where the process is going. */
  threadTime(): ThreadTime | undefined {
    return this.#process.usage.threadTime()
  }

  /** Has the cell end the turn with this number, if it still runs. */
  interrupt(turn: number): void {
    this.#process.interrupt(turn)
  }

  /** See `ProcessPriority`. */
  applyPriority(): void {
    this.#process.priority.apply()
  }

  /** See `ProcessPriority`. */
  startInBackground(): void {
    this.#process.priority.startInBackground()
  }

  /** See `ProcessPriority`. */
  use(): void {
    this.#process.priority.use()
  }

  /** See `ProcessPriority`. */
  lowerForGood(): void {
    this.#process.priority.lowerForGood()
  }

  allocateIsolate(): number {
    return this.#nextIsolate++
  }

  load(isolate: IsolateRecord, settings: LoadSettings, script: Uint8Array, codeCache: Uint8Array | undefined): void {
    isolate.state = 'loading'
    this.sender.load(isolate.id, settings, script, codeCache)
  }

  unload(isolate: IsolateRecord): void {
    this.isolates.delete(isolate.id)
    isolate.state = 'gone'
    this.#departed.set(isolate.id, isolate.version)
    const [oldest] = this.#departed.keys()
    if (this.#departed.size > departedMax && oldest !== undefined) this.#departed.delete(oldest)
    this.sender.unload(isolate.id)
  }

  /** Hands a request to an isolate of this cell. */
  open(exchange: RequestExchange, isolate: IsolateRecord, metadata: string): void {
    this.#requests.add(exchange)
    exchange.isolate = isolate
    exchange.attempts++
    this.sender.open(exchange.id, isolate.id, exchange.request, metadata)
    this.#options.eagerLoop?.expect()
    exchange.onOpened()
  }

  /** Whether the function may still be at it. */
  holds(exchange: RequestExchange): boolean {
    return this.#requests.has(exchange)
  }

  /** Nobody waits for this request's answer any more. With a reason the function is told, and may end what it passed to `waitUntil`. */
  abandon(exchange: RequestExchange, reason: ResetReason | undefined): void {
    if (!this.#requests.has(exchange)) return
    if (reason === undefined) {
      this.#forget(exchange)
    } else {
      this.sender.reset(exchange.id, reason)
      this.#requests.linger(exchange)
    }
  }

  /** The answer is over, and the function is not done with the request: it has the time of `waitUntil`. */
  answered(exchange: RequestExchange): void {
    if (this.#requests.has(exchange)) this.#requests.linger(exchange)
  }

  /** The function is done with a request. */
  settle(exchange: RequestExchange): void {
    if (!this.#requests.remove(exchange)) return
    const { isolate } = exchange
    if (isolate === undefined) return
    isolate.inFlight--
    this.#options.onSettled(isolate)
  }

  /** The isolate never came up: its requests get the error. */
  failRequestsOf(isolate: IsolateRecord, error: SkerryError, stack: string | undefined): void {
    for (const exchange of this.#requests.of(isolate)) exchange.fail(error, stack)
  }

  /** Ends the WebSockets that the isolate serves: of all that requests do, these alone go on for as long as they like. */
  endSocketsOf(isolate: IsolateRecord, error: SkerryError): void {
    for (const exchange of this.#requests.of(isolate)) if (exchange.isSocket) exchange.fail(error)
  }

  dropSubrequest(id: number): void {
    this.#subrequests.delete(id)
  }

  ping(): void {
    this.#pingsUnanswered++
    this.#queueDelay.ping(performance.now(), this.mark().turns)
    this.sender.ping()
  }

  /** Asks which isolates hold most memory. */
  measure(): void {
    this.sender.measure()
  }

  /** Ends the process now. `verdict` is what the request is told whose turn was running, if it is to blame, and else all that can not be repeated. */
  kill(verdict?: SkerryError, blames: Blame = 'running'): void {
    if (verdict !== undefined) this.#verdict ??= { error: verdict, blames }
    this.#process.kill()
  }

  #onFrame(type: number, id: number, payload: Buffer, memory: ReadMemory | undefined): void {
    if (this.#isMistrusted) return
    this.#framesReceived++
    this.#options.eagerLoop?.came()
    try {
      this.#take(type, id, payload, memory)
    } catch (error) {
      // Hostile or broken: nothing that this cell says can be believed any more.
      this.#isMistrusted = true
      process.stderr.write(`ending a cell after a senseless frame of type ${type}: ${error instanceof Error ? error.message : String(error)}\n`)
      this.kill(new SkerryError('isolate_crashed', 'The process that ran the function said what makes no sense'))
    }
  }

  #take(type: number, id: number, payload: Buffer, memory: ReadMemory | undefined): void {
    switch (type) {
      case FrameType.head:
        this.#requests.get(id)?.onHead(payload, memory)
        break
      case FrameType.chunk:
        this.#exchange(id)?.onChunk(payload, memory)
        break
      case FrameType.end:
        this.#exchange(id)?.onEnd()
        break
      case FrameType.reset:
        this.#exchange(id)?.onReset(parseReset(payload))
        break
      case FrameType.credit:
        this.#exchange(id)?.onCredit(payload.readUInt32LE(0))
        break
      case FrameType.passOn:
        this.#passOn(id, payload.readUInt32LE(0))
        break
      case FrameType.settled: {
        const exchange = this.#requests.get(id)
        if (exchange !== undefined) this.settle(exchange)
        break
      }
      case FrameType.open:
        this.#openSubrequest(id, new PayloadReader(payload))
        break
      case FrameType.log:
        this.#log(id, payload)
        break
      case FrameType.loaded: {
        memory?.keep()
        const isolate = this.isolates.get(id)
        const reader = new PayloadReader(payload)
        const outcome = parseLoadOutcome(reader.sizedUtf8())
        if (isolate !== undefined) this.#options.onLoaded(isolate, outcome, reader.rest())
        break
      }
      case FrameType.isolateLost:
        this.#isolateLost(id, payload)
        break
      case FrameType.measured:
        this.#options.onMeasured(parseMeasures(payload).flatMap(({ isolate }) => this.isolates.get(isolate) ?? []))
        break
      case FrameType.charged:
        this.#charged(id, payload.readUInt32LE(0), payload.readUInt8(4) === 1)
        break
      case FrameType.pong:
        this.#pingsUnanswered = 0
        this.#queueDelay.pong(performance.now(), this.mark().turns)
        break
      case FrameType.ready:
        this.ready = true
        this.applyPriority()
        // The descriptor that it is read from is had now, or at a time when there is none left.
        this.threadTime()
        this.#options.onReady(this)
        break
      default:
        throw new RangeError('unknown frame type')
    }
  }

  #exchange(id: number): RequestExchange | SubrequestExchange | undefined {
    return id % 2 === 0 ? this.#requests.get(id) : this.#subrequests.get(id)
  }

  /** Exchanges of others are none of the function's business. */
  #passOn(id: number, source: number): void {
    if (id === source) this.#requests.get(id)?.passUploadOn()
  }

  #openSubrequest(id: number, reader: PayloadReader): void {
    const isolateId = reader.uint32()
    const parent = this.#requests.get(reader.uint32())
    const kind = reader.uint8()
    if (id % 2 === 0 || this.#subrequests.has(id)) throw new RangeError('subrequest with an id that is taken')
    if (parent === undefined || parent.isolate?.id !== isolateId) {
      this.sender.reset(id, { code: 'subrequest_failed', message: 'the request that made it is over' })
      return
    }
    const { subrequests } = parent.version.limits
    parent.subrequestCount++
    if (parent.subrequestCount > subrequests) {
      this.sender.reset(id, { code: 'subrequest_limit_exceeded', message: `The request made more than ${subrequests} subrequests` })
      return
    }
    const subrequest = new SubrequestExchange(id, this, parent)
    this.#subrequests.set(id, subrequest)
    subrequest.start(kind, reader, this.#options.dispatchSubrequest)
  }

  #log(id: number, payload: Buffer): void {
    const log = parseCellLog(payload)
    const isolate = this.isolates.get(log.isolate)
    if (isolate !== undefined) this.#options.onLog(isolate, this.#requests.get(id), log)
  }

  #charged(id: number, micros: number, isLast: boolean): void {
    const version = this.isolates.get(id)?.version ?? this.#departed.get(id)
    if (isLast) this.#departed.delete(id)
    if (version !== undefined && micros > 0) this.#options.onCharged(version, micros / 1_000)
  }

  #isolateLost(id: number, payload: Buffer): void {
    const loss = parseIsolateLoss(payload)
    const isolate = this.isolates.get(id)
    if (isolate === undefined) return
    this.isolates.delete(id)
    isolate.state = 'gone'
    const offence = new SkerryError(isErrorCode(loss.code) ? loss.code : 'isolate_crashed', loss.message, {
      ...(loss.limit === undefined ? {} : { limit: loss.limit }),
      ...(loss.used === undefined ? {} : { used: loss.used }),
    })
    this.#options.onIsolateLost(isolate, offence)
    const isTold = this.#requests.lose({
      affects: (exchange) => exchange.isolate === isolate,
      isOffender: (exchange) => exchange.id === loss.exchange && loss.code !== 'overloaded',
      offence,
      highestBegun: this.mark().highestExchangeId,
    })
    if (!isTold && loss.code !== 'overloaded') this.#options.onFailure(isolate, offence)
  }

  #onExit({ summary, output, wasKilled }: ProcessEnding): void {
    this.gone = true
    this.ready = false
    const mark = this.#process.mark()
    const isLoading = this.isolates.get(mark.isolateId)?.state === 'loading'
    const offence = this.#verdict?.error ?? new SkerryError('isolate_crashed', 'The process that ran the function died')
    const isBlamed = !wasKilled && this.#verdict?.blames !== 'nobody'
    const culprit = isBlamed ? this.#culprit(mark) : undefined
    for (const isolate of this.isolates.values()) {
      isolate.state = 'gone'
      this.#options.onIsolateLost(isolate, isolate === culprit ? offence : undefined)
    }
    const { error } = this.#verdict ?? {}
    this.#options.onExit(this, { reason: error === undefined ? summary : `was ended for ${error.code}: ${error.message}`, output, wasKilled, culprit })
    const isTold = this.#requests.lose({
      affects: () => true,
      isOffender: (exchange) => isBlamed && isOffender(exchange, mark),
      isSuspect: (exchange) => isBlamed && isLoading && mark.exchangeId === 0 && exchange.isolate?.id === mark.isolateId,
      offence,
      highestBegun: mark.highestExchangeId,
    })
    if (culprit !== undefined && !isTold) this.#options.onFailure(culprit, offence)
    // Nobody has seen what waited for a script to be read.
    for (const { waiting } of this.isolates.values()) for (const exchange of waiting.splice(0)) exchange.onLost(false, offence, 'bystander')
    this.isolates.clear()
  }

  /** Whose turn was running; where none was, whoever was alone: threads beside the turns crash too. */
  #culprit({ isolateId }: TurnMark): IsolateRecord | undefined {
    if (isolateId !== 0) return this.isolates.get(isolateId)
    const [only, another] = this.isolates.values()
    return another === undefined ? only : undefined
  }

  #forget(exchange: RequestExchange): void {
    this.sender.forget(exchange.id)
    this.settle(exchange)
  }
}

/** The request whose turn was running; where it was a turn outside of requests, all of its isolate. */
function isOffender(exchange: RequestExchange, { exchangeId, isolateId }: TurnMark): boolean {
  if (isolateId === 0) return false
  return exchangeId === 0 ? exchange.isolate?.id === isolateId : exchange.id === exchangeId
}
