import { type CellLog, fixedLimits, GuestEvent, type IsolateLoss, type LoadSettings, type ResetReason, sharedMemoryBytes, type Transfer } from '../bridge/index.ts'
import type { BlankIsolate } from './blank-isolate.ts'
import type { CellSender } from './cell-sender.ts'
import { isChunkTooLarge, messageRefusal, shortened } from './frame-sizes.ts'
import { functionFrames, guestStack, isTimeout, messageOf, rejectionOf } from './guest-errors.ts'
import { handOver } from './hand-over.ts'
import type { FunctionLoad, LoadResult } from './load-function.ts'
import type { TurnMarker } from './marker.ts'
import { CompressionOperations } from './operations/compression.ts'
import { CryptoOperations } from './operations/crypto.ts'
import type { PoolMeter } from './pool-meter.ts'
import { PoolQueue } from './pool-queue.ts'
import { createRequestRecord, passesLog, refill, type RequestRecord } from './request-record.ts'
import { isLastEvent, SubrequestTable } from './subrequest-table.ts'
import { TimerTable } from './timer-table.ts'
import { TurnClock } from './turn-clock.ts'

/** Below this, CPU time is told by the clock of the turns. */
const tickMicros = 4_000
interface Loading {
  readonly load: FunctionLoad
  /** Ends it where the module waits for too long. */
  readonly deadline: NodeJS.Timeout
  readonly onLoaded: (result: LoadResult) => void
}

/** A turn above this marks its isolate as slow. */
const slowTurnMicros = 1_000

export interface FunctionIsolateOptions {
  readonly id: number
  readonly blank: BlankIsolate
  readonly settings: LoadSettings
  readonly sender: CellSender
  /** Asks for the batch to be sent; needed outside of reads. */
  readonly schedule: () => void
  readonly marker: TurnMarker
  /** What the node last said of the machine's load; see `backstopMs`. */
  readonly contention: () => number
  /** Sends the batch now: before a turn that may be long, so that finished answers do not wait for it. */
  readonly flush: () => void
  /** Shared by the isolates of the cell. */
  readonly poolMeter: PoolMeter
  readonly allocateExchange: () => number
  readonly releaseExchange: (exchange: number) => void
  readonly onLost: () => void
}

/**
 * One isolate with a function in it.
 *
 * Invariants: code in the isolate runs only inside `#turn`, one timed call on this thread, charged to one request; promise jobs end before
 * the call does. An exchange id that comes from inside is looked up in this isolate's own tables, so that no function reaches another's
 * exchange. After a turn was cut, nothing enters the isolate again. What runs outside any request, or after its own was over, is charged to
 * a budget that each request refills, so that no function goes on for free.
 */
export class FunctionIsolate {
  readonly #options: FunctionIsolateOptions
  readonly #requests = new Map<number, RequestRecord>()
  readonly #subrequests = new SubrequestTable()
  /** Exchanges that carry a WebSocket's messages. */
  readonly #sockets = new Set<number>()
  readonly #timers = new TimerTable((timer, request) => {
    this.#turn(this.#requests.get(request), GuestEvent.timer, timer)
    this.#options.schedule()
  })
  readonly #crypto: CryptoOperations
  readonly #compression: CompressionOperations
  /** What is charged for turns that belong to no request under way. */
  readonly #outside = createRequestRecord(0)
  readonly #clock = new TurnClock()
  #sharedMemory: Uint8Array | undefined
  #turnRequest: RequestRecord | undefined
  /** Its turns are the function's start-up. */
  #loading: Loading | undefined
  #isOverdue = false
  #lost = false
  /** Slow until shown otherwise. */
  #slow = true

  constructor(options: FunctionIsolateOptions) {
    this.#options = options
    const queue = new PoolQueue(options.poolMeter)
    this.#crypto = new CryptoOperations(queue)
    this.#compression = new CompressionOperations(queue)
    this.#clock.beginLoad(options.settings.startupCpuMs, options.settings.contention)
  }

  /**
   * Memory that the isolate sees too. It is allocated here: that of an isolate must not outlive it, and who holds the last reference to shared
   * memory can not be told.
   */
  get sharedMemory(): Uint8Array {
    return (this.#sharedMemory ??= new Uint8Array(new SharedArrayBuffer(sharedMemoryBytes)))
  }

  /** Whether the isolate was ended since its turn, or its load, took longer than it may. */
  get isOverdue(): boolean {
    return this.#isOverdue
  }

  /**
   * Ends the isolate where its turn is overdue. Asked at each call of the host: the engine's own clock stands still while the host works, so
   * that a loop of such calls would outlive it many times.
   */
  endIfOverdue(): boolean {
    if (this.#isOverdue) return true
    if (!this.#clock.isOverdue) return false
    this.#isOverdue = true
    if (!this.#options.blank.isolate.isDisposed) this.#options.blank.isolate.dispose()
    return true
  }

  /** Loads the function into the isolate. `onLoaded` hears of it at once, or later where the module awaits something at its top level. */
  load(load: FunctionLoad, onLoaded: (result: LoadResult) => void): void {
    const result = load.start()
    if (result !== undefined) {
      onLoaded(result)
      return
    }
    const { startupWallMs } = fixedLimits
    const deadline = setTimeout(() => {
      this.#finishLoad(load.expired(startupWallMs))
      this.#options.schedule()
    }, startupWallMs)
    this.#loading = { load, deadline, onLoaded }
  }

  startRequest(exchange: number, head: string, body: Transfer): void {
    const request = createRequestRecord(exchange)
    this.#requests.set(exchange, request)
    this.#outside.cpuMicros = Math.max(0, this.#outside.cpuMicros - this.#options.settings.cpuMs * 1_000)
    this.#outside.logBytes = 0
    this.#turn(request, GuestEvent.request, exchange, head, body)
  }

  /** An event for an exchange of this isolate; unknown ones are over already. */
  exchangeEvent(event: GuestEvent, exchange: number, first?: Transfer, second?: Transfer): void {
    const request = this.#ownerOf(exchange)
    if (request === undefined && !this.#subrequests.has(exchange)) return
    if (event === GuestEvent.head && typeof first === 'string' && first.startsWith('101\n')) this.#sockets.add(exchange)
    this.#turn(request, event, exchange, first, second)
    if (isLastEvent(event, second)) this.#dropSubrequest(exchange)
  }

  /** The node wants nothing more of this request: its timers stop, and the guest drops what it holds. */
  forget(exchange: number): void {
    if (!this.#requests.has(exchange)) return
    this.exchangeEvent(GuestEvent.forget, exchange)
    this.#dropRequest(exchange)
  }

  dispose(): void {
    this.#lost = true
    clearTimeout(this.#loading?.deadline)
    this.#timers.clearAll()
    this.#compression.closeAll()
    this.#options.blank.connect(() => undefined)
    if (!this.#options.blank.isolate.isDisposed) this.#options.blank.isolate.dispose()
  }

  owns(exchange: number): boolean {
    return this.#requests.has(exchange) || this.#subrequests.has(exchange)
  }

  // What the guest asks for. Each is called inside a turn.

  respond(exchange: number, head: string, body: Transfer, settled: boolean): void {
    const request = this.#requests.get(exchange)
    if (request === undefined || request.answered) return
    const cpuMicros = this.#cpuOf(request)
    if (this.#overLimit(request, cpuMicros)) return
    const refusal = messageRefusal(head, body)
    if (refusal !== undefined) {
      this.fail(exchange, 'no_response', refusal, '')
      return
    }
    request.answered = true
    if (head.startsWith('101\n')) this.#sockets.add(exchange)
    this.#options.sender.head(exchange, this.#reportedMicros(request, cpuMicros), settled, head, body)
    if (settled) this.#dropRequest(exchange)
  }

  fail(exchange: number, code: string, message: string, stack: string): void {
    const request = this.#requests.get(exchange)
    if (request === undefined || request.answered) return
    request.answered = true
    this.#options.sender.reset(exchange, { code: shortened(code), message: shortened(message), stack: functionFrames(stack) })
  }

  bodyChunk(exchange: number, bytes: Uint8Array): void {
    if (!this.owns(exchange)) return
    if (isChunkTooLarge(bytes)) this.bodyReset(exchange, { code: 'uncaught_exception', message: 'The function sent a body in disregard of flow control' })
    else this.#options.sender.chunk(exchange, bytes)
  }

  bodyEnd(exchange: number): void {
    if (this.owns(exchange)) this.#options.sender.end(exchange)
  }

  bodyReset(exchange: number, reason: ResetReason): void {
    if (!this.owns(exchange)) return
    const { message, stack, ...rest } = reason
    this.#options.sender.reset(exchange, { ...rest, message: shortened(message), ...(stack === undefined ? {} : { stack: functionFrames(stack) }) })
    this.#dropSubrequest(exchange)
  }

  bodyCredit(exchange: number, bytes: number): void {
    if (this.owns(exchange)) this.#options.sender.credit(exchange, bytes)
  }

  /** Answers with the exchange, or with `code\nmessage` where no request is there to charge it to. */
  subrequest(parent: number, head: string, body: Transfer): number | string {
    const request = this.#requests.get(parent)
    if (request === undefined) return 'subrequest_failed\nfetch works only while a request is being handled'
    const { subrequests } = this.#options.settings
    request.subrequests++
    if (request.subrequests > subrequests) return `subrequest_limit_exceeded\nThe request made more than ${subrequests} subrequests`
    const refusal = messageRefusal(head, body)
    if (refusal !== undefined) return `subrequest_failed\n${refusal}`
    const exchange = this.#options.allocateExchange()
    this.#subrequests.add(exchange, parent)
    this.#options.sender.open(exchange, this.#options.id, parent, head, body)
    return exchange
  }

  settled(exchange: number): void {
    const request = this.#requests.get(exchange)
    if (request === undefined) return
    this.#options.sender.settled(exchange, this.#reportedMicros(request, this.#cpuOf(request)))
    this.#dropRequest(exchange)
  }

  log(exchange: number, entry: Omit<CellLog, 'isolate'>): void {
    const passed = passesLog(this.#requests.get(exchange) ?? this.#outside, entry)
    if (passed === undefined) return
    const record: CellLog = {
      ...passed,
      ...(passed.stack === undefined ? {} : { stack: functionFrames(passed.stack) }),
      isolate: this.#options.id,
    }
    this.#options.sender.log(this.#requests.has(exchange) ? exchange : 0, record)
  }

  startTimer(timer: number, delayMs: number, request: number): void {
    // A request that is over starts nothing any more.
    if (request === 0 || this.#requests.has(request)) this.#timers.start(timer, delayMs, request)
  }

  clearTimer(timer: number): void {
    this.#timers.clear(timer)
  }

  /** Answers with the result, or starts an operation whose outcome comes back as an event of its own, charged to the request that asked. */
  startCrypto(call: number, method: string, parameters: string, bytes: Uint8Array): Transfer {
    const result = this.#crypto.performNow(method, parameters, bytes)
    if (result !== undefined) return result
    const owner = this.#turnRequest
    void this.#crypto.perform(method, parameters, bytes, () => this.#isWantedFor(owner)).then(({ error, value, cpuMicros }) => {
      this.#payerOf(owner).cpuMicros += cpuMicros
      this.#turn(owner, GuestEvent.result, call, error, value)
      this.#options.schedule()
    })
    return undefined
  }

  stepCodec(codec: number, kind: Transfer, input: Uint8Array, ends: boolean): void {
    const owner = this.#turnRequest
    const step = { codec, owner: owner?.id ?? 0, kind, input, ends, isWanted: () => this.#isWantedFor(owner) }
    void this.#compression.step(step).then(({ output, more, cpuMicros }) => {
      this.#payerOf(owner).cpuMicros += cpuMicros
      this.#turn(owner, GuestEvent.codec, codec, output, more)
      this.#options.schedule()
    })
  }

  closeCodec(codec: number): void {
    this.#compression.close(codec)
  }

  #isWantedFor(owner: RequestRecord | undefined): boolean {
    return !this.#lost && !this.#isExhausted(this.#payerOf(owner))
  }

  #turn(charged: RequestRecord | undefined, event: GuestEvent, id: number, first?: Transfer, second?: Transfer): void {
    if (this.#lost) return
    const { blank, settings, marker } = this.#options
    const request = this.#payerOf(charged)
    if (this.#sockets.size > 0) this.#refillBySocket(request, event, id)
    const limitMs = this.#limitMs(request)
    const usedMs = (request.cpuMicros - request.forgivenMicros) / 1_000
    if (request === this.#outside && this.#isExhausted(request) && event !== GuestEvent.forget) return
    if (this.#slow) this.#options.flush()
    marker.write(this.#options.id, request.id)
    const leftMs = this.#loading?.load.leftMs ?? Math.min(limitMs - usedMs, settings.cpuMs)
    this.#turnRequest = request
    const timeout = this.#clock.begin(leftMs, this.#options.contention())
    let failure: unknown
    let failed = false
    try {
      if (typeof second === 'object' || typeof first === 'object') {
        blank.event.applySync(undefined, [event, id, handOver(first), handOver(second)], { timeout, arguments: { copy: true } })
      } else if (second !== undefined) {
        blank.event.applySync(undefined, [event, id, first, second], { timeout })
      } else {
        blank.event.applySync(undefined, [event, id, first], { timeout })
      }
    } catch (error) {
      failed = true
      failure = error
    }
    const turnMicros = this.#clock.cpuMicros
    this.#turnRequest = undefined
    this.#slow = turnMicros > slowTurnMicros
    request.cpuMicros += turnMicros
    request.turnMicros += this.#clock.elapsedMicros
    if (this.#loading !== undefined) {
      const { load } = this.#loading
      const result = failed ? load.failed(failure, turnMicros) : load.turnEnded(turnMicros)
      if (result !== undefined) this.#finishLoad(result)
    } else if (failed) this.#afterFailedTurn(request, event, failure)
    else if (this.#overLimit(request, request.cpuMicros)) this.#endRequest(request)
  }

  #finishLoad(result: LoadResult): void {
    const loading = this.#loading
    this.#loading = undefined
    this.#outside.cpuMicros = 0
    clearTimeout(loading?.deadline)
    loading?.onLoaded(result)
  }

  /** Whom a turn is charged to that this request caused: the request while it goes on. */
  #payerOf(request: RequestRecord | undefined): RequestRecord {
    return request !== undefined && this.#requests.get(request.id) === request ? request : this.#outside
  }

  #isExhausted(request: RequestRecord): boolean {
    return request.cpuMicros - request.forgivenMicros > this.#limitMs(request) * 1_000
  }

  /** CPU time in milliseconds. */
  #limitMs(request: RequestRecord): number {
    return request === this.#outside ? fixedLimits.startupCpuMs : this.#options.settings.cpuMs
  }

  #afterFailedTurn(request: RequestRecord, event: GuestEvent, error: unknown): void {
    const { blank, settings } = this.#options
    const exchange = request.id
    if (blank.isolate.isDisposed && !this.#isOverdue) {
      this.#lose({
        code: 'memory_limit_exceeded',
        message: `The function used more than ${settings.memoryMb} MB of memory`,
        exchange,
        limit: settings.memoryMb,
        used: settings.memoryMb,
      })
    } else if (this.#isOverdue || isTimeout(error)) {
      const usedMs = Math.round((request.cpuMicros - request.forgivenMicros) / 1_000)
      const overran = usedMs >= settings.cpuMs
      this.#lose({
        code: overran ? 'cpu_limit_exceeded' : 'overloaded',
        message: overran
          ? `The request used ${usedMs} ms of CPU; the limit is ${settings.cpuMs} ms`
          : 'The machine gave the function too little time to finish',
        exchange,
        ...(overran ? { limit: settings.cpuMs, used: usedMs } : {}),
      })
    } else if (event === GuestEvent.rejection) {
      this.log(exchange, { kind: 'exception', level: 'error', text: messageOf(error), stack: guestStack(error) })
    } else {
      // A rejection that nobody handles surfaces in whichever call is running. The isolate is sound; the guest tells its listeners, or reports it.
      this.#turn(request, GuestEvent.rejection, exchange, ...rejectionOf(error))
    }
  }

  /** Tells the node of a request whose turns came to an end by themselves, though over its limit: the isolate is sound and stays. */
  #overLimit(request: RequestRecord, cpuMicros: number): boolean {
    const { settings } = this.#options
    const countedMicros = cpuMicros - request.forgivenMicros
    if (countedMicros <= settings.cpuMs * 1_000 || !this.#requests.has(request.id)) return false
    const used = Math.round(countedMicros / 1_000)
    request.answered = true
    this.#options.sender.reset(request.id, {
      code: 'cpu_limit_exceeded',
      message: `The request used ${used} ms of CPU; the limit is ${settings.cpuMs} ms`,
      limit: settings.cpuMs,
      used,
    })
    return true
  }

  /**
   * A request whose own WebSocket is open goes on for as long as it likes, so that its work is measured by the message: each that comes, on
   * any of its sockets, brings its CPU time and subrequests anew. What its timers do meanwhile is measured by the interval of pings.
   */
  #refillBySocket(request: RequestRecord, event: GuestEvent, id: number): void {
    if (!this.#sockets.has(request.id)) return
    const nowMs = performance.now()
    const isMessage = event === GuestEvent.chunk && this.#sockets.has(id)
    if (isMessage || nowMs - request.refilledMs > fixedLimits.webSocketPingMs) refill(request, nowMs)
  }

  /** Nothing of the request goes on, in `waitUntil` neither. */
  #endRequest(request: RequestRecord): void {
    this.#options.sender.settled(request.id, this.#reportedMicros(request, request.cpuMicros))
    this.#dropRequest(request.id)
    this.#turn(undefined, GuestEvent.forget, request.id)
  }

  #lose(loss: IsolateLoss): void {
    this.#options.sender.isolateLost(this.#options.id, loss)
    this.dispose()
    this.#options.onLost()
  }

  #ownerOf(exchange: number): RequestRecord | undefined {
    return this.#requests.get(exchange) ?? this.#requests.get(this.#subrequests.parentOf(exchange) ?? 0)
  }

  #cpuOf(request: RequestRecord): number {
    return this.#turnRequest === request ? request.cpuMicros + this.#clock.cpuMicros : request.cpuMicros
  }

  #reportedMicros(request: RequestRecord, cpuMicros: number): number {
    if (cpuMicros > tickMicros) return cpuMicros
    const running = this.#turnRequest === request ? this.#clock.elapsedMicros : 0
    return Math.min(request.turnMicros + running, tickMicros)
  }

  #dropRequest(exchange: number): void {
    this.#requests.delete(exchange)
    this.#sockets.delete(exchange)
    this.#options.releaseExchange(exchange)
    if (this.#subrequests.size > 0) for (const subrequest of this.#subrequests.of(exchange)) this.#dropSubrequest(subrequest)
    this.#timers.clearOf(exchange)
    this.#compression.closeOf(exchange)
  }

  /** Without effect on what is no subrequest. */
  #dropSubrequest(exchange: number): void {
    if (!this.#subrequests.remove(exchange)) return
    this.#sockets.delete(exchange)
    this.#options.releaseExchange(exchange)
  }
}
