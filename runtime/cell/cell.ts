import { type Buffer, isUtf8 } from 'node:buffer'
import ivm from 'isolated-vm'
import {
  BodyKind,
  type CellSettings,
  FrameType,
  GuestEvent,
  type IsolateMeasure,
  type LoadSettings,
  measuresMax,
  ResetCode,
  type ResetReason,
  SerialMap,
  type Transfer,
} from '../bridge/index.ts'
import { exactCopy, PayloadReader } from '../pipe/index.ts'
import { BlankFactory } from './blank-isolate.ts'
import { BlankPool } from './blank-pool.ts'
import type { CellSender } from './cell-sender.ts'
import { CpuCharge, CpuCharges } from './cpu-charge.ts'
import { FunctionIsolate } from './function-isolate.ts'
import { PoolMeter } from './pool-meter.ts'
import { performHostOperation } from './host-operations.ts'
import { FunctionLoad, type LoadResult } from './load-function.ts'
import type { TurnMarker } from './marker.ts'
import type { TurnInterrupter } from './turn-interrupter.ts'
import { WaitingLoads } from './waiting-loads.ts'

export interface CellOptions {
  readonly sender: CellSender
  readonly schedule: () => void
  readonly flush: () => void
  readonly marker: TurnMarker
  readonly interrupter: TurnInterrupter
}

/** Takes the supervisor's frames to the isolates that they are for. */
export class Cell {
  readonly #options: CellOptions
  readonly #isolates = new Map<number, FunctionIsolate>()
  /** Which isolate an exchange belongs to. */
  readonly #exchanges = new SerialMap<FunctionIsolate>()
  readonly #waiting = new WaitingLoads()
  /** Loads whose module awaits something at its top level. */
  readonly #starting = new WaitingLoads()
  readonly #poolMeter = new PoolMeter()
  readonly #charges: CpuCharges
  #pool: BlankPool | undefined
  #runningClock = false
  #nextSubrequest = 1

  constructor(options: CellOptions) {
    this.#options = options
    this.#charges = new CpuCharges(options.schedule)
  }

  readonly onFrame = (type: number, id: number, payload: Buffer): void => {
    if (this.#waiting.size > 0 && this.#waiting.take(type, id, payload)) return
    if (this.#starting.size > 0 && this.#starting.take(type, id, payload)) return
    this.#handle(type, id, payload)
  }

  #handle(type: number, id: number, payload: Buffer): void {
    switch (type) {
      case FrameType.initialize:
        this.#initialize(payload)
        break
      case FrameType.load:
        this.#load(id, payload)
        break
      case FrameType.unload:
        this.#isolates.get(id)?.unload()
        this.#forgetIsolate(id)
        break
      case FrameType.open:
        this.#open(id, payload)
        break
      case FrameType.head:
        this.#head(id, payload)
        break
      case FrameType.message:
        this.#exchanges.get(id)?.renew(id)
        this.#exchanges.get(id)?.receiveChunk(id, payload)
        break
      case FrameType.chunk:
        this.#exchanges.get(id)?.receiveChunk(id, payload)
        break
      case FrameType.end:
        this.#exchanges.get(id)?.receiveEnd(id)
        break
      case FrameType.reset: {
        const { code, message } = JSON.parse(payload.toString('utf8')) as ResetReason
        this.#event(GuestEvent.reset, id, code, message)
        break
      }
      case FrameType.credit:
        this.#event(GuestEvent.credit, id, payload.readUInt32LE(0))
        break
      case FrameType.forget:
        this.#exchanges.get(id)?.forget(id)
        break
      case FrameType.measure:
        this.#options.sender.measured(this.#largest())
        break
      case FrameType.ping:
        this.#options.sender.pong(id)
        break
      default:
        break
    }
  }

  #initialize(payload: Buffer): void {
    const reader = new PayloadReader(payload)
    const settings = JSON.parse(reader.sizedUtf8()) as CellSettings
    const snapshotBytes = reader.sizedBytes()
    const guestScript = reader.rest().toString('utf8')
    const snapshot = snapshotBytes.length === 0 ? undefined : new ivm.ExternalCopy(exactCopy(snapshotBytes).buffer as ArrayBuffer)
    this.#runningClock = settings.runningClock
    this.#pool = new BlankPool({
      size: settings.blankIsolates,
      initialSize: settings.initialBlankIsolates,
      memoryMb: settings.blankMemoryMb,
      factory: new BlankFactory(snapshot, guestScript, this.#options.interrupter),
      onAdded: () => {
        this.#loadNextWaiting()
      },
    })
    this.#options.sender.ready(this.#pool.size)
    this.#pool.start()
  }

  #load(id: number, payload: Buffer): void {
    const pool = this.#pool
    if (pool === undefined || this.#isolates.has(id)) return
    const reader = new PayloadReader(payload)
    const settings = JSON.parse(reader.sizedUtf8()) as LoadSettings
    const blank = pool.take(settings.memoryMb, settings.isTrial)
    if (blank === undefined) {
      this.#waiting.add(id, payload)
      return
    }
    const codeCache = reader.sizedBytes()
    const source = reader.rest().toString('utf8')
    const isolate = new FunctionIsolate({
      id,
      blank,
      settings,
      runningClock: this.#runningClock,
      sender: this.#options.sender,
      schedule: this.#options.schedule,
      flush: this.#options.flush,
      marker: this.#options.marker,
      interrupter: this.#options.interrupter,
      poolMeter: this.#poolMeter,
      charge: new CpuCharge(id, this.#options.sender, this.#charges),
      allocateExchange: () => this.#allocateExchange(isolate),
      releaseExchange: (exchange) => this.#exchanges.delete(exchange),
      onLost: () => {
        this.#forgetIsolate(id)
      },
    })
    blank.connect((operation, call, first, second, third) => performHostOperation(isolate, operation, call, first, second, third))
    this.#isolates.set(id, isolate)
    const cached = codeCache.length === 0 ? undefined : new ivm.ExternalCopy(exactCopy(codeCache).buffer as ArrayBuffer, { transferOut: true })
    this.#starting.hold(id)
    isolate.load(new FunctionLoad({ blank, settings, runningClock: this.#runningClock, source, cached, isOverdue: () => isolate.isOverdue }), (result) => {
      this.#loaded(id, isolate, result)
    })
  }

  #loaded(id: number, isolate: FunctionIsolate, { outcome, codeCache }: LoadResult): void {
    if (!outcome.loaded) isolate.tellCpu()
    this.#options.sender.loaded(id, outcome, codeCache)
    const frames = this.#starting.release(id)
    if (!outcome.loaded) {
      isolate.dispose()
      this.#forgetIsolate(id)
      return
    }
    for (const frame of frames) this.onFrame(frame.type, frame.id, frame.payload)
  }

  #loadNextWaiting(): void {
    for (const { type, id, payload } of this.#waiting.next()) this.onFrame(type, id, payload)
    this.#options.flush()
    this.#options.schedule()
  }

  #open(id: number, payload: Buffer): void {
    const reader = new PayloadReader(payload)
    const isolate = this.#isolates.get(reader.uint32())
    if (isolate === undefined) {
      this.#options.sender.reset(id, { code: ResetCode.aborted, message: 'the isolate is gone' })
      return
    }
    this.#exchanges.set(id, isolate)
    const kind = reader.uint8()
    const head = reader.sizedLatin1()
    isolate.startRequest(id, head, bodyOf(kind, reader))
  }

  #head(id: number, payload: Buffer): void {
    const reader = new PayloadReader(payload)
    const kind = reader.uint8()
    const head = reader.sizedLatin1()
    this.#event(GuestEvent.head, id, head, bodyOf(kind, reader))
  }

  #event(event: GuestEvent, exchange: number, first?: Transfer, second?: Transfer): void {
    this.#exchanges.get(exchange)?.exchangeEvent(event, exchange, first, second)
  }

  #largest(): IsolateMeasure[] {
    const measures = [...this.#isolates].map(([isolate, { bytes }]) => ({ isolate, bytes }))
    return measures.toSorted((one, other) => other.bytes - one.bytes).slice(0, measuresMax)
  }

  #allocateExchange(isolate: FunctionIsolate): number {
    const exchange = this.#nextSubrequest
    this.#nextSubrequest = (this.#nextSubrequest + 2) >>> 0
    this.#exchanges.set(exchange, isolate)
    return exchange
  }

  #forgetIsolate(id: number): void {
    const isolate = this.#isolates.get(id)
    this.#isolates.delete(id)
    if (isolate === undefined) return
    for (const [exchange, owner] of this.#exchanges.entries()) if (owner === isolate) this.#exchanges.delete(exchange)
  }
}

function bodyOf(kind: number, reader: PayloadReader): Transfer {
  if (kind === BodyKind.whole) return wholeBody(reader.rest())
  if (kind === BodyKind.socket) return false
  return kind === BodyKind.stream ? true : undefined
}

/** Bodies are read as text mostly, and text enters an isolate for a fraction of what bytes cost: they are allocated, serialised and decoded. */
function wholeBody(bytes: Buffer): Transfer {
  return isUtf8(bytes) ? bytes.toString('utf8') : exactCopy(bytes)
}
