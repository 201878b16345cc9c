import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { SkerryError } from '../../../errors/index.ts'
import {
  decodeClosePayload, encodeClosePayload, encodeMessage, fixedLimits, isCloseCode, type MessageEvents, MessageKind, MessageParser,
} from '../../../runtime/bridge/index.ts'
import type { BytesHolder, HeldBytes } from '../held-bytes.ts'
import { pieceBytesMin, pieceOverheadBytes, protocolSettings, unreadMsMax } from './settings.ts'

/** Called in order; nothing follows `onOver`. */
export interface WireEvents {
  /** Messages as an exchange's body has them, a small one in a chunk of its own. False asks to wait for `resume`. */
  onBytes(chunk: Uint8Array): boolean
  /** What was written is on its way, after `write` answered false. */
  onDrain(): void
  /** The connection is over: after a close, or with the error that took its place. */
  onOver(error: SkerryError | undefined): void
}

/** Up to here a message and its header travel in one chunk. */
const singleChunkBytesMax = 64 * 1024

/**
 * A WebSocket on the network, as the body of an exchange either way.
 *
 * Invariants: what a function sends goes out in fragments as it comes, so that none of its messages is held here; a message that comes in
 * is held until it is whole, and no further is read while the function does not take more. Pings are answered only while the peer reads.
 */
export class WireSocket implements MessageEvents, BytesHolder {
  readonly account: string
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #events: WireEvents
  readonly #unfinished: HeldBytes
  readonly #parser = new MessageParser(this)
  readonly #beat: NodeJS.Timeout
  #unread: NodeJS.Timeout | undefined
  #kind: MessageKind = MessageKind.binary
  #left = 0
  #closePayload: Uint8Array[] = []
  #bytesHeard = 0
  /** Of the message that comes in, at most: what its pieces are can not be seen. */
  #pieces = 0
  #isPinged = false
  #isOver = false

  /** `socket` is what carries `webSocket`, which is open; `account` is the one whose function has the other end. */
  constructor(webSocket: WebSocket, socket: Socket, account: string, unfinished: HeldBytes, events: WireEvents) {
    this.account = account
    this.#webSocket = webSocket
    this.#unfinished = unfinished
    this.#socket = socket
    this.#events = events
    webSocket.on('message', (data: Buffer, isBinary) => this.#onMessage(data, isBinary))
    webSocket.on('ping', (data) => {
      if (!socket.writableNeedDrain) webSocket.pong(data)
    })
    webSocket.on('close', (code, reason) => this.#onClose(code, reason))
    webSocket.on('error', (cause) => this.#finish(new SkerryError('subrequest_failed', `The WebSocket failed: ${cause.message}.`, { cause })))
    socket.on('drain', this.#onSocketDrain)
    // Before ws, which may find a message whole in it.
    socket.prependListener('data', this.#onSocketData)
    this.#beat = setInterval(() => this.#onBeat(), fixedLimits.webSocketPingMs)
    this.#beat.unref()
  }

  /** Sends what a function wrote. False asks to wait for `onDrain`. What is no messages ends the connection. */
  write(chunk: Uint8Array): boolean {
    if (this.#isOver) return true
    try {
      this.#parser.push(chunk)
    } catch (cause) {
      this.close(1011, '')
      this.#finish(new SkerryError('uncaught_exception', 'The function sent what is no WebSocket message.', { cause }))
      return true
    }
    if (!this.#socket.writableNeedDrain) return true
    this.#unread ??= setTimeout(() => this.terminate(new SkerryError('bad_request', 'The peer does not read.')), unreadMsMax)
    return false
  }

  /** Goes on reading after `onBytes` answered false. */
  resume(): void {
    if (!this.#isOver) this.#webSocket.resume()
  }

  /** Begins the closing handshake. */
  close(code: number | undefined, reason: string | Uint8Array): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return
    if (code === undefined) this.#webSocket.close()
    else this.#webSocket.close(code, typeof reason === 'string' ? reason : Buffer.from(reason))
    // Its answer would not be read otherwise.
    this.#webSocket.resume()
  }

  /** Breaks the connection off. */
  terminate(error: SkerryError | undefined): void {
    this.#finish(error)
    this.#webSocket.terminate()
  }

  giveUp(): void {
    this.close(1013, '')
    this.terminate(new SkerryError('overloaded', 'The node holds too many unfinished messages.'))
  }

  /** No event follows; what was begun is ended in peace. */
  leave(): void {
    this.#isOver = true
    this.#stop()
  }

  onStart(kind: MessageKind, length: number): void {
    this.#kind = kind
    this.#left = length
    if (kind === MessageKind.close) this.#closePayload = []
    else if (length === 0) this.#send(new Uint8Array(0))
  }

  onPiece(piece: Uint8Array): void {
    this.#left -= piece.length
    if (this.#kind === MessageKind.close) this.#closePayload.push(piece)
    else this.#send(piece)
  }

  onEnd(): void {
    if (this.#kind !== MessageKind.close) return
    const { code, reason } = decodeClosePayload(Buffer.concat(this.#closePayload))
    if (code !== 1005 && !isCloseCode(code)) throw new RangeError('a code that no close may have')
    this.close(code === 1005 ? undefined : code, reason)
  }

  #send(piece: Uint8Array): void {
    if (this.#webSocket.readyState !== WebSocket.OPEN) return
    this.#webSocket.send(piece, { binary: this.#kind === MessageKind.binary, fin: this.#left === 0, compress: false })
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#unfinished.clear(this)
    this.#pieces = 0
    // What comes after it has closed would not be shown to it.
    if (this.#isOver || this.#webSocket.readyState !== WebSocket.OPEN) return
    const kind = isBinary ? MessageKind.binary : MessageKind.text
    const goesOn = data.length <= singleChunkBytesMax ? this.#events.onBytes(encodeMessage(kind, data)) : this.#passLarge(kind, data)
    if (!goesOn) this.#webSocket.pause()
  }

  /** Without a copy of the payload. */
  #passLarge(kind: MessageKind, data: Buffer): boolean {
    const header = encodeMessage(kind, new Uint8Array(0))
    new DataView(header.buffer).setUint32(1, data.length, true)
    this.#events.onBytes(header)
    return this.#isOver || this.#events.onBytes(data)
  }

  /** 1006 stands for a connection that ended without a close. */
  #onClose(code: number, reason: Buffer): void {
    if (this.#isOver) return
    if (code === 1006) {
      this.#finish(new SkerryError('subrequest_failed', 'The connection broke off.'))
      return
    }
    this.#events.onBytes(encodeMessage(MessageKind.close, encodeClosePayload(code === 1005 ? undefined : code, reason)))
    this.#finish(undefined)
  }

  readonly #onSocketData = (chunk: Buffer): void => {
    const pieces = Math.min(this.#pieces + Math.ceil(chunk.length / pieceBytesMin), protocolSettings.maxFragments)
    const added = pieces - this.#pieces + 1
    this.#pieces = pieces
    this.#unfinished.add(this, chunk.length + added * pieceOverheadBytes)
  }

  readonly #onSocketDrain = (): void => {
    clearTimeout(this.#unread)
    this.#unread = undefined
    if (!this.#isOver) this.#events.onDrain()
  }

  /** A peer that says nothing is asked whether it is still there. One that is not read can not answer. */
  #onBeat(): void {
    const isQuiet = this.#socket.bytesRead === this.#bytesHeard && !this.#webSocket.isPaused
    this.#bytesHeard = this.#socket.bytesRead
    if (!isQuiet) {
      this.#isPinged = false
    } else if (this.#isPinged) {
      this.terminate(new SkerryError('subrequest_failed', 'The peer answers no ping.'))
    } else if (this.#webSocket.readyState === WebSocket.OPEN) {
      this.#isPinged = true
      this.#webSocket.ping()
    }
  }

  #finish(error: SkerryError | undefined): void {
    if (this.#isOver) return
    this.leave()
    this.#events.onOver(error)
  }

  #stop(): void {
    clearInterval(this.#beat)
    clearTimeout(this.#unread)
    this.#socket.off('drain', this.#onSocketDrain)
    this.#socket.off('data', this.#onSocketData)
    this.#unfinished.clear(this)
  }
}
