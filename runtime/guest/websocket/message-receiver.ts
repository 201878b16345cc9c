import { decodeClosePayload, fixedLimits, HostOperation, type MessageEvents, messageCreditBytes, MessageKind, MessageParser } from '../../bridge/index.ts'
import { joinBytes } from '../bytes.ts'
import { decodeUtf8 } from '../encoding/index.ts'
import { callHost } from '../host.ts'
import type { MessageSink } from './message-sink.ts'

/**
 * Puts messages together from the body that flows towards the guest.
 *
 * Invariants: what a chunk cost, its bytes and what stands besides them, is given back as credit once, when the sink takes what it brought; a
 * message is kept only as far as it came. The node is as little believed as any peer: another function may stand behind it.
 */
export class MessageReceiver implements MessageEvents {
  readonly #exchangeId: number
  readonly #parser = new MessageParser(this)
  readonly #sink: MessageSink
  #kind: MessageKind = MessageKind.binary
  #pieces: Uint8Array[] = []
  #withheldBytes = 0
  #isOver = false

  constructor(exchangeId: number, sink: MessageSink) {
    this.#exchangeId = exchangeId
    this.#sink = sink
    sink.onRelease = () => this.#giveCredit(0)
  }

  /** Whether the peer has closed, or is lost. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Throws a RangeError where these are no messages. */
  push(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#parser.push(chunk)
    this.#giveCredit(chunk.length + messageCreditBytes)
  }

  /** No close came: `error` tells why, where it failed. */
  lose(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#pieces = []
    this.#sink.lose(error)
  }

  onStart(kind: MessageKind, length: number): void {
    if (length > fixedLimits.webSocketMessageBytes) throw new RangeError('The message is too large')
    this.#kind = kind
  }

  onPiece(piece: Uint8Array): void {
    this.#pieces.push(piece)
  }

  onEnd(): void {
    if (this.#isOver) return
    const bytes = joinBytes(this.#pieces)
    this.#pieces = []
    if (this.#kind !== MessageKind.close) {
      this.#sink.message(this.#kind === MessageKind.text, bytes)
      return
    }
    const { code, reason } = decodeClosePayload(bytes)
    this.#isOver = true
    this.#sink.close(code, decodeUtf8(reason))
  }

  #giveCredit(bytes: number): void {
    this.#withheldBytes += bytes
    if (this.#withheldBytes === 0 || this.#isOver || this.#sink.isHolding) return
    callHost(HostOperation.credit, this.#exchangeId, this.#withheldBytes)
    this.#withheldBytes = 0
  }
}
