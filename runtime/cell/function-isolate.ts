import type { Buffer } from 'node:buffer'
import { backstopMs, type CellLog, fixedLimits, GuestEvent, type IsolateLoss, type LoadSettings, type ResetReason, sharedMemoryBytes, type Transfer } from '../bridge/index.ts'
import { exactCopy } from '../pipe/index.ts'
import type { BlankIsolate } from './blank-isolate.ts'
import type { CellSender } from './cell-sender.ts'
import type { CpuCharge } from './cpu-charge.ts'
import { isChunkTooLarge, messageRefusal, shortened } from './frame-sizes.ts'
import { functionFrames, guestStack, isTimeout, messageOf, rejectionOf } from './guest-errors.ts'
import { handOver } from './hand-over.ts'
import { cpuOverrun, memoryLoss, timeLoss } from './isolate-loss.ts'
import { GatheredBodies } from './gathered-bodies.ts'
import type { FunctionLoad, LoadResult } from './load-function.ts'
import type { TurnMarker } from './marker.ts'
import type { PoolMeter } from './pool-meter.ts'
import { PoolWork } from './pool-work.ts'
import { countedMicros, RequestLedger } from './request-ledger.ts'
import { passesLog, type RequestRecord } from './request-record.ts'
import { isLastEvent, SubrequestTable } from './subrequest-table.ts'
import { TimerTable } from './timer-table.ts'
import { TurnClock } from './turn-clock.ts'
import type { TurnInterrupter } from './turn-interrupter.ts'

/** A turn above this marks its isolate as slow. */
const slowTurnMicros = 1_000

interface Loading {
  readonly load: FunctionLoad
  /** Ends it where the module waits for too long. */
  readonly deadline: NodeJS.Timeout
  readonly onLoaded: (result: LoadResult) => void
}

export interface FunctionIsolateOptions {
  readonly id: number
  readonly blank: BlankIsolate
  readonly settings: LoadSettings
  /** See `CellSettings`. */
  readonly runningClock: boolean
  readonly sender: CellSender
  /** Asks for the batch to be sent; needed outside of reads. */
  readonly schedule: () => void
  readonly marker: TurnMarker
  readonly interrupter: TurnInterrupter
  /** Sends the batch now: before a turn that may be long, so that finished answers do not wait for it. */
  readonly flush: () => void
  /** Shared by the isolates of the cell. */
  readonly poolMeter: PoolMeter
  readonly charge: CpuCharge
  readonly allocateExchange: () => number
  readonly releaseExchange: (exchange: number) => void
  readonly onLost: () => void
}

/**
 * One isolate with a function in it.
 *
 * Invariants: code in the isolate runs only inside `#turn`, one timed call on this thread, charged to one request; promise jobs end before
 * the call does. An exchange id that comes from inside is looked up in this isolate's own tables, so that no function reaches another's
 * exchange. After a turn was cut, nothing enters the isolate again.
 */
export class FunctionIsolate {
  readonly #options: FunctionIsolateOptions
  readonly #requests: RequestLedger
  readonly #subrequests = new SubrequestTable()
  readonly #timers = new TimerTable((timer, request) => {
    this.#turn(this.#requests.get(request), GuestEvent.timer, timer)
    this.#options.schedule()
  })
  readonly #pool: PoolWork
  readonly #gathered: GatheredBodies = new GatheredBodies(() => this.roomBytes + this.#gathered.heldBytes)
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
    this.#requests = new RequestLedger(options.settings.cpuMs)
    this.#pool = new PoolWork({
      meter: options.poolMeter,
      isWanted: (owner) => !this.#lost && !this.#requests.isExhausted(this.#requests.payerOf(owner)),
      onDone: (owner, cpuMicros, event, id, first, second) => {
        this.#requests.payerOf(owner).cpuMicros += cpuMicros
        options.charge.add(cpuMicros)
        this.#turn(owner, event, id, first, second)
        options.schedule()
      },
    })
  }

  /**
   * Memory that the isolate sees too. It is allocated here: that of an isolate must not outlive it, and who holds the last reference to shared
   * memory can not be told.
   */
  get sharedMemory(): Uint8Array {
    return (this.#sharedMemory ??= new Uint8Array(new SharedArrayBuffer(sharedMemoryBytes)))
  }

  /** When the turn began, in whole milliseconds since the Unix epoch. */
  get turnWallMs(): number {
    return this.#clock.beginning.wallMs
  }

  /** What the clock that nobody sets shows inside, in milliseconds. */
  get steadyMs(): number {
    return this.#options.runningClock ? performance.now() : this.#clock.beginning.steadyMs
  }

  /** Whether the isolate was ended since its turn, or its load, took longer than it may. */
  get isOverdue(): boolean {
    return this.#isOverdue || this.#options.interrupter.hasEnded(this.#options.blank.serial)
  }

  /**
   * Ends the isolate where its turn is overdue. Asked at each call of the host: the engine's own clock stands still while the host works, so
   * that a loop of such calls would outlive it many times.
   */
  endIfOverdue(): boolean {
    if (this.isOverdue) return true
    if (!this.#clock.isOverdue) return false
    this.#isOverdue = true
    if (!this.#options.blank.isolate.isDisposed) this.#options.blank.isolate.dispose()
    return true
  }

  /** What its memory limit leaves it, in bytes. */
  get roomBytes(): number {
    return this.#options.settings.memoryMb * 1024 * 1024 - this.bytes
  }

  /** Ends the isolate, within its turn, for what its memory has no room for. */
  endForMemory(): void {
    const { isolate } = this.#options.blank
    if (!isolate.isDisposed) isolate.dispose()
  }

  /** Loads the function into the isolate. `onLoaded` hears of it at once, or later where the module awaits something at its top level. */
  load(load: FunctionLoad, onLoaded: (result: LoadResult) => void): void {
    this.#options.flush()
    this.#enter(0, load.leftMs)
    const result = load.start()
    this.#leave()
    this.#options.charge.add(this.#clock.cpuMicros)
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
    this.#turn(this.#requests.start(exchange), GuestEvent.request, exchange, head, body)
  }

  /** The node grants the request that this exchange belongs to its CPU time and subrequests anew. */
  renew(exchange: number): void {
    const request = this.#ownerOf(exchange)
    if (request !== undefined) this.#requests.renew(request)
  }

  /** Bytes of the body that flows towards the guest. The payload may be a view of more: what is kept of it is copied. */
  receiveChunk(exchange: number, payload: Buffer): void {
    if (!this.#gathered.has(exchange)) {
      this.exchangeEvent(GuestEvent.chunk, exchange, exactCopy(payload))
      return
    }
    this.#options.sender.credit(exchange, payload.length)
    const piece = this.#gathered.add(exchange, payload)
    if (piece !== undefined) this.exchangeEvent(GuestEvent.chunk, exchange, piece)
  }

  /** The body that flows towards the guest is complete. */
  receiveEnd(exchange: number): void {
    this.exchangeEvent(GuestEvent.end, exchange, this.#gathered.finish(exchange))
  }

  /** An event for an exchange of this isolate; unknown ones are over already. */
  exchangeEvent(event: GuestEvent, exchange: number, first?: Transfer, second?: Transfer): void {
    const request = this.#ownerOf(exchange)
    if (request === undefined && !this.#subrequests.has(exchange)) return
    this.#turn(request, event, exchange, first, second)
    if (event === GuestEvent.reset) this.#gathered.drop(exchange)
    if (isLastEvent(event, second)) this.#dropSubrequest(exchange)
  }

  /** The node wants nothing more of this request: its timers stop, and the guest drops what it holds. */
  forget(exchange: number): void {
    if (!this.#requests.has(exchange)) return
    this.exchangeEvent(GuestEvent.forget, exchange)
    this.#dropRequest(exchange)
  }

  /** Memory on the heap and beside it, and what is gathered for it. */
  get bytes(): number {
    const { isolate } = this.#options.blank
    if (isolate.isDisposed) return 0
    const { total_physical_size: heap, externally_allocated_size: external } = isolate.getHeapStatisticsSync()
    return heap + external + this.#gathered.heldBytes
  }

  /** The node hears now what CPU it used, before whatever follows. */
  tellCpu(): void {
    this.#options.charge.tell()
  }

  /** The node wants it no more, and hears for the last time what CPU it used. */
  unload(): void {
    this.dispose()
    this.#options.charge.close()
  }

  dispose(): void {
    this.#lost = true
    clearTimeout(this.#loading?.deadline)
    this.#timers.clearAll()
    this.#pool.closeAll()
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
    if (head.startsWith('101\n')) this.#requests.addSocket(exchange)
    this.#options.sender.head(exchange, cpuMicros, settled, head, body)
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

  /** See `HostOperation.passOn`. */
  passOn(exchange: number, source: number): void {
    if (this.owns(exchange) && this.owns(source)) this.#options.sender.passOn(exchange, source)
  }

  /** See `HostOperation.gather`. */
  gather(exchange: number, expectedBytes: number): void {
    if (this.owns(exchange)) this.#gathered.start(exchange, expectedBytes)
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
    this.#options.sender.settled(exchange, this.#cpuOf(request))
    this.#dropRequest(exchange)
  }

  log(exchange: number, entry: Omit<CellLog, 'isolate'>): void {
    const passed = passesLog(this.#requests.payerOf(this.#requests.get(exchange)), entry)
    if (passed === undefined) return
    const record: CellLog = {
      ...passed,
      ...(passed.stack === undefined ? {} : { stack: functionFrames(passed.stack) }),
      isolate: this.#options.id,
    }
    this.#options.sender.log(this.#requests.has(exchange) ? exchange : 0, record)
  }

  /** False where the isolate has too many. */
  startTimer(timer: number, delayMs: number, request: number): boolean {
    // A request that is over starts nothing any more.
    if (request !== 0 && !this.#requests.has(request)) return true
    return this.#timers.start(timer, delayMs, request)
  }

  clearTimer(timer: number): void {
    this.#timers.clear(timer)
  }

  /** See `PoolWork`. */
  startCrypto(call: number, method: string, parameters: string, bytes: Uint8Array): Transfer {
    return this.#pool.crypto(this.#turnRequest, call, method, parameters, bytes)
  }

  stepCodec(codec: number, kind: Transfer, input: Uint8Array, ends: boolean): void {
    this.#pool.stepCodec(this.#turnRequest, codec, kind, input, ends)
  }

  closeCodec(codec: number): void {
    this.#pool.closeCodec(codec)
  }

  #turn(charged: RequestRecord | undefined, event: GuestEvent, id: number, first?: Transfer, second?: Transfer): void {
    if (this.#lost) return
    const { blank, settings } = this.#options
    const request = this.#requests.payerOf(charged)
    this.#requests.renewByTime(request)
    if (this.#requests.isOutside(request) && this.#requests.isExhausted(request) && event !== GuestEvent.forget) return
    if (this.#slow) this.#options.flush()
    const leftMs = this.#loading?.load.leftMs ?? Math.min(this.#requests.leftMs(request), settings.cpuMs)
    this.#turnRequest = request
    const timeout = backstopMs(leftMs)
    this.#enter(request.id, leftMs)
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
    this.#leave()
    const turnMicros = this.#clock.cpuMicros
    this.#turnRequest = undefined
    this.#slow = turnMicros > slowTurnMicros
    request.cpuMicros += turnMicros
    this.#options.charge.add(turnMicros)
    if (this.#loading !== undefined) {
      const { load } = this.#loading
      const result = failed ? load.failed(failure, turnMicros) : load.turnEnded(turnMicros)
      if (result !== undefined) this.#finishLoad(result)
    } else if (failed) this.#afterFailedTurn(request, event, failure)
    else if (this.#overLimit(request, request.cpuMicros)) this.#endRequest(request)
  }

  /** Tells all who watch that code of the function runs from now on. */
  #enter(exchange: number, leftMs: number): void {
    const { id, blank, marker, interrupter } = this.#options
    this.#clock.begin(leftMs, !this.#slow)
    interrupter.enter(marker.begin(id, exchange, leftMs), blank.serial)
  }

  /** No code of it runs any more. What follows where it was cut, as clearing up after it, is not its turn's time. */
  #leave(): void {
    this.#options.interrupter.leave()
    if (this.#options.blank.isolate.isDisposed) this.#options.marker.rest()
  }

  #finishLoad(result: LoadResult): void {
    const loading = this.#loading
    this.#loading = undefined
    this.#requests.clearOutside()
    clearTimeout(loading?.deadline)
    loading?.onLoaded(result)
  }

  #afterFailedTurn(request: RequestRecord, event: GuestEvent, error: unknown): void {
    const { blank, settings } = this.#options
    const exchange = request.id
    if (blank.isolate.isDisposed && !this.isOverdue) {
      this.#lose(memoryLoss(exchange, settings.memoryMb))
    } else if (this.isOverdue || isTimeout(error)) {
      this.#lose(timeLoss(exchange, countedMicros(request), settings.cpuMs))
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
    const usedMicros = countedMicros(request, cpuMicros)
    if (usedMicros <= settings.cpuMs * 1_000 || !this.#requests.has(request.id)) return false
    request.answered = true
    this.#options.sender.reset(request.id, cpuOverrun(usedMicros, settings.cpuMs))
    return true
  }

  /** Nothing of the request goes on, in `waitUntil` neither. */
  #endRequest(request: RequestRecord): void {
    this.#options.sender.settled(request.id, request.cpuMicros)
    this.#dropRequest(request.id)
    this.#turn(undefined, GuestEvent.forget, request.id)
  }

  #lose(loss: IsolateLoss): void {
    this.tellCpu()
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

  #dropRequest(exchange: number): void {
    this.#requests.remove(exchange)
    this.#gathered.drop(exchange)
    this.#options.releaseExchange(exchange)
    if (this.#subrequests.size > 0) for (const subrequest of this.#subrequests.of(exchange)) this.#dropSubrequest(subrequest)
    this.#timers.clearOf(exchange)
    this.#pool.closeOf(exchange)
  }

  /** Without effect on what is no subrequest. */
  #dropSubrequest(exchange: number): void {
    if (!this.#subrequests.remove(exchange)) return
    this.#gathered.drop(exchange)
    this.#options.releaseExchange(exchange)
  }
}
