import { shapeInterface } from '../webidl.ts'
import { ChannelEnd } from './channel-end.ts'
import { buildMessagePort } from './message-port.ts'

function buildClasses() {
  const { MessagePort, wrap } = buildMessagePort()

  /** https://html.spec.whatwg.org/#message-channels */
  class MessageChannel {
    readonly #port1: object
    readonly #port2: object

    constructor() {
      const [first, second] = ChannelEnd.createPair()
      this.#port1 = wrap(first)
      this.#port2 = wrap(second)
    }
    get port1(): object {
      return this.#port1
    }
    get port2(): object {
      return this.#port2
    }
  }
  // Ports come out of channels, whether code names their class or not.
  shapeInterface(MessagePort, 'MessagePort')
  return { MessageChannel, MessagePort } as const
}

/** The two classes, built together when either is first asked for. */
const built: { classes: ReturnType<typeof buildClasses> | undefined } = { classes: undefined }

export function buildMessageChannel() {
  built.classes ??= buildClasses()
  return built.classes.MessageChannel
}

export function buildMessagePortInterface() {
  built.classes ??= buildClasses()
  return built.classes.MessagePort
}
