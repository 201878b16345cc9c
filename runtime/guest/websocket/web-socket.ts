import { isCloseCode } from '../../bridge/index.ts'
import { blobBytes, blobFromBytes, isBlob } from '../blob/index.ts'
import { DOMException } from '../dom-exception.ts'
import { encodeUtf8 } from '../encoding/index.ts'
import { EventHandlers, EventTarget } from '../events/index.ts'
import { copyOfBytes } from '../primordials.ts'
import { queueMicrotask } from '../timers/index.ts'
import { requireArguments, toDomString, toUsvString } from '../webidl.ts'
import { connectWebSocket } from './connector.ts'
import type { Inbox } from './inbox.ts'
import type { MessageSink } from './message-sink.ts'
import { parseProtocols, parseSocketUrl } from './socket-address.ts'
import { SocketEvents } from './socket-events.ts'

const readyStates = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const
type ReadyState = (typeof readyStates)[keyof typeof readyStates]
type BinaryType = 'blob' | 'arraybuffer'

const reasonBytesMax = 123

/** What a socket that no constructor opened is made of: an end of a pair, or what `fetch` brought. */
export interface SocketEnd {
  readonly inbox: Inbox
  readonly outbox: MessageSink
  readonly protocol: string
}

/** What the rest of the guest may do to a socket that code of the function may not. */
export interface SocketControl {
  /** The handshake succeeded. */
  open(outbox: MessageSink, inbox: Inbox, protocol: string): void
  /** There was no handshake, or it failed. */
  fail(error: unknown): void
  /** Throws a TypeError where its messages belong to somebody already. */
  requireFree(): void
  /** From now on what comes in goes to `taker`; the answer is where what goes out has to go. */
  takeOver(taker: MessageSink): MessageSink
}

const access: { control?: (value: unknown) => SocketControl | undefined; create?: (end: SocketEnd) => WebSocket } = {}
const token = Symbol('WebSocket')

/** https://websockets.spec.whatwg.org/#the-websocket-interface, and `accept` of Cloudflare Workers for sockets that no constructor opened. */
export class WebSocket extends EventTarget {
  static readonly CONNECTING = readyStates.CONNECTING
  static readonly OPEN = readyStates.OPEN
  static readonly CLOSING = readyStates.CLOSING
  static readonly CLOSED = readyStates.CLOSED

  readonly #url: string
  /** Undefined for a socket that the constructor opened. */
  readonly #end: SocketEnd | undefined
  #state: ReadyState
  /** Whose the messages are: nobody's yet, this object's, or another connection's. */
  #use: 'free' | 'accepted' | 'taken'
  #outbox: MessageSink | undefined
  #protocol = ''
  #binaryType: BinaryType = 'blob'
  /** Bytes that left in this turn: they count until its end. */
  #turnBytes = 0
  /** Bytes that never left. */
  #lostBytes = 0
  #abort: (() => void) | undefined
  readonly #handlers = new EventHandlers(this)

  /** https://websockets.spec.whatwg.org/#dom-websocket-websocket */
  constructor(url: unknown, protocols?: unknown, end?: unknown) {
    super()
    if (url === token) {
      const { protocol, outbox } = end as SocketEnd
      this.#end = end as SocketEnd
      this.#url = ''
      this.#state = readyStates.OPEN
      this.#use = 'free'
      this.#outbox = outbox
      this.#protocol = protocol
      this.#binaryType = 'arraybuffer'
      return
    }
    requireArguments(arguments.length, 1, 'WebSocket')
    this.#url = parseSocketUrl(url)
    this.#state = readyStates.CONNECTING
    this.#use = 'accepted'
    const wanted = parseProtocols(protocols)
    this.#abort = connectWebSocket(this.#url, wanted, access.control?.(this) as SocketControl)
  }

  get url(): string {
    return this.#url
  }
  get readyState(): ReadyState {
    return this.#state
  }
  get bufferedAmount(): number {
    return this.#turnBytes + this.#lostBytes + (this.#outbox?.backlogBytes ?? 0)
  }
  get extensions(): string {
    return (this.#url, '')
  }
  get protocol(): string {
    return this.#protocol
  }
  get binaryType(): BinaryType {
    return this.#binaryType
  }
  set binaryType(value: unknown) {
    const type = toDomString(value)
    // Written in any case: the private field is what refuses a wrong receiver.
    this.#binaryType = type === 'blob' || type === 'arraybuffer' ? type : this.#binaryType
  }

  get onopen(): unknown {
    return this.#handlers.of('open').callback
  }
  set onopen(value: unknown) {
    this.#handlers.of('open').callback = value
  }
  get onerror(): unknown {
    return this.#handlers.of('error').callback
  }
  set onerror(value: unknown) {
    this.#handlers.of('error').callback = value
  }
  get onclose(): unknown {
    return this.#handlers.of('close').callback
  }
  set onclose(value: unknown) {
    this.#handlers.of('close').callback = value
  }
  get onmessage(): unknown {
    return this.#handlers.of('message').callback
  }
  set onmessage(value: unknown) {
    this.#handlers.of('message').callback = value
  }

  /** As on Cloudflare Workers: events begin, and messages may be sent. Throws a TypeError where the socket is not one's own to accept. */
  accept(): void {
    const end = this.#end
    if (end === undefined) throw new TypeError('A WebSocket that the constructor opened needs no accept()')
    if (this.#use === 'taken') throw new TypeError('The WebSocket was handed on and can not be accepted any more')
    if (this.#use === 'accepted') return
    this.#use = 'accepted'
    // Code attaches its listeners after it has accepted, so that what waits must not come before the call is over.
    end.inbox.attach(this.#createEvents(true))
  }

  /** https://websockets.spec.whatwg.org/#dom-websocket-send */
  send(data: unknown): void {
    requireArguments(arguments.length, 1, 'send')
    const bytes = toBytes(data)
    const isText = bytes === undefined
    const payload = bytes ?? encodeUtf8(toUsvString(data))
    if (this.#state === readyStates.CONNECTING) throw new DOMException('The WebSocket is not open yet', 'InvalidStateError')
    if (this.#use !== 'accepted') throw new TypeError('Call accept() on the WebSocket before sending')
    const outbox = this.#outbox
    if (this.#state !== readyStates.OPEN || outbox === undefined) {
      this.#lostBytes += payload.length
      return
    }
    const before = outbox.backlogBytes
    outbox.message(isText, payload)
    const left = payload.length - (outbox.backlogBytes - before)
    if (this.#turnBytes === 0 && left > 0) queueMicrotask(() => (this.#turnBytes = 0))
    this.#turnBytes += Math.max(left, 0)
  }

  /** https://websockets.spec.whatwg.org/#dom-websocket-close. A socket of the server may use every code that RFC 6455 lets it send. */
  close(code: unknown = undefined, reason: unknown = undefined): void {
    const status = code === undefined ? undefined : clampToUnsignedShort(code)
    const text = reason === undefined ? '' : toUsvString(reason)
    if (status !== undefined) {
      const isAllowed = this.#end === undefined ? status === 1000 || (status >= 3000 && status <= 4999) : isCloseCode(status)
      if (!isAllowed) throw new DOMException(`${status} is not a code that code may close a WebSocket with`, 'InvalidAccessError')
    }
    if (encodeUtf8(text).length > reasonBytesMax) throw new DOMException(`The reason is longer than ${reasonBytesMax} bytes`, 'SyntaxError')
    if (this.#use !== 'accepted') throw new TypeError('Call accept() on the WebSocket before closing it')
    if (this.#state === readyStates.CONNECTING) {
      this.#state = readyStates.CLOSING
      queueMicrotask(() => this.#abort?.())
    } else if (this.#state === readyStates.OPEN) {
      this.#state = readyStates.CLOSING
      this.#outbox?.close(status ?? (text === '' ? 1005 : 1000), text)
    }
  }

  #createEvents(isLater: boolean): SocketEvents {
    return new SocketEvents(this, isLater, {
      isOpen: () => this.#state === readyStates.OPEN,
      toBinary: (bytes) => (this.#binaryType === 'blob' ? blobFromBytes(bytes, '') : bytes.buffer),
      onClose: (code, reason) => {
        if (this.#state === readyStates.OPEN) this.#outbox?.close(code, reason)
        this.#settle()
      },
      onLost: (code) => {
        if (code !== undefined) this.#outbox?.close(code, '')
        this.#settle()
      },
    })
  }

  /** The connection is over. */
  #settle(): void {
    this.#state = readyStates.CLOSED
    this.#lostBytes += this.#outbox?.backlogBytes ?? 0
    this.#outbox = undefined
    this.#abort = undefined
  }

  static {
    for (const [name, value] of Object.entries(readyStates)) {
      const descriptor = { value, enumerable: true, writable: false, configurable: false }
      Object.defineProperty(this, name, descriptor)
      Object.defineProperty(this.prototype, name, descriptor)
    }
    Object.defineProperty(this, 'length', { value: 1, configurable: true })
    access.create = (end) => new WebSocket(token, undefined, end)
    access.control = (value) => {
      if (typeof value !== 'object' || value === null || !(#state in value)) return undefined
      const socket = value
      return {
        open(outbox, inbox, protocol) {
          socket.#outbox = outbox
          socket.#protocol = protocol
          if (socket.#state === readyStates.CONNECTING) socket.#state = readyStates.OPEN
          const events = socket.#createEvents(false)
          events.open()
          inbox.attach(events)
        },
        fail(error) {
          socket.#createEvents(false).lose(error)
        },
        requireFree() {
          if (socket.#use !== 'free') throw new TypeError('The WebSocket was accepted or handed on already')
        },
        takeOver(taker) {
          socket.#use = 'taken'
          const end = socket.#end as SocketEnd
          end.inbox.attach(taker)
          return end.outbox
        },
      }
    }
  }
}

/** What stands behind a WebSocket; undefined where the value is none. */
export function socketControlOf(value: unknown): SocketControl | undefined {
  return access.control?.(value)
}

/** A socket that code has to accept, or hand on. */
export function createSocket(end: SocketEnd): WebSocket {
  if (access.create === undefined) throw new TypeError('not initialised')
  return access.create(end)
}

/** Undefined for what is sent as text. */
function toBytes(data: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  return isBlob(data) ? blobBytes(data) : copyOfBytes(data)
}

/** https://webidl.spec.whatwg.org/#Clamp for `unsigned short`: rounds half to even. */
function clampToUnsignedShort(value: unknown): number {
  const number = Math.min(Math.max(Number(value), 0), 65_535)
  if (Number.isNaN(number)) return 0
  const floor = Math.floor(number)
  const fraction = number - floor
  return fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
