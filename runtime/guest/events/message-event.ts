import { requireArguments, toDictionary, toDomString, toUsvString } from '../webidl.ts'
import { toSequence } from '../webidl/sequences.ts'
import { Event, eventControl } from './event.ts'

/** Tells message ports, which are built on events: the ports' own file sets it. */
export const messagePorts: { isPort: (value: unknown) => value is object } = { isPort: (_value): _value is object => false }

/** https://html.spec.whatwg.org/#messageevent */
export class MessageEvent extends Event {
  #data: unknown
  #origin: string
  #lastEventId: string
  #source: object | null
  #ports: readonly object[]

  constructor(type: unknown, options: unknown = undefined) {
    requireArguments(arguments.length, 1, 'MessageEvent')
    super(type, options)
    const { data = null, lastEventId = '', origin = '', ports = [], source = null } = toDictionary(options, 'MessageEventInit')
    this.#data = data
    this.#lastEventId = toDomString(lastEventId)
    this.#origin = toUsvString(origin)
    this.#ports = toPorts(ports)
    this.#source = toSource(source)
  }
  get data(): unknown {
    return this.#data
  }
  get origin(): string {
    return this.#origin
  }
  get lastEventId(): string {
    return this.#lastEventId
  }
  get source(): object | null {
    return this.#source
  }
  get ports(): readonly object[] {
    return this.#ports
  }

  /** https://html.spec.whatwg.org/#dom-messageevent-initmessageevent */
  initMessageEvent(
    type: unknown, bubbles: unknown = false, cancelable: unknown = false, data: unknown = null,
    origin: unknown = '', lastEventId: unknown = '', source: unknown = null, ports: unknown = [],
  ): void {
    requireArguments(arguments.length, 1, 'initMessageEvent')
    const isDispatching = eventControl(this).dispatching
    const values = { origin: toUsvString(origin), lastEventId: toDomString(lastEventId), source: toSource(source), ports: toPorts(ports) }
    this.initEvent(type, bubbles, cancelable)
    if (isDispatching) return
    this.#data = data
    this.#origin = values.origin
    this.#lastEventId = values.lastEventId
    this.#source = values.source
    this.#ports = values.ports
  }
}

/** MessageEventSource: of its kinds, a function knows ports alone. */
function toSource(value: unknown): object | null {
  if (value === null || value === undefined) return null
  if (!messagePorts.isPort(value)) throw new TypeError('the source of a message is a MessagePort')
  return value
}

function toPorts(value: unknown): readonly object[] {
  return Object.freeze(toSequence(value, 'ports', (port) => {
    if (!messagePorts.isPort(port)) throw new TypeError('ports are MessagePorts')
    return port
  }))
}
