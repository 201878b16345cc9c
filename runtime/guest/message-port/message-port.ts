import { DOMException } from '../dom-exception.ts'
import { Event, EventHandlers, EventTarget, fireEvent, MessageEvent, messagePorts } from '../events/index.ts'
import { cloneWithTransfer, defineTransferable, notTransferable, toTransferList } from '../structured-clone/index.ts'
import { requireArguments, toDictionary } from '../webidl.ts'
import { isObject, iteratorMethod } from '../webidl/sequences.ts'
import type { ChannelEnd } from './channel-end.ts'

const token = Symbol('MessagePort')

/** What builds the class MessagePort, and the function that wraps an end of a channel in one. */
export function buildMessagePort() {
  /** https://html.spec.whatwg.org/#message-ports */
  class MessagePort extends EventTarget {
    /** Undefined once it was transferred. */
    #end: ChannelEnd | undefined
    readonly #handlers = new EventHandlers(this)

    constructor(key: unknown = undefined, end: ChannelEnd | undefined = undefined) {
      if (key !== token) throw new TypeError('Illegal constructor')
      super()
      if (end !== undefined) this.#hold(end)
    }

    /** https://html.spec.whatwg.org/#message-port-post-message-steps */
    postMessage(message: unknown, options: unknown = undefined): void {
      const end = this.#end
      requireArguments(arguments.length, 1, 'postMessage')
      const transfer = toTransfer(options)
      if (transfer.includes(this)) throw new DOMException('A port can not be sent through itself', 'DataCloneError')
      const { clone, received } = cloneWithTransfer(message, transfer)
      const ports = received.filter(isMessagePort)
      // What is sent through the other end of its own channel is lost with it.
      if (end === undefined || ports.some((port) => port.#end !== undefined && end.isPeerOf(port.#end))) return
      end.post({ data: clone, ports })
    }

    start(): void {
      this.#end?.start()
    }

    close(): void {
      this.#end?.close()
    }

    get onmessage(): object | null {
      return this.#handlers.of('message').callback
    }
    /** Setting it starts the port. */
    set onmessage(value: unknown) {
      this.#handlers.of('message').callback = value
      this.#end?.start()
    }
    get onmessageerror(): object | null {
      return this.#handlers.of('messageerror').callback
    }
    set onmessageerror(value: unknown) {
      this.#handlers.of('messageerror').callback = value
    }
    get onclose(): object | null {
      return this.#handlers.of('close').callback
    }
    set onclose(value: unknown) {
      this.#handlers.of('close').callback = value
    }

    #hold(end: ChannelEnd): void {
      this.#end = end
      end.attach({
        receive: ({ data, ports }) => void fireEvent(this, new MessageEvent('message', { data, ports })),
        peerClosed: () => void fireEvent(this, new Event('close')),
      })
    }

    static {
      messagePorts.isPort = (value): value is MessagePort => isObject(value) && #end in value
      defineTransferable((port) => {
        if (!isMessagePort(port)) return undefined
        const end = port.#end
        if (end === undefined) throw notTransferable()
        const receiver = new MessagePort(token)
        const commit = (): void => {
          port.#end = undefined
          receiver.#hold(end)
        }
        return { receiver, commit }
      })
    }
  }
  const isMessagePort = (value: object): value is MessagePort => messagePorts.isPort(value)
  return { MessagePort, wrap: (end: ChannelEnd) => new MessagePort(token, end) }
}

/** The second argument of `postMessage`: a sequence, or StructuredSerializeOptions. */
function toTransfer(options: unknown): object[] {
  if (isObject(options) && iteratorMethod(options) !== undefined) return toTransferList(options)
  const { transfer = [] } = toDictionary(options, 'StructuredSerializeOptions')
  return toTransferList(transfer)
}
