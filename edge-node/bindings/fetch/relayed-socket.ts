import { SkerryError } from '../../../errors/index.ts'
import { encodeClosePayload, encodeMessage, type MessageEvents, MessageKind, MessageParser } from '../../../runtime/bridge/index.ts'
import type { RequestControl, RunnableVersion } from '../../../runtime/supervisor/index.ts'
import type { BytesHolder, HeldBytes } from '../held-bytes.ts'
import type { OpenSocket } from '../websocket/index.ts'
import type { TransportEvents } from './transport.ts'
import type { UnfinishedRelays } from './unfinished-relays.ts'

export interface RelayedSocketOptions {
  readonly caller: RunnableVersion
  readonly called: RunnableVersion
  readonly control: RequestControl
  readonly events: TransportEvents
  readonly unfinished: UnfinishedRelays
  /** Called when both have closed, or with an error where what passes is no messages, or too much of one that is not whole. */
  readonly onOver: (error: SkerryError | undefined) => void
}

/** A WebSocket between two functions of this node: messages pass as they stand, watched for the closes. */
export class RelayedSocket implements OpenSocket {
  readonly versionKey: string
  readonly account: string
  readonly #control: RequestControl
  readonly #events: TransportEvents
  readonly #onOver: (error: SkerryError | undefined) => void
  readonly #toCaller: Direction
  readonly #fromCaller: Direction

  constructor({ caller, called, control, events, unfinished, onOver }: RelayedSocketOptions) {
    this.versionKey = called.key
    this.account = called.account
    this.#control = control
    this.#events = events
    this.#onOver = (error) => {
      this.leave()
      onOver(error)
    }
    const giveUp = (): void => this.#onOver(new SkerryError('overloaded', 'The function has too many messages that are not whole yet.'))
    this.#toCaller = new Direction(called.account, unfinished.of(caller), giveUp)
    this.#fromCaller = new Direction(caller.account, unfinished.of(called), giveUp)
  }

  /** Nothing passes any more. */
  leave(): void {
    this.#toCaller.leave()
    this.#fromCaller.leave()
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

class Direction implements MessageEvents, BytesHolder {
  readonly account: string
  readonly giveUp: () => void
  isClosed = false
  readonly #held: HeldBytes
  readonly #parser = new MessageParser(this)
  #kind: MessageKind = MessageKind.binary
  #isWithin = false
  #isLeft = false

  /** @param account of the function that sends @param held counts for the one that receives */
  constructor(account: string, held: HeldBytes, giveUp: () => void) {
    this.account = account
    this.#held = held
    this.giveUp = giveUp
  }

  leave(): void {
    this.#isLeft = true
    this.#held.clear(this)
  }

  /** False for what follows a close, and where the socket is over. Throws a RangeError where these are no messages. */
  pass(chunk: Uint8Array): boolean {
    if (this.isClosed || this.#isLeft) return false
    this.#parser.push(chunk)
    return !this.#isLeft
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
  onPiece(piece: Uint8Array): void {
    // Passed on as it stands.
    if (!this.#isLeft) this.#held.add(this, piece.length)
  }
  onEnd(): void {
    this.#isWithin = false
    this.#held.clear(this)
    if (this.#kind === MessageKind.close) this.isClosed = true
  }
}
