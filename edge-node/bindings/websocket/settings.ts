import { fixedLimits } from '../../../runtime/bridge/index.ts'

/** How the node speaks the protocol, either way. No extensions: compressed messages could grow on arrival. */
export const protocolSettings = {
  perMessageDeflate: false,
  maxPayload: fixedLimits.webSocketMessageBytes,
  // Answered by hand, within what the peer reads: see WireSocket.
  autoPong: false,
  /** What the peer has for its part of the closing handshake. */
  closeTimeout: 10_000,
} as const

export const handshakeTimeoutMs = 30_000
/** How long a peer may leave what was sent to it unread. */
export const unreadMsMax = 60_000
