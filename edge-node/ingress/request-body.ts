import type { IncomingMessage } from 'node:http'
import { SkerryError } from '../../errors/index.ts'
import { type CellQueue, releaseOf, type RequestControl } from '../../runtime/supervisor/index.ts'
import { Pace, type PaceOptions, type UploadBrake } from '../protection/index.ts'

/** Bodies up to this, if they came in together with the head, are handed over whole. */
export const wholeBodyBytesMax = 64 * 1024

/** Smaller chunks that come together go on together: each would cost the function a turn. */
const gatheredBytesMax = 4 * 1024

export interface RequestBodyPumpOptions {
  readonly bytesMax: number
  /** Without a byte while the function would take some. */
  readonly idleMs: number
  readonly pace: PaceOptions
  readonly brake: UploadBrake
  /** Where the chunks wait for the function's cell. */
  readonly queue: () => CellQueue | undefined
  /** Ends the request. */
  readonly fail: (error: SkerryError) => void
}

/**
 * Pumps a request's body into a function, chunk by chunk.
 *
 * Invariants: nothing is buffered here beyond one turn: while the function does not take more, or its cell has too much before it, the socket
 * is not read. More than `bytesMax`, nothing for `idleMs` while the function would take more, or less than the pace, ends the request by `fail`.
 */
export class RequestBodyPump {
  readonly #request: IncomingMessage
  readonly #control: RequestControl
  readonly #options: RequestBodyPumpOptions
  readonly #pace: Pace
  readonly #idle: NodeJS.Timeout
  #bytes = 0
  #gathered: Buffer[] = []
  #isPaused = false
  #isBraked = false
  #isOver = false

  constructor(request: IncomingMessage, control: RequestControl, options: RequestBodyPumpOptions) {
    this.#request = request
    this.#control = control
    this.#options = options
    this.#pace = new Pace(options.pace)
    this.#pace.wait(performance.now())
    this.#idle = setTimeout(() => this.#stalled(), options.idleMs)
    request.on('data', this.#onData)
    request.on('end', this.#onEnd)
  }

  /** The function takes chunks again. */
  resume(): void {
    if (!this.#isPaused || this.#isOver) return
    this.#isPaused = false
    this.#goOn()
  }

  /** Reads no further for the function. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#idle)
    this.#options.brake.leave(this.#onBrakeOff)
    this.#request.off('data', this.#onData)
    this.#request.off('end', this.#onEnd)
  }

  readonly #onData = (chunk: Buffer): void => {
    const { bytesMax, fail } = this.#options
    this.#bytes += chunk.length
    if (this.#bytes > bytesMax) {
      this.stop()
      fail(bodyTooLarge(bytesMax, this.#bytes))
    } else if (!this.#pace.receive(performance.now(), chunk.length)) {
      this.stop()
      fail(new SkerryError('bad_request', 'The request\'s body comes too slowly.'))
    } else if (chunk.length > gatheredBytesMax && this.#gathered.length === 0) {
      this.#write(chunk)
    } else {
      if (this.#gathered.length === 0) process.nextTick(this.#flush)
      this.#gathered.push(chunk)
    }
  }

  /** What one read of the socket brought. */
  readonly #flush = (): void => {
    const chunks = this.#gathered
    if (chunks.length === 0 || this.#isOver) return
    this.#gathered = []
    this.#write(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
  }

  #write(chunk: Buffer): void {
    this.#isPaused = !this.#control.write(chunk, releaseOf(chunk)) || this.#isPaused
    this.#isBraked = this.#options.brake.hold(this.#options.queue(), this.#onBrakeOff)
    if (!this.#isPaused && !this.#isBraked) {
      this.#idle.refresh()
      return
    }
    this.#pace.rest(performance.now())
    this.#request.pause()
  }

  readonly #onBrakeOff = (): void => {
    this.#isBraked = false
    this.#goOn()
  }

  #goOn(): void {
    if (this.#isPaused || this.#isBraked || this.#isOver) return
    this.#idle.refresh()
    this.#pace.wait(performance.now())
    this.#request.resume()
  }

  readonly #onEnd = (): void => {
    this.#flush()
    this.stop()
    this.#control.end()
  }

  #stalled(): void {
    const { idleMs, fail } = this.#options
    if (this.#isPaused || this.#isBraked) {
      this.#idle.refresh()
      return
    }
    this.stop()
    fail(new SkerryError('bad_request', `The request's body stopped coming for ${idleMs} ms.`, { limit: idleMs }))
  }
}

/** The refusal of a body; sizes in bytes. */
export function bodyTooLarge(limit: number, used: number): SkerryError {
  return new SkerryError('request_too_large', `The request's body is larger than ${limit} bytes.`, { limit, used })
}
