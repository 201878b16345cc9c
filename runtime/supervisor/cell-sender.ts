import {
  BodyKind,
  type CellSettings,
  encodeRequestHead,
  encodeResponseHead,
  FrameType,
  type LoadSettings,
  maximumChunkBytes,
  type ResetReason,
  type ResponseHead,
} from '../bridge/index.ts'
import type { FrameSocket, Release } from '../pipe/index.ts'
import type { FunctionRequest } from './runtime.ts'
import type { GuestImage } from './snapshot.ts'

/** Writes the node's frames to one cell; they leave together at the end of the event loop's turn. */
export class CellSender {
  readonly #frames: FrameSocket

  constructor(frames: FrameSocket) {
    this.#frames = frames
  }

  /** Bytes that the cell has not taken yet. */
  get backlogBytes(): number {
    return this.#frames.backlogBytes
  }

  initialize(settings: CellSettings, image: GuestImage): void {
    const { batch } = this.#frames
    batch.begin(FrameType.initialize, 0)
    batch.writeSizedUtf8(JSON.stringify(settings))
    batch.writeUint32(image.snapshot.length)
    batch.writeBytes(image.snapshot)
    if (image.snapshot.length === 0) batch.writeUtf8(image.script)
    this.#finish()
  }

  load(isolateId: number, settings: LoadSettings, script: Uint8Array, codeCache: Uint8Array | undefined): void {
    const { batch } = this.#frames
    batch.begin(FrameType.load, isolateId)
    batch.writeSizedUtf8(JSON.stringify(settings))
    batch.writeUint32(codeCache?.byteLength ?? 0)
    if (codeCache !== undefined) batch.writeBytes(codeCache)
    batch.writeBytes(script)
    this.#finish()
  }

  unload(isolateId: number): void {
    this.#bare(FrameType.unload, isolateId)
  }

  open(exchange: number, isolateId: number, request: FunctionRequest, metadata: string): void {
    const { body, method, url, headers } = request
    const { batch } = this.#frames
    batch.begin(FrameType.open, exchange)
    batch.writeUint32(isolateId)
    batch.writeUint8(kindOf(body))
    batch.writeSizedLatin1(encodeRequestHead({ method, url, metadata, headers }))
    if (body instanceof Uint8Array) batch.writeBytes(body)
    this.#finish()
  }

  head(exchange: number, head: ResponseHead, hasBody: boolean): void {
    const { batch } = this.#frames
    batch.begin(FrameType.head, exchange)
    batch.writeUint8(hasBody ? BodyKind.stream : BodyKind.none)
    batch.writeSizedLatin1(encodeResponseHead(head))
    this.#finish()
  }

  /** `renews`: its request gets CPU time and subrequests anew. `release` is called when the chunk was written. */
  chunk(exchange: number, chunk: Uint8Array, renews = false, release?: Release): void {
    const { batch } = this.#frames
    for (let at = 0; at < chunk.byteLength; at += maximumChunkBytes) {
      batch.begin(renews && at === 0 ? FrameType.message : FrameType.chunk, exchange)
      batch.writeBytes(chunk.subarray(at, at + maximumChunkBytes), at + maximumChunkBytes < chunk.byteLength ? undefined : release)
      batch.finish()
    }
    this.#frames.schedule()
  }

  end(exchange: number): void {
    this.#bare(FrameType.end, exchange)
  }

  reset(exchange: number, reason: ResetReason): void {
    this.#frames.batch.json(FrameType.reset, exchange, reason)
    this.#frames.schedule()
  }

  credit(exchange: number, bytes: number): void {
    const { batch } = this.#frames
    batch.begin(FrameType.credit, exchange)
    batch.writeUint32(bytes)
    this.#finish()
  }

  forget(exchange: number): void {
    this.#bare(FrameType.forget, exchange)
  }

  measure(): void {
    this.#bare(FrameType.measure, 0)
  }

  ping(): void {
    this.#bare(FrameType.ping, 0)
  }

  #bare(type: FrameType, id: number): void {
    this.#frames.batch.bare(type, id)
    this.#frames.schedule()
  }

  #finish(): void {
    this.#frames.batch.finish()
    this.#frames.schedule()
  }
}

function kindOf(body: FunctionRequest['body']): BodyKind {
  if (body === undefined) return BodyKind.none
  if (body === 'stream') return BodyKind.stream
  return body === 'socket' ? BodyKind.socket : BodyKind.whole
}
