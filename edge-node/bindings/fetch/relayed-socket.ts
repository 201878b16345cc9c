import { SkerryError } from '../../../errors/index.ts'
import { encodeClosePayload, encodeMessage, type MessageEvents, MessageKind, MessageParser } from '../../../runtime/bridge/index.ts'
import type { RequestControl } from '../../../runtime/supervisor/index.ts'
import type { OpenSocket } from '../websocket/index.ts'
import type { TransportEvents } from './transport.ts'

/** A WebSocket between two functions of this node: messages pass as they stand, watched for the closes. */
export class RelayedSocket implements OpenSocket {
  readonly versionKey: string
  readonly #control: RequestControl
  readonly #events: TransportEvents
  readonly #onOver: (error: SkerryError | undefined) => void
  readonly #toCaller = new Direction()
  readonly #fromCaller = new Direction()

  /** `onOver` is called when both have closed, or with an error where what passes is no messages. */
  constructor(versionKey: string, control: RequestControl, events: TransportEvents, onOver: (error: SkerryError | undefined) => void) {
    this.versionKey = versionKey
    this.#control = control
    this.#events = events
    this.#onOver = onOver
  }

  get isClosed(): boolean {
    return this.#toCaller.isClosed && this.#fromCaller.isClosed
  }

  /** False asks the called function to wait. */
  toCaller(chunk: Uint8Array): boolean {
    if (!this.#passes(this.#toCaller, chunk)) return true
    const goesOn = this.#events.onChunk(chunk)
    this.#endIfClosed()
    return goesOn
  }

  /** Whether the called function is to get it. */
  fromCaller(chunk: Uint8Array): boolean {
    if (!this.#passes(this.#fromCaller, chunk)) return false
    // It gets the chunk before the end of the body.
    queueMicrotask(() => this.#endIfClosed())
    return true
  }

  goAway(): void {
    const [answer, message] = [this.#toCaller.closeHere(), this.#fromCaller.closeHere()]
    if (answer === undefined || message === undefined) {
      this.#onOver(new SkerryError('subrequest_failed', 'The called function goes away.'))
      return
    }
    this.#events.onChunk(answer)
    this.#control.write(message)
    this.#onOver(undefined)
  }

  #passes(direction: Direction, chunk: Uint8Array): boolean {
    try {
      return direction.pass(chunk)
    } catch (cause) {
      this.#onOver(new SkerryError('subrequest_failed', 'What was sent is no WebSocket message.', { cause }))
      return false
    }
  }

  #endIfClosed(): void {
    if (this.isClosed) this.#onOver(undefined)
  }
}

const goingAway = 1001

class Direction implements MessageEvents {
  isClosed = false
  readonly #parser = new MessageParser(this)
  #kind: MessageKind = MessageKind.binary
  #isWithin = false

  /** False for what follows a close. Throws a RangeError where these are no messages. */
  pass(chunk: Uint8Array): boolean {
    if (this.isClosed) return false
    this.#parser.push(chunk)
    return true
  }

  /** A close that may be put here; undefined where a message is not through yet, or one was closed with. */
  closeHere(): Uint8Array | undefined {
    if (this.#isWithin || this.isClosed) return undefined
    this.isClosed = true
    return encodeMessage(MessageKind.close, encodeClosePayload(goingAway, new Uint8Array(0)))
  }

  onStart(kind: MessageKind): void {
    this.#kind = kind
    this.#isWithin = true
  }
  onPiece(): void {
    // Passed on as it stands.
  }
  onEnd(): void {
    this.#isWithin = false
    if (this.#kind === MessageKind.close) this.isClosed = true
  }
}
