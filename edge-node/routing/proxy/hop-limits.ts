import { fixedLimits } from '../../../runtime/bridge/index.ts'

/** Limits of the hop. Time-outs stand just above the longest a function may ask for (`wallMs`, `idleMs`: 900 s). */
export const hopLimits = {
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 905_000,
  bodyTimeoutMs: 905_000,
  /** What a function may answer with, and what nodes add to it. */
  headBytes: fixedLimits.responseHeadBytes + 16 * 1024,
  /** Nothing passed on a WebSocket, though nodes ping. */
  socketIdleMs: 120_000,
  /** For the close frames to pass where this end of a WebSocket goes. */
  goodbyeMs: 1_000,
  /** Requests at a time to one node; above it the next nearest is tried. Each holds a connection. */
  inFlightMax: 8_192,
  /** Connections to one node that are being made at a time. */
  connectingMax: 128,
  /** A kept connection ends before the node would end it (65 s, which nodes tell), so that no request meets one that closes. */
  idleMs: 10_000,
  idleMsMax: 60_000,
  /** One that carried nothing yet: nodes wait 10 s for a first head. */
  unusedMs: 8_000,
  /** The system asks after a silent peer, and gives up ten unanswered seconds later. */
  probeAfterMs: 5_000,
  /** Without a connection for so long the next node is asked as well (RFC 8305, section 5); without a head, how the node is. */
  patienceMs: 250,
} as const
