import type { Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'

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

/** A decoder for the answer's `content-encoding`; undefined where it has none, or one that we do not know. */
export function createDecoder(headers: readonly string[], events: DecoderEvents): Decoder | undefined {
  const codings: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] === 'content-encoding') codings.push(...(headers[index + 1] ?? '').toLowerCase().split(',').map((coding) => coding.trim()))
  }
  const named = codings.filter((coding) => coding !== '' && coding !== 'identity')
  if (named.length === 0 || named.length > codingsMax || !named.every(isKnown)) return undefined
  return new DecoderChain(named.toReversed(), events)
}

const isKnown = (coding: string): boolean => ['gzip', 'x-gzip', 'deflate', 'br'].includes(coding)

class DecoderChain implements Decoder {
  readonly #codings: readonly string[]
  readonly #events: DecoderEvents
  #first: Transform | undefined
  #last: Transform | undefined
  readonly #stages: Transform[] = []

  constructor(codings: readonly string[], events: DecoderEvents) {
    this.#codings = codings
    this.#events = events
  }

  write(chunk: Uint8Array): boolean {
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
    for (const stage of this.#stages) stage.destroy()
  }

  /** Waits for the first bytes, since `deflate` comes with and without the zlib wrapper. */
  #open(firstChunk: Uint8Array): Transform {
    for (const [index, coding] of this.#codings.entries()) {
      const hasWrapper = index > 0 || ((firstChunk[0] ?? 0) & 0x0f) === 0x08
      this.#stages.push(createStage(coding, hasWrapper))
    }
    for (const [index, stage] of this.#stages.entries()) {
      stage.on('error', (error: Error) => this.#events.onError(error))
      const next = this.#stages[index + 1]
      if (next !== undefined) stage.pipe(next)
    }
    const first = this.#stages[0]
    const last = this.#stages.at(-1)
    if (first === undefined || last === undefined) throw new RangeError('a decoder needs a coding')
    first.on('drain', () => this.#events.onDrain())
    last.on('data', (chunk: Buffer) => {
      if (!this.#events.onChunk(chunk)) last.pause()
    })
    last.on('end', () => this.#events.onEnd())
    this.#first = first
    this.#last = last
    return first
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
