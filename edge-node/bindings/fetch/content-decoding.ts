import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { SkerryError } from '../../../errors/index.ts'
import type { BytesHolder, HeldBytes } from '../held-bytes.ts'

export interface DecoderEvents {
  /** False asks to wait for `resume`. */
  readonly onChunk: (chunk: Uint8Array) => boolean
  /** Takes input again, after `write` answered false. */
  readonly onDrain: () => void
  readonly onEnd: () => void
  readonly onError: (error: Error) => void
}

/** Undoes the content codings of an answer, with back-pressure: a bomb unpacks only as fast as it is read. */
export interface Decoder {
  write(chunk: Uint8Array): boolean
  end(): void
  resume(): void
  destroy(): void
}

const codingsMax = 5
/** What decoders of a node may hold together. */
export const decoderBytesMax = 256 * 1024 * 1024
/** A decoder holds so much, and one of Brotli up to 16 MB as it goes. @see https://www.rfc-editor.org/rfc/rfc7932#section-9.1 */
const stageBytes = 64 * 1024
const brotliWindowBytesMax = 16 * 1024 * 1024
/**
 * What lies between two codings may be so many times what came, and so much besides. What was compressed hardly gets smaller by being
 * compressed again; but a little can become much that becomes nothing, with nobody to read it and to be charged for it.
 */
const growthMax = 20
const growthFreeBytes = 1024 * 1024

/** For whom a decoder works, and what counts what it holds. */
export interface DecoderHost {
  readonly account: string
  readonly held: HeldBytes
}

/** A decoder for the answer's `content-encoding`; undefined where it has none, or one that we do not know. */
export function createDecoder(headers: readonly string[], host: DecoderHost, events: DecoderEvents): Decoder | undefined {
  const codings: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === 'content-encoding') codings.push(...(headers[index + 1] ?? '').toLowerCase().split(',').map((coding) => coding.trim()))
  }
  const named = codings.filter((coding) => coding !== '' && coding !== 'identity')
  if (named.length === 0 || named.length > codingsMax || !named.every(isKnown)) return undefined
  return new DecoderChain(named.toReversed(), host, events)
}

const isKnown = (coding: string): boolean => ['gzip', 'x-gzip', 'deflate', 'br'].includes(coding)

class DecoderChain implements Decoder, BytesHolder {
  readonly account: string
  readonly #held: HeldBytes
  readonly #codings: readonly string[]
  readonly #events: DecoderEvents
  #first: Transform | undefined
  #last: Transform | undefined
  readonly #stages: Transform[] = []
  #bytesIn = 0
  #isOver = false

  constructor(codings: readonly string[], { account, held }: DecoderHost, events: DecoderEvents) {
    this.account = account
    this.#held = held
    this.#codings = codings
    this.#events = events
  }

  write(chunk: Uint8Array): boolean {
    this.#bytesIn += chunk.length
    const first = this.#first ?? this.#open(chunk)
    return first.write(chunk)
  }

  end(): void {
    if (this.#first === undefined) this.#events.onEnd()
    else this.#first.end()
  }

  resume(): void {
    this.#last?.resume()
  }

  destroy(): void {
    this.#isOver = true
    this.#held.clear(this)
    for (const stage of this.#stages) stage.destroy()
  }

  giveUp(): void {
    this.#fail(new SkerryError('overloaded', 'The node has no room to decode the answer.'))
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.destroy()
    this.#events.onError(error)
  }

  /** Waits for the first bytes, since `deflate` comes with and without the zlib wrapper. */
  #open(firstChunk: Uint8Array): Transform {
    for (const [index, coding] of this.#codings.entries()) {
      const hasWrapper = index > 0 || ((firstChunk[0] ?? 0) & 0x0f) === 0x08
      this.#stages.push(createStage(coding, hasWrapper))
    }
    for (const [index, stage] of this.#stages.entries()) {
      stage.on('error', (error: Error) => this.#fail(error))
      const next = this.#stages[index + 1]
      this.#watch(stage, this.#codings[index] === 'br' ? brotliWindowBytesMax : 0, next === undefined)
      if (next !== undefined) stage.pipe(next)
    }
    const first = this.#stages[0]
    const last = this.#stages.at(-1)
    if (first === undefined || last === undefined) throw new RangeError('a decoder needs a coding')
    first.on('drain', () => this.#events.onDrain())
    last.on('data', (chunk: Buffer) => {
      if (!this.#events.onChunk(chunk)) last.pause()
    })
    last.on('end', () => {
      this.#held.clear(this)
      this.#events.onEnd()
    })
    this.#first = first
    this.#last = last
    return first
  }

  /** Counts what a stage holds, and stops it where what it makes for the next is too much. */
  #watch(stage: Transform, windowBytesMax: number, isLast: boolean): void {
    let bytesOut = 0
    let window = 0
    this.#held.add(this, stageBytes)
    stage.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      bytesOut += chunk.length
      const grown = Math.min(bytesOut, windowBytesMax) - window
      window += grown
      if (grown > 0) this.#held.add(this, grown)
      if (!isLast && bytesOut > this.#bytesIn * growthMax + growthFreeBytes) {
        this.#fail(new SkerryError('subrequest_failed', 'One coding of the answer makes far more for the next than came.'))
      }
    })
  }
}

function createStage(coding: string, hasWrapper: boolean): Transform {
  // Answers that were cut short still give what there is, as browsers do.
  const zlibOptions = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }
  if (coding === 'br') {
    return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH, finishFlush: constants.BROTLI_OPERATION_FLUSH })
  }
  if (coding === 'deflate') return hasWrapper ? createInflate(zlibOptions) : createInflateRaw(zlibOptions)
  return createGunzip(zlibOptions)
}
