import { HostOperation } from '../../bridge/index.ts'
import { callHost } from '../host.ts'
import { Inbox } from './inbox.ts'
import { MessageReceiver } from './message-receiver.ts'
import { MessageSender } from './message-sender.ts'

/**
 * A WebSocket's connection by way of an exchange whose answer was 101: both of its bodies carry messages.
 *
 * Invariant: `onOver` is called once, when the host is done with it or it was broken off, whatever the reason; nothing is sent after it.
 */
export class SocketLink {
  /** What comes in; somebody has to take it. */
  readonly inbox = new Inbox()
  readonly sender: MessageSender
  readonly #exchangeId: number
  readonly #receiver: MessageReceiver
  readonly #onOver: () => void
  #isOver = false

  constructor(exchangeId: number, onOver: () => void) {
    this.#exchangeId = exchangeId
    this.#onOver = onOver
    this.#receiver = new MessageReceiver(exchangeId, this.inbox)
    this.sender = new MessageSender(exchangeId, () => this.#breakOff(undefined))
  }

  receiveChunk(bytes: Uint8Array): void {
    if (this.#isOver) return
    try {
      this.#receiver.push(bytes)
    } catch (error) {
      this.#breakOff(error)
    }
  }

  receiveCredit(bytes: number): void {
    this.sender.grant(bytes)
  }

  /** The host is done with it. `error` where it failed and no close had come. */
  end(error: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.sender.stop()
    this.#receiver.lose(error)
    this.#onOver()
  }

  /** Either side is not to be gone on with. */
  #breakOff(error: unknown): void {
    if (this.#isOver) return
    callHost(HostOperation.reset, this.#exchangeId, 'aborted', false)
    this.end(error)
  }
}
