import { HostOperation } from '../../bridge/index.ts'
import { CloseEvent, dispatch, ErrorEvent, Event, eventControl, type EventTarget, MessageEvent } from '../events/index.ts'
import { callHost } from '../host.ts'
import { describeThrown } from '../report-exception.ts'
import { queueMicrotask } from '../timers/index.ts'
import { URL } from '../url/index.ts'
import type { MessageSink } from './message-sink.ts'

/** What its socket tells and does. */
export interface SocketEventsOwner {
  /** Messages are shown only while it is open. */
  isOpen(): boolean
  toBinary(bytes: Uint8Array<ArrayBuffer>): unknown
  /** The peer has closed; the event follows. */
  onClose(code: number, reason: string): void
  /** The connection broke, or is broken off with this code; the events follow. */
  onLost(code?: number): void
}

/** https://encoding.spec.whatwg.org/#utf-8-decode-without-bom-or-fail, as flags of the operation `textDecode`. */
const fatalWithoutBom = 3

/** Fires the events of a socket: what comes in ends here. https://websockets.spec.whatwg.org/#feedback-from-the-protocol */
export class SocketEvents implements MessageSink {
  readonly isHolding = false
  readonly backlogBytes = 0
  onRelease: (() => void) | undefined
  readonly #target: EventTarget & { readonly url: string }
  /** Whether events come in promise jobs of their own instead of at once. */
  readonly #isLater: boolean
  readonly #owner: SocketEventsOwner
  #origin: string | undefined
  #isOver = false

  constructor(target: EventTarget & { readonly url: string }, isLater: boolean, owner: SocketEventsOwner) {
    this.#target = target
    this.#isLater = isLater
    this.#owner = owner
  }

  open(): void {
    this.#fire(new Event('open'))
  }

  message(isText: boolean, bytes: Uint8Array<ArrayBuffer>): void {
    this.#run(() => {
      // 1. If ready state is not OPEN (1), then return.
      if (this.#isOver || !this.#owner.isOpen()) return
      const data = isText ? callHost(HostOperation.textDecode, 0, bytes, 'utf-8', fatalWithoutBom) : this.#owner.toBinary(bytes)
      if (data === undefined) {
        this.#lose(new TypeError('A text message is not valid UTF-8'), 1007)
        return
      }
      this.#origin ??= this.#target.url === '' ? '' : new URL(this.#target.url).origin
      this.#fire(new MessageEvent('message', { data, origin: this.#origin }))
    })
  }

  close(code: number, reason: string): void {
    this.#run(() => {
      if (this.#isOver) return
      this.#isOver = true
      this.#owner.onClose(code, reason)
      this.#fire(new CloseEvent('close', { wasClean: true, code, reason }))
    })
  }

  lose(error: unknown): void {
    this.#run(() => this.#lose(error))
  }

  #lose(error: unknown, code?: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.onLost(code)
    if (error !== undefined) this.#fire(new ErrorEvent('error', { error, message: describeThrown(error).message }))
    this.#fire(new CloseEvent('close', { wasClean: false, code: 1006, reason: '' }))
  }

  #run(step: () => void): void {
    if (this.#isLater) queueMicrotask(step)
    else step()
  }

  #fire(event: Event): void {
    eventControl(event).trusted = true
    dispatch(this.#target, event)
  }
}
