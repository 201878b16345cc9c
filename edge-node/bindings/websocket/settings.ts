import { fixedLimits } from '../../../runtime/bridge/index.ts'

/** How the node speaks the protocol, either way. No extensions: compressed messages could grow on arrival. */
export const protocolSettings = {
  perMessageDeflate: false,
  maxPayload: fixedLimits.webSocketMessageBytes,
  // Each costs the node a multiple of its bytes where it is small.
  maxFragments: 2_048,
  maxBufferedChunks: 32_768,
  // Answered by hand, within what the peer reads: see WireSocket.
  autoPong: false,
  /** What the peer has for its part of the closing handshake. */
  closeTimeout: 10_000,
} as const

/** What the messages of all WebSockets of a node that are not whole yet may hold together. */
export const unfinishedBytesMax = 256 * 1024 * 1024
/** What a piece of one costs besides its bytes while it is held, and how many bytes of the wire a piece has at least. */
export const pieceOverheadBytes = 256
export const pieceBytesMin = 3

export const handshakeTimeoutMs = 30_000
/** How long a peer may leave what was sent to it unread. */
export const unreadMsMax = 60_000
