/**
 * Messages of a WebSocket in the two bodies of its exchange: `u8 kind | u32 length | payload`, little endian. Text is UTF-8. A close has no
 * payload, or a code (u16, big endian) and a reason, as in RFC 6455; it is the last of its direction. Bodies are cut anywhere.
 */
export const MessageKind = {
  text: 1,
  binary: 2,
  close: 8,
} as const
export type MessageKind = (typeof MessageKind)[keyof typeof MessageKind]

const messageHeaderBytes = 5
/** https://www.rfc-editor.org/rfc/rfc6455#section-5.5: code and reason. */
const closePayloadBytesMax = 125

/** A message with its header. */
export function encodeMessage(kind: MessageKind, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(messageHeaderBytes + payload.length)
  frame[0] = kind
  new DataView(frame.buffer).setUint32(1, payload.length, true)
  frame.set(payload, messageHeaderBytes)
  return frame
}

/** The payload of a close. `code` undefined gives none. */
export function encodeClosePayload(code: number | undefined, reason: Uint8Array): Uint8Array<ArrayBuffer> {
  if (code === undefined) return new Uint8Array(0)
  const payload = new Uint8Array(2 + reason.length)
  payload[0] = code >> 8
  payload[1] = code & 0xff
  payload.set(reason, 2)
  return payload
}

/** Code and reason of a close. 1005 stands for no code. */
export function decodeClosePayload(payload: Uint8Array): { readonly code: number; readonly reason: Uint8Array } {
  if (payload.length < 2) return { code: 1005, reason: new Uint8Array(0) }
  return { code: ((payload[0] ?? 0) << 8) | (payload[1] ?? 0), reason: payload.subarray(2) }
}

/** https://www.rfc-editor.org/rfc/rfc6455#section-7.4: what may stand in a close. */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
}

/** Called for each message in order: its start, its payload in pieces, its end. */
export interface MessageEvents {
  onStart(kind: MessageKind, length: number): void
  /** Views of what was pushed. */
  onPiece(piece: Uint8Array): void
  onEnd(): void
}

/** Takes a body apart into messages without holding on to their payload. Believes nothing. */
export class MessageParser {
  readonly #events: MessageEvents
  readonly #header = new Uint8Array(messageHeaderBytes)
  #headerBytes = 0
  #left = 0

  constructor(events: MessageEvents) {
    this.#events = events
  }

  /** Throws a RangeError where the bytes are no messages. */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#headerBytes < messageHeaderBytes) {
        this.#header[this.#headerBytes++] = chunk[at++] ?? 0
        if (this.#headerBytes === messageHeaderBytes) this.#start()
        continue
      }
      const piece = chunk.subarray(at, at + this.#left)
      at += piece.length
      this.#left -= piece.length
      this.#events.onPiece(piece)
      if (this.#left === 0) this.#end()
    }
  }

  #start(): void {
    const kind = this.#header[0]
    const length = new DataView(this.#header.buffer).getUint32(1, true)
    if (kind !== MessageKind.text && kind !== MessageKind.binary && kind !== MessageKind.close) throw new RangeError('a message of no kind')
    if (kind === MessageKind.close && (length === 1 || length > closePayloadBytesMax)) throw new RangeError('a close that is none')
    this.#left = length
    this.#events.onStart(kind, length)
    if (length === 0) this.#end()
  }

  #end(): void {
    this.#headerBytes = 0
    this.#events.onEnd()
  }
}
