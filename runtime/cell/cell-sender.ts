import { Buffer } from 'node:buffer'
import { BodyKind, type CellLog, FrameType, type IsolateLoss, type IsolateMeasure, type LoadOutcome, longBodyBytesMin, type ResetReason, type Transfer } from '../bridge/index.ts'
import { type FrameBatch, releaseOf } from '../pipe/index.ts'

/** Writes a cell's frames to the supervisor. They leave when the batch is flushed. */
export class CellSender {
  readonly #batch: FrameBatch

  constructor(batch: FrameBatch) {
    this.#batch = batch
  }

  ready(blankIsolates: number): void {
    this.#batch.json(FrameType.ready, 0, { blankIsolates })
  }

  loaded(isolateId: number, outcome: LoadOutcome, codeCache: Uint8Array | undefined): void {
    this.#batch.begin(FrameType.loaded, isolateId)
    this.#batch.writeSizedUtf8(JSON.stringify(outcome))
    if (codeCache !== undefined) this.#batch.writeBytes(codeCache)
    this.#batch.finish()
  }

  isolateLost(isolateId: number, loss: IsolateLoss): void {
    this.#batch.json(FrameType.isolateLost, isolateId, loss)
  }

  open(exchange: number, isolateId: number, parent: number, head: string, body: Transfer): void {
    this.#batch.begin(FrameType.open, exchange)
    this.#batch.writeUint32(isolateId)
    this.#batch.writeUint32(parent)
    this.#message(head, body)
    this.#batch.finish()
  }

  /** `body` is used up. */
  head(exchange: number, cpuMicros: number, settled: boolean, head: string, body: Transfer): void {
    const long = longBodyOf(body)
    this.#batch.begin(FrameType.head, exchange)
    this.#batch.writeUint32(cpuMicros)
    this.#batch.writeUint8(settled ? 1 : 0)
    if (long === undefined) {
      this.#message(head, body)
    } else {
      this.#batch.writeUint8(BodyKind.long)
      this.#batch.writeSizedLatin1(head)
      this.#batch.writeUint32(long.byteLength)
    }
    this.#batch.finish()
    if (long !== undefined) this.chunk(exchange, long)
  }

  /** `bytes` are used up. */
  chunk(exchange: number, bytes: Uint8Array): void {
    this.#batch.begin(FrameType.chunk, exchange)
    this.#batch.writeBytes(bytes, releaseOf(bytes))
    this.#batch.finish()
  }

  end(exchange: number): void {
    this.#batch.bare(FrameType.end, exchange)
  }

  reset(exchange: number, reason: ResetReason): void {
    this.#batch.json(FrameType.reset, exchange, reason)
  }

  credit(exchange: number, bytes: number): void {
    this.#number(FrameType.credit, exchange, bytes)
  }

  passOn(exchange: number, source: number): void {
    this.#number(FrameType.passOn, exchange, source)
  }

  settled(exchange: number, cpuMicros: number): void {
    this.#number(FrameType.settled, exchange, cpuMicros)
  }

  charged(isolateId: number, micros: number, isLast: boolean): void {
    this.#batch.begin(FrameType.charged, isolateId)
    this.#batch.writeUint32(micros)
    this.#batch.writeUint8(isLast ? 1 : 0)
    this.#batch.finish()
  }

  log(exchange: number, log: CellLog): void {
    this.#batch.json(FrameType.log, exchange, log)
  }

  measured(measures: readonly IsolateMeasure[]): void {
    this.#batch.json(FrameType.measured, 0, measures)
  }

  pong(id: number): void {
    this.#batch.bare(FrameType.pong, id)
  }

  #number(type: FrameType, id: number, value: number): void {
    this.#batch.begin(type, id)
    this.#batch.writeUint32(value)
    this.#batch.finish()
  }

  /** Kind of body, sized head, then the body where it travels along. */
  #message(head: string, body: Transfer): void {
    this.#batch.writeUint8(body === undefined ? BodyKind.none : body === true ? BodyKind.stream : BodyKind.whole)
    this.#batch.writeSizedLatin1(head)
    if (typeof body === 'string') this.#batch.writeUtf8(body)
    else if (body instanceof Uint8Array) this.#batch.writeBytes(body)
  }
}

/** The bytes of a body that does not travel in its head's frame, undefined for others. */
function longBodyOf(body: Transfer): Uint8Array | undefined {
  if (typeof body === 'string') return body.length < longBodyBytesMin ? undefined : Buffer.from(body, 'utf8')
  return body instanceof Uint8Array && body.byteLength >= longBodyBytesMin ? body : undefined
}
